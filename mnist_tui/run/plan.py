"""The plan of a run, and the protocol of what runs it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from mnist_tui.config import TrainConfig
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.machine import SampleMachine
from mnist_tui.run.session import PastEvent, Session


@dataclass(frozen=True, kw_only=True)
class _Plan:
    config: TrainConfig = field(default_factory=TrainConfig)
    """The run's settings; for viewers alone where the run is on disk, which has its own."""
    runs_dir: Path = Path("runs")
    """The parent of the run's directory."""


@dataclass(frozen=True, kw_only=True)
class NewRun(_Plan):
    """A run to be trained from its first batch."""

    name: str | None = None
    """The run directory's name; None: made from the time and the recipe at the start."""
    notify: str = ""
    """The user's command to be run at its end, for the shell; empty: none."""


@dataclass(frozen=True, kw_only=True)
class _PlanOnDisk(_Plan):
    name: str
    """The run directory's name, or `last` for the newest run."""


@dataclass(frozen=True, kw_only=True)
class ResumedRun(_PlanOnDisk):
    """A run on disk to be trained further, from one of its checkpoints."""

    overrides: Mapping[str, Any] = field(default_factory=dict)
    """The settings to be changed, by TrainConfig's names; `config` has them already."""
    checkpoint: str | None = None
    """The file in the run's checkpoints to start from; None: last.pt."""
    notify: str = ""
    """As in NewRun."""


@dataclass(frozen=True, kw_only=True)
class AttachedRun(_PlanOnDisk):
    """A run that another process trains, to be watched and steered."""

    is_read_only: bool = False
    """Whether to offer nothing that would change or start a run."""


@dataclass(frozen=True, kw_only=True)
class ShownRun(_PlanOnDisk):
    """A run on disk to be shown as it is there, without training it."""

    is_read_only: bool = False
    """As in AttachedRun."""
    model: str | None = None
    """Where the user says that the code of its network is; None: where it was."""


TrainedRun = NewRun | ResumedRun
"""What the engine takes."""

RunPlan = NewRun | ResumedRun | ShownRun | AttachedRun
"""One run that has not started: its settings and its place on disk."""


class Runner(Protocol):
    """What can run a plan once, to be watched and steered through its session."""

    session: Session

    @property
    def plan(self) -> RunPlan:
        """The plan that is run."""

    @property
    def outlives_viewer(self) -> bool:
        """Whether the run goes on, in another process, when this viewer leaves."""

    @property
    def place(self) -> str:
        """The other process that trains the run, in words; empty where it is this one."""

    @property
    def sample_machine(self) -> SampleMachine | None:
        """Samples the machine that trains, where that is another process's; None: this one's."""

    @property
    def afterword(self) -> str:
        """What the user must know that showed after the last event; empty until `run` is over."""

    def past(self) -> Sequence[PastEvent]:
        """What was emitted before this session began, to be logged. Blocks; any thread."""

    def leave(self) -> None:
        """Have `run` return soon, where the run outlives its viewer. Any thread."""

    def run(self) -> None:
        """Train to the end. Blocks; call it once, on a thread of its own.

        Raises nothing: whatever happens, the session's last event is one RunEnded.
        """

    def ask(self, request: InferenceRequest) -> InferenceFuture:
        """Run inference: with the live model, or after the run's end with the last checkpoint's.

        Any thread; returns at once. The future gets an MnistTuiError where there is no model yet.
        """


class LocalRunner:
    """What every Runner answers that does its work in this process."""

    outlives_viewer: Final = False
    place: Final = ""
    sample_machine: Final = None
    afterword: str = ""

    def past(self) -> Sequence[PastEvent]:
        """Nothing: its session has all of it."""
        return ()

    def leave(self) -> None:
        """Do nothing: it is stopped by a request."""


MakeRunner = Callable[[RunPlan], Runner]
"""How a viewer gets a runner for each run; cheap, imports no torch."""
