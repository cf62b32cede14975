"""The plan of a run, and the protocol of what runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mnist_tui.config import TrainConfig
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.session import Session


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """A run to be trained from its first batch."""

    config: TrainConfig = field(default_factory=TrainConfig)
    runs_dir: Path = Path("runs")
    """The parent of the run's directory."""
    name: str | None = None
    """The run directory's name; None: made from the time and the recipe at the start."""


@dataclass(frozen=True, kw_only=True)
class ResumedRun:
    """A run on disk to be trained further, from one of its checkpoints."""

    name: str
    """The run directory's name, or `last` for the newest run."""
    config: TrainConfig = field(default_factory=TrainConfig)
    """Its settings with `overrides`, for viewers; the checkpoint's are what it is trained with."""
    runs_dir: Path = Path("runs")
    """The parent of the run's directory."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """The settings to be changed, by TrainConfig's names."""
    checkpoint: str | None = None
    """The file in the run's checkpoints to start from; None: last.pt."""


@dataclass(frozen=True, kw_only=True)
class ShownRun:
    """A run on disk to be shown as it is there, without training it."""

    name: str
    """The run directory's name, or `last` for the newest run."""
    config: TrainConfig = field(default_factory=TrainConfig)
    """Its settings, for viewers."""
    runs_dir: Path = Path("runs")
    """The parent of the run's directory."""


TrainedRun = NewRun | ResumedRun
"""What the engine takes."""

RunPlan = NewRun | ResumedRun | ShownRun
"""One run that has not started: its settings and its place on disk."""


class Runner(Protocol):
    """What can run a plan once, to be watched and steered through its session."""

    session: Session

    @property
    def plan(self) -> RunPlan:
        """The plan that is run."""

    def run(self) -> None:
        """Train to the end. Blocks; call it once, on a thread of its own.

        Raises nothing: whatever happens, the session's last event is one RunEnded.
        """

    def ask(self, request: InferenceRequest) -> InferenceFuture:
        """Run inference: with the live model, or after the run's end with the last checkpoint's.

        Any thread; returns at once. The future gets an MnistTuiError where there is no model yet.
        """


MakeRunner = Callable[[RunPlan], Runner]
"""How a viewer gets a runner for each run; cheap, imports no torch."""
