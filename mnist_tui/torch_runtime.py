"""Importing torch into a process that is to train, or may be asked to later."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mnist_tui.engine.memory import keep_freed_memory, loading_what_stays
from mnist_tui.engine.waiting import sleep_when_waiting_long


@contextmanager
def loading_torch() -> Iterator[None]:
    """Import inside of this what needs torch, whoever is the first to need it. Any thread.

    It takes seconds the first time; from then on this does nothing. What a run wants set for its
    process is set on the way, since some of it can't be set later.
    """
    if "torch" in sys.modules:
        yield
        return
    sleep_when_waiting_long()
    keep_freed_memory()
    with loading_what_stays():
        yield
