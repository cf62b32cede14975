"""The thread that a run trains on, and what it posts to the dashboard."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from textual.message import Message

from mnist_tui.run.events import Event, RunEnded
from mnist_tui.run.plan import Runner
from mnist_tui.run.session import Audience
from mnist_tui.run.state import State

log: Final = logging.getLogger(__name__)


class RunThread(threading.Thread):
    """Runs a runner; posts messages and touches nothing else of the dashboard.

    It is a daemon only so that a dashboard that breaks can't leave the process hanging: every
    ordinary way out asks the run to stop and joins the thread.
    """

    @dataclass
    class Emitted(Message):
        """The run emitted an event; the one way in which events reach the dashboard."""

        thread: "RunThread"
        event: Event

    @dataclass
    class Ended(Message):
        """The thread is about to end: nothing of its run will follow."""

        thread: "RunThread"

    def __init__(self, runner: Runner, post: Callable[[Message], object]) -> None:
        super().__init__(name="training", daemon=True)
        self.runner: Final = runner
        self._post = post
        self._subscription = runner.session.subscribe(
            lambda event: self._send(self.Emitted(self, event)), audience=Audience.INTERACTIVE
        )
        self.log: Final = self._subscription.log
        """What the run emitted before; the later events are posted."""

    def run(self) -> None:
        """Run to the end. The new thread."""
        try:
            self.runner.run()
        except BaseException as error:
            # The runner promises to raise nothing and to end its session.
            log.exception("the training thread broke")
            self._end_session(f"the run broke: {type(error).__name__}: {error}")
        self._send(self.Ended(self))

    def stop_posting(self) -> None:
        """Go on without the dashboard, which has ended. Any thread."""
        self._subscription.close()

    def _end_session(self, message: str) -> None:
        session = self.runner.session
        if session.state is State.READY:
            session.move(State.LOADING)
        if not session.state.is_over:
            session.end(RunEnded(state=State.FAILED, message=message, exit_code=1))

    def _send(self, message: Message) -> None:
        try:
            self._post(message)
        except RuntimeError:
            log.debug("the dashboard's event loop is closed: %r is dropped", message)
