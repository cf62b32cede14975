"""The user's own command at the end of a run."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.engine.notifying import notify, notify_at_end
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.process.channel import plan_from_dict, plan_to_dict
from mnist_tui.process.child import own_environment
from mnist_tui.run.events import RunEnded
from mnist_tui.run.plan import NewRun
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from tests.training_helpers import few_config

LIMIT_S = 60.0


def read_when_there(path: Path) -> dict[str, Any]:
    """What the command has written, which takes a moment."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if path.exists():
            return dict(json.loads(path.read_text()))
        time.sleep(0.01)
    raise AssertionError(f"no {path}")


def command_to(path: Path) -> str:
    return f"cat > {path}.part && mv {path}.part {path}"


def test_the_command_gets_the_facts_of_a_run_that_finished(
    few_digits: Path, tmp_path: Path
) -> None:
    written = tmp_path / "written.json"
    config = few_config(few_digits, epochs=1)
    TrainingRunner(
        NewRun(config=config, runs_dir=tmp_path, name="a", notify=command_to(written))
    ).run()
    facts = read_when_there(written)
    assert (facts["event"], facts["state"], facts["run"]) == ("run_ended", "finished", "a")
    assert facts["directory"] == str(tmp_path / "a")
    assert facts["best"]["epoch"] == 1


def test_the_command_is_run_after_a_failure_too(few_digits: Path, tmp_path: Path) -> None:
    written = tmp_path / "written.json"
    config = few_config(few_digits, lr=1e9)
    TrainingRunner(NewRun(config=config, runs_dir=tmp_path, notify=command_to(written))).run()
    facts = read_when_there(written)
    assert facts["state"] == "failed"
    assert "nan" in facts["message"]


def test_a_run_that_goes_on_elsewhere_has_not_ended(tmp_path: Path) -> None:
    session = Session()
    notify_at_end(command_to(tmp_path / "written"), session)
    other = tmp_path / "other"
    session.move(State.LOADING)
    session.end(RunEnded(state=State.STOPPED, message="", elsewhere=5))
    later = Session()
    notify_at_end(command_to(other), later)
    later.move(State.LOADING)
    later.end(RunEnded(state=State.STOPPED, message="stopped"))
    assert read_when_there(other)["message"] == "stopped"
    assert not (tmp_path / "written").exists()


@pytest.mark.slow
def test_a_command_that_fails_or_reads_nothing_changes_nothing(
    few_digits: Path, tmp_path: Path
) -> None:
    for number, command in enumerate(("exit 3", "/no/such/program")):
        config = few_config(few_digits, epochs=1)
        plan = NewRun(config=config, runs_dir=tmp_path, name=f"run{number}", notify=command)
        runner = TrainingRunner(plan)
        runner.run()
        assert runner.session.state is State.FINISHED


def test_a_process_without_a_terminal_knows_the_command() -> None:
    assert plan_from_dict(plan_to_dict(NewRun(notify="mail me"))).notify == "mail me"


def test_the_command_has_the_users_search_path_in_a_process_of_ours_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/the/user")
    for name, value in own_environment().items():
        monkeypatch.setenv(name, value)
    told = tmp_path / "told.json"
    notify(f"""printf '{{"path": "%s"}}' "$PYTHONPATH" | ({command_to(told)})""", {})
    assert read_when_there(told) == {"path": "/of/the/user"}
