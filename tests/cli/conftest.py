"""The command, run in an empty folder."""

import shutil
from pathlib import Path

import pytest

from mnist_tui.cli import main
from tests.cli.done import Done, Run
from tests.training_helpers import few_config, train


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty folder, without a terminal."""
    monkeypatch.chdir(tmp_path)

    def call(*args: object) -> Done:
        with pytest.raises(SystemExit) as caught:
            main([str(arg) for arg in args])
        captured = capsys.readouterr()
        return Done(int(caught.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def checkpoint(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last checkpoint of a finished run."""
    run = train(few_config(few_digits), tmp_path_factory.mktemp("runs"))
    return run.directory.path / "checkpoints" / "last.pt"


@pytest.fixture
def trained(checkpoint: Path, tmp_path: Path) -> Path:
    """A finished run of two epochs called a, where commands look for runs."""
    copy = tmp_path / "runs" / "a"
    shutil.copytree(checkpoint.parents[1], copy)
    return copy


@pytest.fixture
def few(few_digits: Path) -> tuple[str, ...]:
    """The options of a run that takes a moment."""
    return ("--headless", "--dataset", "mnist", "--data-dir", str(few_digits), "--epochs", "2")
