"""What a shell gets when the tab key is pressed."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from mnist_tui.cli.main import SHELLS, commands
from tests.cli.done import Run
from tests.sweep.written_sweeps import write_sweep


def completions(*words: str) -> list[str]:
    *before, incomplete = words
    shell = ShellComplete(commands, {}, "mnist-tui", "_MNIST_TUI_COMPLETE")
    return [item.value for item in shell.get_completions(before, incomplete)]


def make_runs(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "config.json").write_text("{}")


@pytest.mark.parametrize("command", ["show", "resume", "export", "evaluate", "predict"])
def test_runs_are_completed_by_name(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_runs(tmp_path / "runs", "large", "small")
    make_runs(tmp_path / "elsewhere", "third")
    assert completions(command, "") == ["last", "large", "small"]
    assert completions(command, "la") == ["last", "large"]
    assert completions(command, "--runs-dir", "elsewhere", "t") == ["third"]


def test_sweeps_are_completed_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_sweep(tmp_path / "runs", "rates")
    write_sweep(tmp_path / "runs", "seeds")
    make_runs(tmp_path / "runs", "large")
    write_sweep(tmp_path / "elsewhere", "third")
    assert completions("sweep", "--resume", "") == ["last", "rates", "seeds"]
    assert completions("sweep", "--resume", "ra") == ["rates"]
    assert completions("sweep", "--runs-dir", "elsewhere", "--resume", "t") == ["third"]
    assert completions("remove", "rates")[0] == "rates"


def test_commands_options_and_choices_are_completed() -> None:
    assert completions("ev") == ["evaluate"]
    assert completions("train", "--che") == ["--checkpoint-every"]
    assert completions("--che") == ["--checkpoint-every"]
    assert completions("--ver") == ["--version"]
    assert completions("train", "--optimizer", "") == ["sgd", "momentum", "adamw"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_the_shells_own(run: Run, shell: str) -> None:
    done = run("completion", shell)
    assert done.code == 0
    assert f"{shell}_complete" in done.out
