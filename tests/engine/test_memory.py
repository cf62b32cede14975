"""What becomes of memory that was freed, in a process of its own."""

import os
import subprocess
import sys

import pytest

from mnist_tui.engine.memory import keep_freed_memory

FAULTS = """
import resource, sys
import numpy as np
from mnist_tui.engine.memory import keep_freed_memory

if "keep" in sys.argv and not keep_freed_memory():
    raise SystemExit(77)

def step():
    for size in (100_000, 3_000_000, 40_000_000):
        np.ones(size, np.uint8)

step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*arguments: str) -> int:
    """Page faults in ten steps that allocate and free the same."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, *arguments], env=kept, capture_output=True, text=True
    )
    if done.returncode == 77:
        pytest.skip("no glibc here, or GLIBC_TUNABLES is set")
    assert not done.returncode, done.stderr
    return int(done.stdout)


def test_the_same_pages_serve_every_step() -> None:
    assert faults("keep") < 100 < faults()


@pytest.mark.parametrize("name", ["GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_"])
def test_what_a_person_has_set_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    assert not keep_freed_memory()
