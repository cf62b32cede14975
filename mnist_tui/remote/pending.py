"""Requests that wait until the run's events show that they were honored, and those events."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from mnist_tui import formatting
from mnist_tui.run import events
from mnist_tui.run.answers import name_of
from mnist_tui.run.progress import Progress
from mnist_tui.run.protocol import Done, Failed
from mnist_tui.run.requests import Adjust, Pause, Request, Resume, Save, Stop
from mnist_tui.run.state import State

MOST_EVENTS: Final = 1_000
"""Events that wait for a client; one that is further behind gets their fold instead."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An accepted request."""

    id: int
    request: Request
    epochs: int
    """The run's epochs when it was accepted."""

    def outcome(self, event: events.Event, progress: Progress) -> Done | Failed | None:
        """What became of the request if `event` shows it; None: that is still open.

        Args:
            event: Emitted after the request was accepted.
        """
        if isinstance(event, events.SaveFailed) and isinstance(self.request, Save):
            return Failed(f"could not save {event.path}: {event.message}")
        done = self._describe(event)
        if done is not None:
            return Done(done, progress.epoch, progress.batch)
        if isinstance(event, events.RunEnded):
            return Failed(f"cannot {name_of(self.request)}: the run ended first: {event.message}")
        return None

    def _describe(self, event: events.Event) -> str | None:
        """What the request did, if `event` shows it to be honored."""
        match self.request, event:
            case Pause(), events.StateChanged(state=State.PAUSED):
                return "paused"
            case Resume(), events.StateChanged(state=State.RUNNING):
                return "training continues"
            case Stop(), events.RunEnded():
                return event.message
            case Save(), events.CheckpointSaved(reason=events.SaveReason.MANUAL):
                return f"saved {event.path}"
            case Adjust(lr=float()), events.LearningRateChanged():
                rates = (formatting.learning_rate(lr) for lr in (event.lr, event.previous))
                return "learning rate {}, before {}".format(*rates)
            case Adjust(lr=None), events.SettingsChanged():
                epochs = formatting.counted(event.epochs, "epoch")
                return f"{epochs}, before {event.previous_epochs}"
            case _:
                return None

    @property
    def is_done_already(self) -> bool:
        """Whether the run was like that before, so that no event will follow."""
        changes = self.request.changes if isinstance(self.request, Adjust) else None
        return changes == {"epochs": self.epochs}


class Inbox:
    """What the session has emitted for one client, in order, between the requests of that client.

    Bounded: a client that is further behind gets the fold instead.
    """

    def __init__(self) -> None:
        self.items: Final[deque[events.Event | Pending]] = deque()
        """A request stands where it was made: events from before say nothing of it."""
        self.is_over = False
        """Whether events were left out."""

    def add(self, event: events.Event) -> None:
        """Put an event in. Any thread."""
        if len(self.items) < MOST_EVENTS:
            self.items.append(event)
        else:
            self.is_over = True
