"""`doctor`: a report for the user, and for scripts."""

import json
from pathlib import Path

import pytest

from tests.cli.done import Run


@pytest.mark.slow
def test_doctor_says_what_there_is_and_what_to_do(run: Run, tmp_path: Path) -> None:
    done = run("doctor")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0].split()[:2] == ["ok", "mnist-tui"]
    assert "-> start it in a terminal for the dashboard, or use --headless" in done.out
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_doctors_json_has_the_same_and_a_fault_is_in_the_exit_code(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = run("doctor", "--json", "--runs-dir", tmp_path / "file" / "runs")
    checks = json.loads(done.out)
    assert done.code == 1
    assert {frozenset(check) for check in checks} == {
        frozenset({"name", "level", "found", "advice"})
    }
    assert [check["name"] for check in checks if check["level"] == "fault"] == ["runs folder"]
