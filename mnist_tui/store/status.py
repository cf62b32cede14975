"""What status.json says of a run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, get_type_hints

from mnist_tui.run.state import OVER, State
from mnist_tui.store.atomic import read_json

_DIED: Final = "interrupted: its process died before it could say how it ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFile:
    """How far a run is, or how it ended, as its process said last.

    What the file lacks, or has in another form, is as the default says: earlier versions wrote
    less, and a user may have edited it.
    """

    state: str = ""
    """A State; empty where it is not known."""
    message: str = ""
    """How the run ended, in words."""
    saved: bool = True
    """False: the run ended without its last checkpoint on disk."""
    dataset: str = ""
    device: str = ""
    model: str = ""
    """A description of the network."""
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    """In an epoch; 0 where that is not known, as all counts."""
    global_batch: int = 0
    elapsed_s: int | float | None = None
    """Seconds of training."""
    pid: int = 0
    address: str = ""
    """Of the socket at which viewers attach."""
    viewers: int | None = None
    updated: int | float | None = None
    """Unix time of the last sign of life."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file at `path`; all is unknown where there is none."""
        values = read_json(path)
        return cls(**{k: v for k, v in values.items() if isinstance(v, _TYPES.get(k, ()))})

    @property
    def is_over(self) -> bool:
        """Whether the run has said that it has ended."""
        return self.state in OVER

    @property
    def end(self) -> tuple[State, str]:
        """How the run ended, also where its process died before it could say so."""
        state = State(self.state) if self.is_over else State.STOPPED
        return state, self.message or _DIED


_TYPES: Final = get_type_hints(StatusFile)
"""Of its fields, by their names."""
