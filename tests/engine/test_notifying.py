"""The user's own command at the end of a run."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.engine import notifying
from mnist_tui.engine.notifying import EndCommand, StartedCommand
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.headless import run_headless
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
    EndCommand(command_to(tmp_path / "written"), session)
    other = tmp_path / "other"
    session.move(State.LOADING)
    session.end(RunEnded(state=State.STOPPED, message="", elsewhere=5))
    later = Session()
    EndCommand(command_to(other), later)
    later.move(State.LOADING)
    later.end(RunEnded(state=State.STOPPED, message="stopped"))
    assert read_when_there(other)["message"] == "stopped"
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("true", ""),
        ("echo one >&2; echo 'no mail' >&2; exit 3", "failed with exit code 3 (no mail): check"),
        ("exit 3", "failed with exit code 3: check 'exit 3'"),
        ("kill -9 $$", "was ended by signal 9: check"),
    ],
)
def test_a_command_that_fails_is_said_in_one_line(command: str, said: str) -> None:
    problem = problem_of(command)
    assert said in problem
    assert problem.startswith("the command at the run's end ") == bool(said)
    assert "\n" not in problem


def problem_of(command: str) -> str:
    session = Session()
    ending = EndCommand(command, session)
    session.move(State.LOADING)
    session.end(RunEnded(state=State.STOPPED, message="stopped"))
    return ending.problem()


def test_a_command_that_is_misspelt_is_not_found() -> None:
    problem = problem_of("no-such-program me")
    assert problem.startswith("the command at the run's end was not found (")
    assert problem.endswith("): check 'no-such-program me'")


def test_a_command_that_takes_long_is_not_waited_for_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifying, "PATIENCE_S", 0.02)
    go = tmp_path / "go"
    written = tmp_path / "written"
    wait = f"while [ ! -e {go} ]; do sleep 0.02; done; echo late >&2; {command_to(written)}; exit 3"
    assert not problem_of(wait)
    go.touch()
    assert read_when_there(written)["message"] == "stopped"


def test_a_command_is_run_where_there_is_no_room_for_what_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(notifying.tempfile, "TemporaryFile", full)
    assert "failed with exit code 3: check" in problem_of("echo lost >&2; exit 3")


@pytest.mark.slow
def test_a_run_whose_command_fails_is_finished_and_says_so_last(
    few_digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = few_config(few_digits, epochs=1)
    runner = TrainingRunner(
        NewRun(config=config, runs_dir=tmp_path, name="a", notify="echo no mail >&2; exit 3")
    )
    assert run_headless(runner, as_json=False) == 0
    assert runner.session.state is State.FINISHED
    said = "the command at the run's end failed with exit code 3 (no mail): check 'echo no mail"
    assert f"note: {said}" in capsys.readouterr().err.splitlines()[-1]
    assert said in (tmp_path / "a/log.txt").read_text().splitlines()[-1]


def test_a_refused_run_leaves_no_folder_for_the_sake_of_its_command(tmp_path: Path) -> None:
    config = few_config(tmp_path / "none")
    plan = NewRun(config=config, runs_dir=tmp_path / "runs", name="a", notify="exit 3")
    runner = TrainingRunner(plan)
    runner.run()
    assert "exit code 3" in runner.afterword
    assert not (tmp_path / "runs").exists()


def test_a_process_without_a_terminal_knows_the_command() -> None:
    assert plan_from_dict(plan_to_dict(NewRun(notify="mail me"))).notify == "mail me"


def test_the_command_has_the_users_search_path_in_a_process_of_ours_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/the/user")
    for name, value in own_environment().items():
        monkeypatch.setenv(name, value)
    told = tmp_path / "told.json"
    StartedCommand(f"""printf '{{"path": "%s"}}' "$PYTHONPATH" | ({command_to(told)})""", {})
    assert read_when_there(told) == {"path": "/of/the/user"}
