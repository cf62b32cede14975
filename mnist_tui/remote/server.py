"""Serves one run on a socket, on a thread of its own: who may come in, and who has gone."""

import logging
import os
import platform
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from mnist_tui.errors import MnistTuiError
from mnist_tui.remote.address import HAS_SOCKETS, make_address
from mnist_tui.remote.framed_socket import Gone
from mnist_tui.remote.inference_turns import InferenceTurns
from mnist_tui.remote.listener import Listener
from mnist_tui.remote.peer import Peer, Services
from mnist_tui.remote.wakes import Wakes
from mnist_tui.run.events import Warned
from mnist_tui.run.machine import MachineSample
from mnist_tui.run.protocol import CONTRACT, OLDEST_CONTRACT, Greeting
from mnist_tui.run.requests import Answer
from mnist_tui.run.session import Session
from mnist_tui.run.wire import encode
from mnist_tui.store.directory import RunDirectory
from mnist_tui.system_monitor import Machine
from mnist_tui.version import __version__

log: Final = logging.getLogger(__name__)

MOST_CLIENTS: Final = 64
CHECK_S: Final = 5.0
"""How often the socket is looked after: whoever tidies temporary files may remove it."""
LAST_S: Final = 1.0
"""How long the run's end waits for clients to take the last event."""


@contextmanager
def serve(session: Session, directory: RunDirectory) -> Iterator[None]:
    """While inside, let other processes of this user watch and steer a run.

    What goes wrong with it is a warning of the run, and never an error.
    """
    server = None
    if HAS_SOCKETS:
        try:
            server = RunServer(session, directory)
            server.start()
        except (OSError, MnistTuiError) as error:
            log.warning("no socket: %s", error)
            session.emit(Warned(message=f"the run cannot be attached to: {error}"))
    try:
        yield
    finally:
        if server is not None:
            server.close()


