"""The thread that a run trains on, and what it hands to the dashboard."""

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from mnist_tui.run.events import Event, RunEnded
from mnist_tui.run.plan import Runner
from mnist_tui.run.session import Audience
from mnist_tui.run.state import State

log: Final = logging.getLogger(__name__)


class RunThread(threading.Thread):
    """Runs a runner; has the dashboard called on its own thread, and touches nothing else of it.

    It is a daemon only so that a dashboard that breaks can't leave the process hanging: every
    ordinary way out asks the run to stop and joins the thread.
    """

    def __init__(
        self,
        runner: Runner,
        call_later: Callable[..., object],
        emitted: "Callable[[RunThread, Event], object]",
        ended: "Callable[[RunThread], object]",
    ) -> None:
        """Make a thread that has not started.

        Args:
            runner: What it runs.
            call_later: Has a function called on the UI thread. Any thread.
            emitted: Gets each event, on the UI thread.
            ended: Gets the thread that is about to end, when nothing of its run will follow.
        """
        super().__init__(name="training", daemon=True)
        self.runner: Final = runner
        self._call_later, self._ended = call_later, ended
        self._subscription = runner.session.subscribe(
            lambda event: self._hand_over(emitted, event), audience=Audience.INTERACTIVE
        )
        self.log: Final = self._subscription.log
        """What the run emitted before; the later events are handed over."""

    def run(self) -> None:
        """Run to the end. The new thread."""
        try:
            self.runner.run()
        except BaseException as error:
            # The runner promises to raise nothing and to end its session.
            log.exception("the training thread broke")
            self._end_session(f"the run broke: {type(error).__name__}: {error}")
        self._hand_over(self._ended)

    def close(self) -> None:
        """Go on without the dashboard, which has ended. Any thread."""
        self._subscription.close()

    def _end_session(self, message: str) -> None:
        session = self.runner.session
        if session.state is State.READY:
            session.move(State.LOADING)
        if not session.state.is_over:
            session.end(RunEnded(state=State.FAILED, message=message, exit_code=1))

    def _hand_over(self, take: Callable[..., object], *what: Any) -> None:
        try:
            self._call_later(take, self, *what)
        except RuntimeError:
            log.debug("the dashboard's event loop is closed: %r is dropped", what)
