"""How torch's threads on a CPU wait for each other."""

import os
from typing import Final

_SPINS: Final = "3000"
"""Turns of libgomp's waiting loop, some 0.2 ms; by itself it takes a hundred times as many."""


def sleep_when_waiting_long() -> None:
    """Let OpenMP's threads sleep when they wait long; call it before torch is imported.

    Between two operations they wait for each other, and turn round and round for it. That is
    right for the microseconds between most of them. But where something else needs a core -
    the dashboard to answer a key, a checkpoint to be written, another program - one of them
    has to wait for that core, and by libgomp's default the others keep all other cores busy
    with waiting for up to fifteen milliseconds, at every operation again.

    Computes the same bits. What a person has set stays. libgomp comes with torch on Linux;
    elsewhere this changes nothing.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
