"""Handing a live run over to a process without a terminal."""

import logging
import threading
from typing import Final

from mnist_tui.errors import UsageError
from mnist_tui.process.successor import Successor, SuccessorError
from mnist_tui.run.events import HandOverFailed
from mnist_tui.run.plan import ResumedRun
from mnist_tui.run.requests import Detach, Infer
from mnist_tui.run.session import Session
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.writer import RunWriter

log: Final = logging.getLogger(__name__)

LIMIT_S: Final = 10.0
"""How long training stands still for a process that is about to take over, at most."""


class HandedOver(Exception):  # noqa: N818 - a way out of the training loops, not an error
    """Another process trains the run from here on. Training thread."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid
        """The other process."""


class HandOver:
    """Hands one run over, once the process that takes it is ready.

    That loads torch and the dataset while training goes on here. A process that fails, dies or
    takes too long changes nothing: a HandOverFailed says why. process/predecessor.py has the
    other side.
    """

    def __init__(
        self, directory: RunDirectory, session: Session, writer: RunWriter, notify: str = ""
    ) -> None:
        self._notify = notify
        """The user's command at the run's end."""
        self._directory = directory
        self._session = session
        self._writer = writer
        self._lock = threading.Lock()
        self._successor: Successor | None = None
        self._thread: threading.Thread | None = None
        """Starts the successor and waits until it is ready."""
        self.is_ready = False
        """Whether the other process only waits for the run to stand still. Any thread."""
        self._is_closed = False

    def begin(self) -> None:
        """Start the other process, unless it is started; it asks to Detach again when ready."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._start, name="hand-over", daemon=True)
            try:
                self._thread.start()
            except RuntimeError as error:  # no more threads may be started
                self._give_up(str(error))

    def _start(self) -> None:
        """Start it and wait until it is ready. A thread of its own."""
        directory = self._directory
        try:
            plan = ResumedRun(
                name=directory.name,
                runs_dir=directory.path.parent,
                config=directory.read_config(),
                notify=self._notify,
            )
            with self._lock:
                if self._is_closed:
                    return
                successor = self._successor = Successor(plan, directory.lock.descriptor)
            log.info("process %s is to take the run over", successor.pid)
            successor.wait_for("ready")
        except (SuccessorError, UsageError) as error:
            self._give_up(str(error))
        except Exception as error:
            log.exception("the hand-over broke")
            self._give_up(f"{type(error).__name__}: {error}")
        else:
            self.is_ready = True
            self._session.mailbox.put(Detach())

    def complete(self, *, is_paused: bool) -> None:
        """Let the other process, which is ready, go on. The training thread, at a boundary.

        The caller has handed a checkpoint of this boundary to the writer. Returns when the run
        goes on in this process.

        Args:
            is_paused: Whether the run is to be paused there.

        Raises:
            HandedOver: When it goes on in the other one. Nothing is written here any more.
        """
        successor, self.is_ready = self._successor, False
        assert successor is not None
        try:
            self._write_all()
            successor.send({"stopped": {"is_paused": is_paused}})
            successor.wait_for("restored", LIMIT_S)
            successor.send({"train": True})
            # Without a limit: it may have begun, and goes on unless it is dead.
            successor.wait_for("training")
        except SuccessorError as error:
            self._writer.release()
            self._give_up(str(error))
            return
        self._writer.close()
        log.info("process %s trains the run now", successor.pid)
        raise HandedOver(successor.pid)

    def _write_all(self) -> None:
        """Have everything on disk, and leave the files alone.

        Raises:
            SuccessorError: When something could not be written.
        """
        if not self._writer.hold():
            problems = (
                f"{path} could not be written: {reason}"
                for path, reason in self._writer.unsaved.items()
            )
            assert self._successor is not None
            self._successor.kill()
            raise SuccessorError(next(problems, "the files belong to another process"))

    def pass_on_requests(self) -> None:
        """Send the other process what was requested here too late. No more may be requested."""
        successor, self._successor = self._successor, None
        assert successor is not None
        while (request := self._session.mailbox.take()) is not None:
            if isinstance(request, Infer):
                request.future.cancel()
            else:
                successor.send_request(request)
        successor.let_go()

    def _give_up(self, reason: str) -> None:
        """Forget the other process, which is dead, so that another one may be started."""
        log.warning("the run was not handed over: %s", reason)
        with self._lock:
            successor, self._successor, self._thread = self._successor, None, None
            is_closed = self._is_closed
        if successor is not None:
            successor.let_go()
        if not is_closed:
            self._session.emit(HandOverFailed(message=reason))

    def close(self) -> None:
        """End a process that waits for a run that has ended. The training thread."""
        with self._lock:
            self._is_closed = True
            successor, thread = self._successor, self._thread
            if successor is not None:
                successor.kill()
        if thread is not None:
            thread.join()
        if successor is not None:
            successor.let_go()
