"""What travels through the dashboard as Textual messages."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from mnist_tui.run.events import Event
from mnist_tui.tui.dashboard.curves import Trace

if TYPE_CHECKING:
    from mnist_tui.tui.run.thread import RunThread


@dataclass
class RunEvent(Message):
    """The run told something; the one way in which events reach the dashboard."""

    run: "RunThread"
    event: Event


@dataclass
class RunThreadEnded(Message):
    """The training thread is about to end: nothing of the run will follow."""

    run: "RunThread"
    error: str = ""
    """What broke, when the runner raised instead of ending the run; else empty."""


@dataclass
class ShutDownAsked(Message):
    """Somebody outside, such as a signal handler, wants the dashboard to end."""


@dataclass
class LogArrived(Message):
    """Records of Python's logging wait in the handler."""


@dataclass
class PreviousFound(Message):
    """There is an earlier run on disk to compare with."""

    trace: Trace
