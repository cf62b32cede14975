"""Events in words."""

from mnist_tui.run.events import (
    CheckpointSaved,
    SaveReason,
    StateChanged,
)
from mnist_tui.run.state import State
from mnist_tui.tui.text.event_text import LogEntry, describe


def test_events_are_described_in_words() -> None:
    saved = CheckpointSaved(
        path="/x/runs/a/checkpoints/last.pt",
        reason=SaveReason.MANUAL,
        epoch=3,
        batch=1204,
        global_batch=4954,
        size_bytes=187_432,
        milliseconds=12.4,
    )
    said = describe(saved)
    assert said is not None
    assert said.text == "saved checkpoints/last.pt · epoch 3, batch 1,204 · 187 kB, 12 ms"
    resumed = StateChanged(state=State.RUNNING, previous=State.PAUSED)
    assert describe(resumed) == LogEntry("resumed")
    assert describe(StateChanged(state=State.FINISHED, previous=State.RUNNING)) is None
