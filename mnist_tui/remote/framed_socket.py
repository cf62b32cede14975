"""The server's end of a connection: messages that come in, frames that go out."""

import socket
from typing import Final

from mnist_tui.run.codec import WireError
from mnist_tui.run.wire import Decoder, Message

LONGEST_REQUEST_BYTES: Final = 1024 * 1024
PATIENCE_S: Final = 30.0
"""After this time a client that takes nothing is let go."""

_CHUNK: Final = 64 * 1024
_MOST_UNSENT: Final = 1024 * 1024
"""Bytes that wait for a client from which nothing more is read."""


class Gone(Exception):  # noqa: N818 - a way out, not an error
    """The client has closed its end, talks nonsense, or has taken nothing for too long."""


class FramedSocket:
    """A non-blocking socket that is read in messages and written in frames. Never waits."""

    def __init__(self, connection: socket.socket, now_s: float) -> None:
        self.socket: Final = connection
        self._decoder = Decoder(LONGEST_REQUEST_BYTES)
        self._unsent = bytearray()
        self._moved_s = now_s
        """When something was sent last, or nothing was left to send."""

    def read(self) -> list[Message]:
        """What has come.

        Raises:
            Gone: When the connection is of no use any more.
        """
        try:
            received = self.socket.recv(_CHUNK)
        except BlockingIOError:
            return []
        except OSError as error:
            raise Gone(str(error)) from error
        if not received:
            raise Gone("closed")
        try:
            return list(self._decoder.feed(received))
        except WireError as error:
            raise Gone(str(error)) from error

    def put(self, frame: bytes) -> None:
        """Have a frame, or several, sent after those before."""
        self._unsent += frame

    def send(self, now_s: float) -> bool:
        """Send as much as the client takes; whether that was all.

        Raises:
            Gone: When the connection is of no use any more.
        """
        while self._unsent:
            try:
                sent = self.socket.send(memoryview(self._unsent)[:_CHUNK])
            except BlockingIOError:
                if now_s - self._moved_s >= PATIENCE_S:
                    raise Gone(f"has taken nothing for {PATIENCE_S:.0f} s") from None
                return False
            except OSError as error:
                raise Gone(str(error)) from error
            self._moved_s = now_s
            del self._unsent[:sent]
        self._moved_s = now_s
        return True

    @property
    def has_unsent(self) -> bool:
        """Whether the client has not taken all yet."""
        return bool(self._unsent)

    @property
    def is_full(self) -> bool:
        """Whether so much is unsent that nothing more is to be asked for."""
        return len(self._unsent) >= _MOST_UNSENT

    @property
    def patience_ends_s(self) -> float:
        """When a client that takes nothing meanwhile is let go."""
        return self._moved_s + PATIENCE_S
