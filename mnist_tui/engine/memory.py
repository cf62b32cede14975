"""What becomes of memory that was freed, and of objects that never are."""

import atexit
import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""From glibc's malloc.h."""

_KEPT_BYTES: Final = 1 << 30
"""Blocks up to this size are kept, and so is what is free at the end of the heap."""

_ASKED: Final = ("GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")


def keep_freed_memory() -> bool:
    """Let the process keep memory that it has freed. Any thread; for the whole process.

    A step frees its activations and the next one wants as much again. glibc gives large
    blocks back to the system at once, which clears each of their pages when it is touched
    anew: some thousand page faults in every step, about a tenth of its time. Kept, the same
    pages serve every step. The process takes no more memory than its hungriest step does.

    Returns:
        Whether it does: what a person has set stays, and there is nothing to be set without
        glibc.
    """
    if any(name in os.environ for name in _ASKED):
        return False
    try:
        libc = ctypes.CDLL(None)
        mallopt = libc.mallopt
        libc.gnu_get_libc_version  # noqa: B018 - others have a mallopt that knows other numbers
    except (AttributeError, OSError, TypeError):
        return False
    # 1 where it was taken; both are to be asked.
    taken = [mallopt(option, _KEPT_BYTES) for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD)]
    return all(taken)


@contextmanager
def loading_what_stays() -> Iterator[None]:
    """Keep the garbage collector from all that was made before the end of this. Any thread.

    Importing torch makes some hundred thousand objects that live as long as the process. Python
    looks through them now and then, for cycles that nobody needs: up to a fifth of a second each
    time, in which neither training nor the dashboard goes on, and several times during the
    import. What is made afterwards is looked through as ever.
    """
    if not gc.isenabled():  # as somebody wants it
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        leave_alone_what_stays()
        gc.enable()


def leave_alone_what_stays() -> None:
    """Keep the garbage collector from all that was made until now, but for the process's end."""
    gc.freeze()
    # Else libraries that count what is left at the end would complain of it on the terminal.
    atexit.register(gc.unfreeze)
