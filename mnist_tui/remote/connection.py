"""A client's end of a run's socket: found, checked, and greeted within three seconds."""

import os
import platform
import select
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

from mnist_tui.errors import UsageError
from mnist_tui.remote.address import HAS_SOCKETS, check_folder, find_addresses
from mnist_tui.remote.listener import is_own
from mnist_tui.run.codec import WireError
from mnist_tui.run.protocol import CONTRACT, OLDEST_CONTRACT, Compressed, Greeting
from mnist_tui.run.requests import Answer
from mnist_tui.run.wire import LONGEST_BYTES, Decoder, Message, encode
from mnist_tui.store.directory import RunDirectory
from mnist_tui.version import __version__

PATIENCE_S: Final = 3.0
"""How long a run's process may take to answer before a client gives up."""

_NO_SOCKET: Final = "it has no socket; it may be of an older release, which has none"
_CHUNK: Final = 64 * 1024
_AGAIN_S: Final = 0.05
"""From one look for a socket to the next: a process that has just begun makes it soon."""


class ConnectionLostError(Exception):
    """The other end has gone, or talks nonsense."""


class RefusedError(UsageError):
    """The other end has said why it does not serve this client; to ask again changes nothing."""


class Connection:
    """A greeted connection to the process that trains a run. One thread at a time."""

    def __init__(self, connection: socket.socket, patience_s: float = PATIENCE_S) -> None:
        """Exchange greetings.

        Args:
            connection: Connected, to a process of this user.
            patience_s: How long the other end may take.

        Raises:
            ConnectionLostError: When the other end does not greet in time.
        """
        self._socket: Final = connection
        self._decoder = Decoder()
        self._numbers = count(1)
        self._early: list[Message] = []
        """What came with the greeting."""
        self.greeting: Final = self._exchange_greetings(patience_s)

    def _exchange_greetings(self, patience_s: float) -> Greeting:
        greeting = Greeting(
            contract=CONTRACT,
            oldest=OLDEST_CONTRACT,
            release=__version__,
            pid=os.getpid(),
            host=platform.node(),
        )
        with suppress(ConnectionLostError):  # it has said why, if it has closed already
            self.send(greeting)
        until_s = time.monotonic() + patience_s
        while (left_s := until_s - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left_s)[0]:
                break
            self._early += self.receive()
            match self._early:
                case [Message(value=Greeting() as first), *rest]:
                    self._early = rest
                    return first
                case [Message(value=Answer(is_accepted=False, message=reason)), *_]:
                    raise RefusedError(reason)
                case [_, *_]:
                    raise ConnectionLostError("it does not speak as a run of mnist-tui does")
        raise ConnectionLostError(
            f"it did not answer within {round(patience_s, 1):g} s: it may be stopped"
        )

    def fileno(self) -> int:
        """The socket's descriptor, to wait for what is to be received."""
        return self._socket.fileno()

    @property
    def has_early(self) -> bool:
        """Whether something came with the greeting, which is not to be waited for."""
        return bool(self._early)

    def send(self, value: Any) -> int:
        """Send one message. Blocks while the other end takes nothing.

        Returns:
            The message's number, which its answers have too.

        Raises:
            ConnectionLostError: When the other end has gone.
        """
        number = next(self._numbers)
        try:
            self._socket.sendall(encode(value, number))
        except OSError as error:
            raise ConnectionLostError(error.strerror or str(error)) from error
        return number

    def receive(self) -> list[Message]:
        """What has come; waits until something has. It may be less than a message.

        Raises:
            ConnectionLostError: When the other end has gone, or talks nonsense.
        """
        if self._early:
            early, self._early = self._early, []
            return early
        try:
            received = self._socket.recv(_CHUNK)
        except OSError as error:
            raise ConnectionLostError(error.strerror or str(error)) from error
        if not received:
            raise ConnectionLostError("it has closed the connection")
        try:
            return [whole for message in self._decoder.feed(received) for whole in _unpack(message)]
        except WireError as error:
            raise ConnectionLostError(f"it sent {error}") from error

    def close(self) -> None:
        """Leave."""
        self._socket.close()


