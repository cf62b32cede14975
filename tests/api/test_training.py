"""Training from a script: what comes back, what is raised, and what the process is like after."""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import mnist_tui
from mnist_tui.data.sample import load_sample
from mnist_tui.errors import ConfigError, DataError, TrainingError, UsageError
from mnist_tui.run.events import EpochFinished, Event, RunEnded, StateChanged
from mnist_tui.run.state import State
from tests.data.other_sets import write_images


def train(few_digits: Path, folder: Path, **given: Any) -> mnist_tui.Run:
    few = {"data": "mnist", "data_dir": str(few_digits), "epochs": 1, "batch_size": 8, "lr": 0.05}
    return mnist_tui.train(runs_dir=folder, **{"quiet": True, **few, **given})


def weights(run: mnist_tui.Run) -> dict[str, Tensor]:
    return run.model.state_dict()


def assert_equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.mark.slow
def test_a_run_comes_back_with_its_curves_and_emits_its_events(
    few_digits: Path, tmp_path: Path
) -> None:
    events: list[Event] = []
    run = train(few_digits, tmp_path, name="mine", epochs=2, on_event=events.append)
    assert (run.name, run.path, run.state) == ("mine", tmp_path / "mine", "finished")
    assert [row.epoch for row in run.rows] == [1, 2]
    assert run.losses.shape == (22,)
    assert isinstance(events[-1], RunEnded)
    assert [event.row for event in events if isinstance(event, EpochFinished)] == list(run.rows)


@pytest.mark.slow
def test_a_folder_of_images_is_trained_on_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(tmp_path / "words", 5)
    monkeypatch.chdir(tmp_path)
    run = mnist_tui.train(data=Path("words"), epochs=1, quiet=True, runs_dir=tmp_path / "runs")
    assert run.config.dataset == str(tmp_path / "words")
    assert run.evaluate().class_names == ("nought", "one", "two")
    assert run.predict(load_sample().validation.images[:2]).probabilities.shape == (2, 3)


def test_an_epoch_is_one_line_on_stderr(
    few_digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(few_digits, tmp_path, quiet=False)
    output = capsys.readouterr()
    assert output.out == ""
    assert sum(line.startswith("epoch 1: training loss") for line in output.err.splitlines()) == 1
    assert "\x1b" not in output.err
    assert "\r" not in output.err


@pytest.mark.slow
def test_a_run_is_the_same_whatever_the_process_did_before(
    few_digits: Path, tmp_path: Path
) -> None:
    first = train(few_digits, tmp_path, seed=7)
    torch.rand(5)
    train(few_digits, tmp_path, recipe="fast", deterministic=False)
    assert_equal(weights(first), weights(train(few_digits, tmp_path, seed=7)))


def test_what_a_run_sets_for_the_process_is_put_back(few_digits: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    generator, threads = torch.get_rng_state(), torch.get_num_threads()
    mode = torch.get_deterministic_debug_mode()
    before = signal.getsignal(signal.SIGINT)
    train(few_digits, tmp_path)
    assert torch.equal(torch.get_rng_state(), generator)
    assert torch.get_num_threads() == threads
    assert torch.get_deterministic_debug_mode() == mode
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
def test_ctrl_c_saves_and_is_raised_and_the_run_resumes_exactly(
    few_digits: Path, tmp_path: Path
) -> None:
    whole = train(few_digits, tmp_path, name="whole", epochs=2)

    def interrupt(event: Event) -> None:
        if isinstance(event, EpochFinished):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(few_digits, tmp_path, name="cut", epochs=2, on_event=interrupt)
    cut = mnist_tui.load_run("cut", tmp_path)
    assert (cut.state, len(cut.rows)) == ("stopped", 1)
    resumed = mnist_tui.resume(cut.path, quiet=True)
    assert resumed.state == "finished"
    assert_equal(weights(whole), weights(resumed))


def test_what_a_listener_raises_ends_the_run_saved_and_is_raised(
    few_digits: Path, tmp_path: Path
) -> None:
    def break_off(event: Event) -> None:
        if isinstance(event, StateChanged) and event.state is State.RUNNING:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        train(few_digits, tmp_path, name="broken", on_event=break_off)
    run = mnist_tui.load_run("broken", tmp_path)
    assert run.state == "stopped"
    assert run.model is not None


def test_errors_are_exceptions_with_their_cause(few_digits: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "data"
    shutil.copytree(few_digits, damaged)
    for path in damaged.rglob("train-labels*"):
        path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DataError, match="train-labels"):
        train(damaged, tmp_path)
    with pytest.raises(TrainingError, match="the loss became nan"):
        train(few_digits, tmp_path, lr=1e9)


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"epoch": 3}, UsageError, "there is no setting 'epoch'"),
        ({"epochs": 0}, ConfigError, "epochs must be"),
        ({"name": "a/b"}, UsageError, "cannot be a folder's name"),
        ({"recipe": "slow"}, ConfigError, "recipe"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_made(
    few_digits: Path, tmp_path: Path, wrong: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        train(few_digits, tmp_path, **wrong)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_run_can_be_made_longer(few_digits: Path, tmp_path: Path) -> None:
    run = train(few_digits, tmp_path)
    first = run.rows
    for epochs, which in ((2, run.path), (3, run)):
        longer = mnist_tui.resume(which, epochs=epochs, quiet=True)
        assert [row.epoch for row in longer.rows] == [*range(1, epochs + 1)]
        assert longer.rows[0] == first[0]
    with pytest.raises(UsageError, match="has begun epoch 3; give at least as many epochs"):
        mnist_tui.resume(run, epochs=2, quiet=True)
    assert mnist_tui.load_run(run.path).config.epochs == 3
