"""What is to be run and where it goes, and what a viewer may expect of whoever runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from mnist_tui.config import TrainConfig
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.session import Session


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """One run that has not started: its settings and its place on disk."""

    config: TrainConfig = field(default_factory=TrainConfig)
    runs_dir: Path = Path("runs")
    """The parent of the run's directory."""
    name: str | None = None
    """The run directory's name; None: made from the time and the recipe at the start."""
    resume: bool = False
    """Whether to go on with the run of that name, from its last checkpoint."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Settings of a resumed run to be changed, by TrainConfig's names."""
    is_shown: bool = False
    """Whether the run of that name is only shown as it stands on disk, not trained."""
    checkpoint: str | None = None
    """The file, in the run's checkpoints, that a resumed run goes on from; None: last.pt."""


class Runner(Protocol):
    """A run that can be started once, watched and steered: the engine's, or a test's."""

    plan: RunPlan
    session: Session

    def run(self) -> None:
        """Train to the end. Blocks; call it once, on a thread of its own.

        Raises nothing: whatever happens, the session's last event is one RunEnded.
        """

    def ask(self, question: InferenceRequest) -> InferenceFuture:
        """Let the model read images: the live one, or that of the last checkpoint.

        Any thread; returns at once. The reply gets an MnistTuiError where there is no model yet.
        """


MakeRunner = Callable[[RunPlan], Runner]
"""How a viewer gets a runner for each run; cheap, imports no torch."""