def _unpack(message: Message) -> Iterator[Message]:
    """The message in a compressed one; any other as it is."""
    if not isinstance(message.value, Compressed):
        yield message
        return
    unpacker = zlib.decompressobj()
    try:
        frame = unpacker.decompress(message.value.frame, LONGEST_BYTES)
    except zlib.error as error:
        raise WireError(f"a compressed message that is damaged: {error}") from error
    yield from Decoder().feed(frame)


def connect(
    directory: RunDirectory, patience_s: float = PATIENCE_S, *, asks_frozen: bool = False
) -> Connection:
    """Connect to the process that trains a run.

    Args:
        patience_s: How long that process may take to answer.
        asks_frozen: Whether it is only asked what processes of every contract understand.

    Raises:
        UsageError: When that cannot be done; it says why, and which side is old.
    """
    if not directory.lock.is_held():
        raise UsageError(f"run {directory.name} is not live: no process trains it")
    if not HAS_SOCKETS:
        raise UsageError(
            f"{_describe_owner(directory)} cannot be attached to: Python has no Unix sockets on "
            "this system"
        )
    connection = _connect(directory, patience_s)
    problem = _describe_mismatch(connection.greeting)
    if problem and not asks_frozen:
        connection.close()
        raise UsageError(f"{_describe_owner(directory)} {problem}")
    return connection


def _connect(directory: RunDirectory, patience_s: float) -> Connection:
    problem = ""
    until_s = time.monotonic() + patience_s
    # Or on this one, which had another name when the run began.
    is_elsewhere = directory.lock.owner.host not in ("", platform.node())
    while True:
        for path in _candidates(directory):
            try:
                return _connect_to(path, max(0.0, until_s - time.monotonic()))
            except FileNotFoundError:
                continue
            except RefusedError as error:
                raise UsageError(
                    f"{_describe_owner(directory)} cannot be attached to: {error}"
                ) from error
            except (OSError, UsageError, ConnectionLostError) as error:
                problem = problem or str(getattr(error, "strerror", None) or error)
        if is_elsewhere or time.monotonic() + _AGAIN_S >= until_s or not directory.lock.is_held():
            break
        # A process that has just begun, or takes the run over from another one.
        time.sleep(_AGAIN_S)
    if not directory.lock.is_held():
        raise UsageError(f"run {directory.name} is not live: its process has just ended")
    if is_elsewhere:
        owner = directory.lock.owner
        raise UsageError(f"run {directory.name} is trained by {owner}: attach to it there")
    raise UsageError(f"{_describe_owner(directory)} cannot be attached to: {problem or _NO_SOCKET}")


def _candidates(directory: RunDirectory) -> Iterator[Path]:
    """Where the socket may be: where the run's files say, and where it would be made."""
    address = Path(directory.read_status().address)
    if address.is_absolute():
        yield address
    yield from find_addresses(directory.path)


def _connect_to(path: Path, patience_s: float) -> Connection:
    """Connect to a socket of this user's.

    Raises:
        OSError: When nothing listens there.
        UsageError: When somebody else could.
        RefusedError: When whoever listens says that it does not serve.
        ConnectionLostError: When whoever listens does not greet.
    """
    check_folder(path.parent)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(max(patience_s, _AGAIN_S))
        connection.connect(str(path))
        if not is_own(connection):
            raise UsageError(f"the process at {path} is another user's")
        connection.settimeout(None)
        return Connection(connection, patience_s)
    except BaseException:
        with suppress(OSError):
            connection.close()
        raise


def _describe_owner(directory: RunDirectory) -> str:
    return f"{directory.lock.owner}, which trains run {directory.name},"


def _describe_mismatch(greeting: Greeting) -> str:
    """Why a process of another contract cannot be attached to; empty when it can."""
    theirs = f"speaks contract {greeting.contract} (release {greeting.release})"
    ours = f"this program contract {CONTRACT} (release {__version__})"
    if greeting.contract < OLDEST_CONTRACT:
        return f"{theirs}, {ours}: the run's process is the older one; attach with its release"
    if greeting.oldest > CONTRACT:
        return f"{theirs}, {ours}: this program is the older one; attach with the newer release"
    return ""
