"""Standard streams that nothing can be written to any more."""

import os
from contextlib import suppress
from typing import TextIO


def give_up(stream: TextIO) -> None:
    """Send what is still to come on `stream` nowhere, and what it still holds.

    Python flushes the standard streams at its exit, and would fail on them once more.
    """
    with suppress(OSError):  # a stream of a test has no descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
