"""The states of a run, and the one table of what may follow what."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """The state of a run."""

    READY = "ready"
    """Made, not started."""
    LOADING = "loading"
    """Importing torch, loading the dataset, building the model."""
    RUNNING = "running"
    """Training or validating."""
    PAUSED = "paused"
    """Waiting at a batch boundary, using no CPU and no GPU."""
    STOPPING = "stopping"
    """Saving the last checkpoint before the end."""
    FINISHED = "finished"
    """All epochs are done."""
    STOPPED = "stopped"
    """Ended by request; it can be resumed."""
    FAILED = "failed"
    """Ended by an error; the last good checkpoint is kept."""

    @property
    def is_over(self) -> bool:
        """Whether the run has ended and no event will follow."""
        return self in OVER

    @property
    def is_live(self) -> bool:
        """Whether a training thread is at work, or waiting, for this run."""
        return self is not State.READY and self not in OVER


OVER: Final = frozenset({State.FINISHED, State.STOPPED, State.FAILED})
"""The states of a run that has ended."""

TRANSITIONS: Final[Mapping[State, frozenset[State]]] = {
    State.READY: frozenset({State.LOADING}),
    # A run that is only shown never runs.
    State.LOADING: frozenset(
        {State.RUNNING, State.STOPPING, State.STOPPED, State.FINISHED, State.FAILED}
    ),
    State.RUNNING: frozenset({State.PAUSED, State.STOPPING, State.FINISHED, State.FAILED}),
    State.PAUSED: frozenset({State.RUNNING, State.STOPPING, State.FAILED}),
    # A run that has finished waits here where it cannot be saved yet.
    State.STOPPING: frozenset({State.STOPPED, State.FINISHED, State.FAILED}),
    State.FINISHED: frozenset(),
    State.STOPPED: frozenset(),
    State.FAILED: frozenset(),
}
"""Each state with the states that may follow it."""
