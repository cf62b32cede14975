"""How long torch's threads keep a core busy with waiting."""

import os
import subprocess
import sys

import pytest

from mnist_tui.engine.waiting import sleep_when_waiting_long

ASKED = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ASKED:
        monkeypatch.setenv(name, "")  # so that what the test sets is undone
        monkeypatch.delenv(name)


def test_threads_are_told_to_sleep_when_they_wait_long() -> None:
    sleep_when_waiting_long()
    assert int(os.environ["GOMP_SPINCOUNT"]) < 300_000


@pytest.mark.parametrize("name", ASKED)
def test_what_a_person_has_set_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "active")
    sleep_when_waiting_long()
    assert {key: os.environ.get(key) for key in ASKED if key in os.environ} == {name: "active"}


def test_torch_reads_it_when_it_is_imported_afterwards() -> None:
    code = (
        "from mnist_tui.engine.waiting import sleep_when_waiting_long as call; call(); import torch"
    )
    environment = {**os.environ, "OMP_DISPLAY_ENV": "VERBOSE"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    if "GOMP_" not in done.stderr:
        pytest.skip("torch comes with another OpenMP here")
    assert "GOMP_SPINCOUNT = '3000'" in done.stderr
