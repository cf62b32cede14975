"""Which events pop up, and how often."""

from typing import Any, cast

from textual.app import App

from mnist_tui.run.events import CheckpointSaved, Event, SaveFailed, SaveReason, Warned
from mnist_tui.tui.text.event_text import describe
from mnist_tui.tui.text.toasts import TROUBLE_INTERVAL_S, Toasts

FILES = ("status.json", "insight.npz", "metrics.jsonl", "checkpoints/best.pt")


class Popped:
    """What popped up, by a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.texts: list[str] = []
        self._toasts = Toasts(cast("App[Any]", self), clock=lambda: self.now)

    def notify(self, text: str, **options: Any) -> None:
        """As App has it."""
        self.texts.append(text)

    def tell(self, *events: Event) -> list[str]:
        """Tell of events; what popped up at them."""
        self.texts.clear()
        for event in events:
            said = describe(event)
            assert said is not None
            self._toasts.tell(event, said)
        return self.texts


def failures() -> list[Event]:
    """What a full disk makes of one tick."""
    return [SaveFailed(path=f"runs/a/{name}", message="No space left on device") for name in FILES]


def test_a_full_disk_pops_up_once_whatever_it_does_to_how_many_files() -> None:
    popped = Popped()
    assert popped.tell(*failures()) == ["could not save a/status.json: No space left on device"]
    popped.now += TROUBLE_INTERVAL_S - 1
    assert popped.tell(*failures()) == []
    popped.now += 1
    assert len(popped.tell(*failures())) == 1


def test_other_warnings_and_saves_by_hand_pop_up_beside_it() -> None:
    popped = Popped()
    popped.tell(*failures())
    saved = CheckpointSaved(
        path="runs/a/checkpoints/step-7.pt",
        reason=SaveReason.MANUAL,
        epoch=1,
        batch=7,
        global_batch=7,
        size_bytes=1,
        milliseconds=1.0,
    )
    assert len(popped.tell(Warned(message="runs/a was deleted and is made again"), saved)) == 2
