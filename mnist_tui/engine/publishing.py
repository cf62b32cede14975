"""Snapshots of a run's progress, published for viewers."""

import time
from typing import Final

from mnist_tui.engine.run_state import RunState
from mnist_tui.run.session import Session

_PUBLISH_S: Final = 0.1
"""Losses are read back from the device, and a snapshot published, at most this often."""


class ProgressPublisher:
    """Publishes how far a run is. Training thread only."""

    def __init__(self, session: Session, state: RunState) -> None:
        self.activity = "training"
        """The current activity in words."""
        self.validation_batch = 0
        """Validation batches done after the current epoch's training batches."""
        self._session = session
        self._state = state
        self._due_at = 0.0

    def publish(self, *, waits: bool = True) -> None:
        """Publish a snapshot of this boundary, or of the losses that have been read back."""
        self._state.collect(waits=waits)
        self._due_at = time.perf_counter() + _PUBLISH_S
        self._session.publish(
            self._state.progress(self._session.state, self.activity, self.validation_batch)
        )

    def publish_if_due(self) -> None:
        """Publish what has been read back, where the last snapshot is old enough."""
        if time.perf_counter() >= self._due_at:
            self.publish(waits=False)
