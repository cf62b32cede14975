"""How a process is set up for torch: freed memory, garbage collection, waiting threads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_tui.torch_runtime import keep_freed_memory, sleep_when_waiting_long

FAULTS = """
import resource, sys
import numpy as np
from mnist_tui.torch_runtime import keep_freed_memory

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


@pytest.mark.slow
def test_the_same_pages_serve_every_step() -> None:
    assert faults("keep") < 100 < faults()


@pytest.mark.parametrize("name", ["GLIBC_TUNABLES", "MALLOC_TRIM_THRESHOLD_"])
def test_malloc_settings_of_the_user_stay(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    assert not keep_freed_memory()


STAYS = """
import gc, os, sys
from pathlib import Path
from mnist_tui.config import recipe_config
from mnist_tui.run.plan import NewRun, ShownRun
from mnist_tui.replay import ReplayRunner
from mnist_tui.engine.runner import TrainingRunner

before = gc.get_freeze_count()
runs, data = map(Path, sys.argv[1:])
plan = NewRun(config=recipe_config(epochs=1, data_dir=str(data)), runs_dir=runs)
there = sorted(path.name for path in runs.iterdir())
if there:
    runners = ReplayRunner(ShownRun(name=there[0], runs_dir=runs)), TrainingRunner(plan)
else:
    runners = TrainingRunner(plan), TrainingRunner(plan)
for runner in runners:
    runner.run()
    is_told = "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ
    print(runner.session.state, gc.isenabled(), is_told, gc.get_freeze_count() - before)
print(len(gc.get_objects()))
"""


@pytest.mark.slow
def test_no_collection_looks_through_torch(few_digits: Path, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", STAYS, str(tmp_path), str(few_digits)]
    # This process may have been told already, by another test.
    environment = {k: v for k, v in os.environ.items() if k not in OPENMP_VARIABLES}
    # The first process trains twice; the second shows a run, without torch, and trains one.
    for is_shown in (False, True):
        done = subprocess.run(
            arguments, capture_output=True, text=True, check=True, env=environment
        )
        first, second, collected = done.stdout.splitlines()
        said, frozen = (second if is_shown else first).rsplit(maxsplit=1)
        assert said == "finished True True"
        assert int(frozen) > 100_000 > 10 * int(collected)
        if is_shown:
            assert first == "finished True False 0"
        else:
            # What a second run made and left is not kept.
            assert int(second.split()[-1]) <= int(frozen)


OPENMP_VARIABLES = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


@pytest.fixture
def no_openmp_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OPENMP_VARIABLES:
        monkeypatch.setenv(name, "")  # so that what the test sets is undone
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("no_openmp_settings")
def test_threads_sleep_when_they_wait_long() -> None:
    sleep_when_waiting_long()
    assert int(os.environ["GOMP_SPINCOUNT"]) < 300_000


@pytest.mark.usefixtures("no_openmp_settings")
@pytest.mark.parametrize("name", OPENMP_VARIABLES)
def test_openmp_settings_of_the_user_stay(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "active")
    sleep_when_waiting_long()
    assert {key: os.environ.get(key) for key in OPENMP_VARIABLES if key in os.environ} == {
        name: "active"
    }


@pytest.mark.slow
@pytest.mark.usefixtures("no_openmp_settings")
def test_torch_reads_the_spin_count_when_it_is_imported_afterwards() -> None:
    code = (
        "from mnist_tui.torch_runtime import sleep_when_waiting_long as call; call(); import torch"
    )
    environment = {**os.environ, "OMP_DISPLAY_ENV": "VERBOSE"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    if "GOMP_" not in done.stderr:
        pytest.skip("torch comes with another OpenMP here")
    assert "GOMP_SPINCOUNT = '3000'" in done.stderr
