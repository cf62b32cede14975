"""`evaluate`: a checkpoint's figures, and what is said about a file that is none."""

import json
from pathlib import Path

import pytest
import torch

from mnist_tui.store.checkpoint import read_checkpoint
from tests.cli.bad_checkpoint import write_bad_checkpoint
from tests.cli.done import Run, assert_one_line


def test_evaluate_gives_the_figures_of_the_epochs_row(run: Run, trained: Path) -> None:
    [*_, last] = [json.loads(line) for line in (trained / "metrics.jsonl").open()]
    done = run("evaluate", "runs/a/checkpoints/last.pt", "--json")
    report = json.loads(done.out)
    assert report["accuracy"] == last["val_accuracy"]
    assert report["loss"] == pytest.approx(last["val_loss"], rel=1e-6)
    assert "accuracy" in run("evaluate", "runs/a/checkpoints/last.pt").out


@pytest.mark.slow
def test_evaluate_says_which_epochs_are_in_it_and_what_it_was_evaluated_on(
    run: Run, checkpoint: Path
) -> None:
    done = run("evaluate", checkpoint, "--json")
    report = json.loads(done.out)
    assert (report["epoch"], report["batch"]) == (3, 0), "the open epoch, as scripts know it"
    assert report["epochs_done"] == 2
    assert report["place"] == "the end of epoch 2"
    [notice] = report["notices"]
    assert "is not the official MNIST" in notice
    assert done.err == ""
    assert run("evaluate", checkpoint).err == f"note: {notice}\n"
    on_another = run("evaluate", checkpoint, "--dataset", "sample").err
    assert "not the dataset that the checkpoint was trained on" in on_another


def test_weights_of_another_program_are_evaluated(
    run: Run, checkpoint: Path, few_digits: Path, tmp_path: Path
) -> None:
    state = torch.load(checkpoint, weights_only=True)["model"]
    torch.save({"state_dict": {f"module.{name}": state[name] for name in state}}, "theirs.pt")
    done = run("evaluate", "theirs.pt", "--data-dir", few_digits, "--json")
    theirs, ours = json.loads(done.out), json.loads(run("evaluate", checkpoint, "--json").out)
    assert theirs["confusion"] == ours["confusion"]
    assert theirs["epoch"] is theirs["epochs_done"] is None
    assert "of another program" in theirs["notices"][0]
    assert "MnistNet, weights" in run("evaluate", "theirs.pt", "--data-dir", few_digits).out


def test_evaluate_has_the_figures_of_each_digit(run: Run, checkpoint: Path) -> None:
    report = json.loads(run("evaluate", checkpoint, "--json").out)
    table = report["confusion"]
    assert [len(row) for row in table] == [10] * 10
    assert sum(map(sum, table)) == report["samples"] == 50
    assert sum(table[digit][digit] for digit in range(10)) == 50 * report["accuracy"]
    for digit, figures in enumerate(report["classes"]):
        right, guessed = table[digit][digit], sum(row[digit] for row in table)
        assert figures["digit"] == digit
        assert figures["support"] == sum(table[digit])
        assert figures["recall"] == pytest.approx(right / sum(table[digit]))
        assert figures["precision"] == pytest.approx(right / guessed if guessed else 0)


def test_evaluate_prints_both_tables_in_less_than_80_columns(run: Run, checkpoint: Path) -> None:
    report = json.loads(run("evaluate", checkpoint, "--json").out)
    head, classes, confusion = run("evaluate", checkpoint).out.split("\n\n")
    correct = round(50 * report["accuracy"])
    assert f"accuracy    {2 * correct}.00 %, {correct} of 50" in head.splitlines()
    assert all(len(line) < 80 for line in [*classes.splitlines(), *confusion.splitlines()])
    assert classes.split()[:5] == ["digit", "precision", "recall", "F1", "images"]
    third = report["classes"][2]
    wanted = ["2", *(f"{third[name]:.4f}" for name in ("precision", "recall", "f1"))]
    assert classes.splitlines()[3].split() == [*wanted, str(third["support"])]
    counts = [line.split()[1:] for line in confusion.splitlines()[2:]]
    assert [[0 if cell == "." else int(cell) for cell in row] for row in counts] == (
        report["confusion"]
    )


@pytest.mark.parametrize(
    "kind",
    ["empty", "truncated", "flipped", "text", "other model", "tensor", "code", "folder", "missing"],
)
def test_a_file_that_is_no_checkpoint_is_named(
    run: Run, trained: Path, tmp_path: Path, kind: str
) -> None:
    good, bad = trained / "checkpoints/last.pt", tmp_path / "bad.pt"
    write_bad_checkpoint(kind, good, bad)
    assert_one_line(run("evaluate", bad), 4, "bad.pt")
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_of_another_model_is_named(run: Run, trained: Path, tmp_path: Path) -> None:
    good = read_checkpoint(trained / "checkpoints/last.pt")
    del good.model["fc2.bias"]
    (tmp_path / "other.pt").write_bytes(good.to_bytes())
    assert_one_line(run("evaluate", "other.pt"), 4, "other.pt", "fc2.bias")
