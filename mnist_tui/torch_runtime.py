"""Importing torch into a process that trains or may train later, and tuning the process for it."""

import atexit
import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_SPIN_COUNT: Final = "3000"
"""Turns of libgomp's waiting loop, some 0.2 ms; its own default is a hundred times as many."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""From glibc's malloc.h."""

_KEPT_BYTES: Final = 1 << 30
"""Blocks up to this size are kept, and so is what is free at the end of the heap."""

_MALLOC_VARIABLES: Final = ("GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")


@contextmanager
def loading_torch() -> Iterator[None]:
    """Import what needs torch inside this block, whoever needs it first. Any thread.

    The first import takes seconds; from then on this does nothing. It also sets what a run wants
    of its process, since some of that cannot be set later.
    """
    if "torch" in sys.modules:
        yield
        return
    sleep_when_waiting_long()
    keep_freed_memory()
    with frozen_after():
        yield


def sleep_when_waiting_long() -> None:
    """Let OpenMP's threads sleep when they wait long; call it before torch is imported.

    Between two operations the threads wait for each other in a busy loop. That is right for the
    microseconds between most operations. But where something else needs a core (the dashboard to
    answer a key, a checkpoint to be written, another program), one thread has to wait for that
    core, and by libgomp's default the others keep all other cores busy with waiting for up to
    fifteen milliseconds, at every operation again.

    Computes the same bits. What the user has set stays. libgomp comes with torch on Linux;
    elsewhere this changes nothing.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPIN_COUNT)


def keep_freed_memory() -> bool:
    """Let the process keep memory that it has freed. Any thread; for the whole process.

    A step frees its activations and the next one wants as much again. glibc gives large blocks
    back to the system at once, which clears each of their pages when it is touched anew: some
    thousand page faults in every step, about a tenth of its time. Kept, the same pages serve
    every step. The process takes no more memory than its hungriest step does.

    Returns:
        Whether it does: what the user has set stays, and without glibc nothing can be set.
    """
    if any(name in os.environ for name in _MALLOC_VARIABLES):
        return False
    try:
        libc = ctypes.CDLL(None)
        mallopt = libc.mallopt
        libc.gnu_get_libc_version  # noqa: B018 - others have a mallopt that knows other numbers
    except (AttributeError, OSError, TypeError):
        return False
    # mallopt returns 1 where it took the value; both must be set.
    taken = [mallopt(option, _KEPT_BYTES) for option in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD)]
    return all(taken)


@contextmanager
def frozen_after() -> Iterator[None]:
    """Import inside this block what stays, and exempt it from garbage collection. Any thread.

    Importing torch makes some hundred thousand objects that live as long as the process. Python
    would scan them now and then for unused cycles: up to a fifth of a second each time, in which
    neither training nor the dashboard goes on, and several times during the import. Objects made
    afterwards are collected as usual.
    """
    if not gc.isenabled():  # somebody else's decision
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        freeze_objects()
        gc.enable()


def freeze_objects() -> None:
    """Exempt all objects made until now from garbage collection, until the process ends."""
    gc.freeze()
    # Else libraries that count what is left at the end would complain of it on the terminal.
    atexit.register(gc.unfreeze)
