"""Wakes a thread that waits for sockets."""

import os
from contextlib import suppress
from io import FileIO
from typing import Final


class Wakes:
    """A pipe: `wake` makes its end readable, for a thread that waits for it with others."""

    def __init__(self) -> None:
        woken, waker = os.pipe()
        for end in (woken, waker):
            os.set_blocking(end, False)
        self.end: Final = FileIO(woken, "r")
        """What to wait for."""
        self._waker: Final = FileIO(waker, "w")

    def wake(self) -> None:
        """Wake the thread. Any thread, and signal handlers; does nothing once closed."""
        with suppress(ValueError, OSError):
            self._waker.write(b"\0")  # None where the pipe is full: it is awake

    def clear(self) -> None:
        """Wait anew. The thread that was woken."""
        self.end.read(4096)

    def close(self) -> None:
        """Give both ends back."""
        self._waker.close()
        self.end.close()
