"""Where the runs of a sweep are trained: what its scheduler asks for, wherever that may be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mnist_tui.run.plan import TrainedRun
from mnist_tui.run.requests import Save, Stop


@dataclass(frozen=True)
class Ended:
    """A run is over, and all of its files are in its directory."""

    name: str
    """As in its plan."""
    exit_code: int | None
    """Its process's, as errors.py has them; 0 or 128 + n where it was stopped. None where the
    process, or its machine, was lost: the run goes on from its last checkpoint, if it is begun
    again."""
    message: str = ""
    """What there is to say of it, in one line; the reason where it failed."""


class Executor(Protocol):
    """Trains runs, several at a time, in other processes. Knows nothing of a grid. One thread.

    What a run writes goes to its directory, `plan.runs_dir / plan.name`, where it is live to every
    viewer as any run is, if it is trained on this machine.
    """

    @property
    def room(self) -> int:
        """How many more runs can be begun now; may change as machines come and go."""

    def start(self, plan: TrainedRun) -> None:
        """Begin a run, or resume one that was interrupted; returns at once.

        Its name is unlike those of all runs that are going. Whatever becomes of it, `wait` says
        so once.
        """

    def wait(self, limit_s: float) -> Sequence[Ended]:
        """The runs that have ended since the last call; waits for one if there is none."""

    def send(self, request: Stop | Save) -> None:
        """Have every run that is going honor a request; `wait` says when they have ended."""

    def close(self) -> None:
        """Give back what it holds; runs that are still going go on without it, if they can."""
