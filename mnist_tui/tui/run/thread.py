"""One run on its one thread, telling the dashboard what happens."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from textual.message import Message

from mnist_tui.run.events import Event, RunEnded
from mnist_tui.run.plan import Runner
from mnist_tui.run.requests import Answer, Request
from mnist_tui.run.state import State
from mnist_tui.tui.messages import RunEvent, RunThreadEnded

log: Final = logging.getLogger(__name__)


class RunThread:
    """A runner and the plain thread that it runs on.

    The thread posts messages and touches nothing else of the dashboard. It is a daemon only
    so that a dashboard that breaks can't leave the process hanging: every ordinary way out
    asks the run to stop and joins the thread.
    """

    def __init__(self, runner: Runner, post: Callable[[Message], object]) -> None:
        self.runner: Final = runner
        self.session: Final = runner.session
        self.session.waits_for_disk = True
        self.ended: RunEnded | None = None
        """The run's last event, also where the dashboard is gone before it arrives."""
        self._post = post
        self._thread = threading.Thread(target=self._run, name="training", daemon=True)

    def start(self) -> None:
        """Start the thread; once. UI thread."""
        self.session.subscribe(self._tell)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread has started and not ended."""
        return self._thread.is_alive()

    @property
    def state(self) -> State:
        """Where the run stands."""
        return self.session.state

    def request(self, request: Request) -> Answer:
        """Ask the run for something; the answer comes at once. Any thread."""
        return self.session.request(request)

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until the thread has ended. UI thread, or after the dashboard is gone."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        error = ""
        try:
            self.runner.run()
        except BaseException as broken:
            # The runner promises to raise nothing; should it, the dashboard says so.
            log.exception("the training thread broke")
            error = f"{type(broken).__name__}: {broken}"
        self._send(RunThreadEnded(self, error))

    def _tell(self, event: Event) -> None:
        if isinstance(event, RunEnded):
            self.ended = event
        self._send(RunEvent(self, event))

    def _send(self, message: Message) -> None:
        try:
            self._post(message)
        except RuntimeError:
            # The dashboard's event loop is closed: there is nobody left to tell.
            log.debug("nobody heard %r", message)