class RunServer:
    """One thread that waits for sockets. The training thread never touches one.

    Listeners of the session leave events in queues and wake this thread through a pipe.
    """

    def __init__(self, session: Session, directory: RunDirectory) -> None:
        """Bind the run's socket.

        Raises:
            OSError: When the socket cannot be bound.
            UsageError: When there is no safe folder for it.
        """
        self._session, self._directory = session, directory
        greeting = Greeting(
            contract=CONTRACT,
            oldest=OLDEST_CONTRACT,
            release=__version__,
            pid=os.getpid(),
            host=platform.node(),
            run=directory.name,
            directory=str(directory.path),
        )
        self._selector = selectors.DefaultSelector()
        self._listener = Listener(make_address(directory.path))
        self._wakes = Wakes()
        self._peers: dict[Peer, int] = {}
        """The clients, each with what the selector waits for."""
        self._turns = InferenceTurns(session, self._wakes.wake)
        self._sampler = Sampler()
        self._services = Services(
            session, greeting, self._wakes.wake, self._turns.put, self._sampler.put
        )
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="run-server", daemon=True)

    def start(self) -> None:
        """Let clients come in."""
        self._selector.register(self._wakes.end, selectors.EVENT_READ)
        self._selector.register(self._listener.socket, selectors.EVENT_READ)
        self._session.address = str(self._listener.path)
        self._thread.start()

    def close(self) -> None:
        """End once clients have taken the run's last event, or have taken too long."""
        self._is_closing = True
        self._wakes.wake()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._serve()
        except Exception:
            log.exception("the run's server broke; training is not concerned")
        finally:
            self._session.address = ""
            for peer in tuple(self._peers):
                self._forget(peer)
            self._listener.close()
            self._sampler.close()
            self._selector.close()
            self._wakes.close()

    def _serve(self) -> None:
        check_s = time.monotonic() + CHECK_S
        last_s = None
        while True:
            if self._is_closing:
                last_s = last_s or time.monotonic() + LAST_S
                if time.monotonic() >= last_s or not any(peer.has_unsent for peer in self._peers):
                    return
            for key, _ in self._selector.select(self._wait_s(last_s or check_s)):
                self._take(key)
            self._turns.take_turns()
            for peer in tuple(self._peers):
                self._write(peer)
            if time.monotonic() >= check_s:
                check_s = time.monotonic() + CHECK_S
                self._look_after_socket()

    def _wait_s(self, latest_s: float) -> float:
        """Seconds until something is due, if no socket wants anything before."""
        now = time.monotonic()
        due = [peer.due_s for peer in self._peers if peer.due_s is not None]
        turn_s = self._turns.wait_s
        if turn_s is not None:
            due.append(now + turn_s)
        return max(0.0, min((latest_s, *due)) - now)

    def _take(self, key: selectors.SelectorKey) -> None:
        """Take what has come at one end."""
        if key.fileobj is self._wakes.end:
            self._wakes.clear()
        elif key.fileobj is self._listener.socket:
            self._accept()
        elif key.data in self._peers and self._peers[key.data] & selectors.EVENT_READ:
            peer: Peer = key.data
            try:
                peer.read(time.monotonic())
            except Gone as reason:
                self._forget(peer, reason)

    def _accept(self) -> None:
        client = self._listener.accept()
        if client is None:
            return
        if len(self._peers) >= MOST_CLIENTS:
            _refuse(client)
            return
        peer = Peer(client, self._services, time.monotonic())
        self._peers[peer] = selectors.EVENT_READ
        self._selector.register(client, selectors.EVENT_READ, peer)

    def _write(self, peer: Peer) -> None:
        try:
            peer.write(time.monotonic())
        except Gone as reason:
            self._forget(peer, reason)
            return
        wanted = selectors.EVENT_READ if peer.wants_to_read else 0
        if peer.has_unsent:
            wanted |= selectors.EVENT_WRITE
        if wanted != self._peers[peer]:
            self._wait_for(peer, wanted)

    def _wait_for(self, peer: Peer, wanted: int) -> None:
        """Wait for the client to send or to take something; 0: for neither."""
        if self._peers[peer]:
            self._selector.unregister(peer.socket)
        if wanted:
            self._selector.register(peer.socket, wanted, peer)
        self._peers[peer] = wanted

    def _forget(self, peer: Peer, reason: object = "the run has ended") -> None:
        log.debug("a client has gone: %s", reason)
        self._wait_for(peer, 0)
        del self._peers[peer]
        peer.close()

    def _look_after_socket(self) -> None:
        """Make the socket again where somebody has removed or replaced it."""
        if self._listener.is_in_place or self._directory.lock.new_owner is not None:
            return
        try:
            listener = Listener(make_address(self._directory.path))
        except (OSError, MnistTuiError) as error:
            if self._session.address:  # once, and not at each try
                log.warning("the socket is gone and cannot be made again: %s", error)
            self._session.address = ""
            return
        self._selector.unregister(self._listener.socket)
        self._listener.close()
        self._listener = listener
        self._selector.register(listener.socket, selectors.EVENT_READ)
        # Another one, where the folder of the user's session has gone with that session.
        self._session.address = str(listener.path)
        log.warning("the socket was removed and has been made again: %s", listener.path)


def _refuse(client: socket.socket) -> None:
    """Say in place of a greeting that there is no room for one more client."""
    reason = f"{MOST_CLIENTS} others watch it, the most that it serves; wait until one leaves"
    log.debug("a client is refused: %s", reason)
    with client, suppress(OSError):  # it has gone
        client.send(encode(Answer(False, reason)))


class Sampler:
    """Samples the machine for clients, on a thread of its own: a driver may take its time.

    One sample is for all who ask at the same time; the thread begins with the first.
    """

    def __init__(self) -> None:
        self._sample: Final = Machine().sample
        self._waiting: deque[Callable[[MachineSample], None]] = deque()
        self._arrived = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closing = False

    def put(self, reply: Callable[[MachineSample], None]) -> None:
        """Have `reply` called with a sample, on the thread that takes them."""
        with self._arrived:
            self._waiting.append(reply)
            self._arrived.notify()
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="machine-sampler", daemon=True)
                with suppress(RuntimeError):  # no more may be started: the next one who asks tries
                    thread.start()
                    self._thread = thread

    def close(self) -> None:
        """End the thread, once it has its sample."""
        with self._arrived:
            self._is_closing = True
            self._arrived.notify()

    def _work(self) -> None:
        while True:
            with self._arrived:
                self._arrived.wait_for(lambda: self._waiting or self._is_closing)
                if self._is_closing:
                    return
                replies = list(self._waiting)
                self._waiting.clear()
            sample = self._sample()
            for reply in replies:
                reply(sample)
