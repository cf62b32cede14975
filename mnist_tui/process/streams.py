"""Standard streams that cannot write every character, or nothing any more."""

import codecs
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

ESCAPED: Final = "mnist-tui-escaped"
"""Error handler of lines: our own marks become ASCII's nearest, all else an escape sequence."""
_NEAREST: Final = str.maketrans(
    {
        **dict.fromkeys("–—‑−", "-"),
        **dict.fromkeys("·•★●", "*"),
        **dict.fromkeys("‘’", "'"),
        **dict.fromkeys("“”", '"'),
        **{"…": "...", "→": "->", "←": "<-", "≠": "!=", "×": "x", "✓": "+", "✗": "x"},
    }
)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_NEAREST)
    return text.encode("ascii", "backslashreplace").decode(), error.end


codecs.register_error(ESCAPED, _escape)


def prepare_streams() -> None:
    """Let no character that stdout's or stderr's encoding lacks end the program.

    Where they are closed, nothing that is opened later takes their place, into which libraries
    would write their warnings.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free, which is this one
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=ESCAPED)


def is_terminal(stream: TextIO | None) -> bool:
    """Find out whether `stream` is a terminal; one that is closed or missing is none."""
    try:
        return stream is not None and stream.isatty()
    except (ValueError, OSError):
        return False


def screen_stream() -> TextIO | None:
    """What the dashboard draws on: standard error, or standard output where errors go to a file."""
    return sys.__stderr__ if is_terminal(sys.__stderr__) else sys.__stdout__


def is_in_page() -> bool:
    """Find out whether textual-serve shows this process in a web page, in place of a terminal."""
    return bool(os.environ.get("TEXTUAL_DRIVER"))


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


def say(text: str, stream: TextIO) -> None:
    """Print a line, unless the stream has nobody any more to read it."""
    try:
        print(text, file=stream, flush=True)
    except OSError:
        give_up(stream)


def let_go_of_terminal() -> None:
    """Lead every descriptor nowhere that belongs to the terminal of 0, 1 and 2. Any thread.

    Files and pipes stay. Whoever waits for the terminal's last user, as sshd does, waits no longer.
    """
    # One that has hung up is no terminal any more for isatty, but still that device.
    terminals = {device for number in (0, 1, 2) if (device := _device_of(number)) is not None}
    nowhere = os.open(os.devnull, os.O_RDWR)
    try:
        numbers = [int(path.name) for path in Path("/dev/fd").iterdir()]
    except OSError:
        numbers = [0, 1, 2]
    for number in numbers:
        if number != nowhere and _device_of(number) in terminals:
            with suppress(OSError):
                os.dup2(nowhere, number)
    os.close(nowhere)


def _device_of(descriptor: int) -> int | None:
    """The character device that a descriptor belongs to; None when it is something else."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return None
    return status.st_rdev if stat.S_ISCHR(status.st_mode) else None
