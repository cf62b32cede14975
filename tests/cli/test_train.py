"""`train`: what it prints and leaves, and what it says about bad input."""

import json
import logging
import os
from pathlib import Path

import pytest
import torch

from tests.cli.done import Run, assert_one_line


def test_headless_prints_one_line_per_epoch(run: Run, few: tuple[str, ...]) -> None:
    done = run("train", *few)
    assert done.code == 0
    epochs = [line for line in done.out.splitlines() if line.startswith("epoch ")]
    assert [line.split(":")[0] for line in epochs] == ["epoch 1", "epoch 2"]
    assert "not the official MNIST" in done.err
    assert "\r" not in done.err


@pytest.mark.slow
def test_headless_json_is_one_object_per_epoch_and_a_summary(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    done = run("train", *few, "--json", "--name", "j")
    objects = [json.loads(line) for line in done.out.splitlines()]
    assert [o["event"] for o in objects] == ["epoch", "epoch", "summary"]
    assert objects[-1]["state"] == "finished"
    place = ("j", "runs/j", "runs/j/checkpoints/last.pt")
    assert tuple(objects[-1][key] for key in ("run", "directory", "checkpoint")) == place
    assert objects[-1]["last"]["epoch"] == 2
    metrics = [json.loads(line) for line in (tmp_path / "runs/j/metrics.jsonl").open()]
    assert [m["val_loss"] for m in metrics] == [o["val_loss"] for o in objects[:2]]


def test_a_run_leaves_the_files_that_are_promised(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    run("train", *few, "--name", "a")
    found = {str(path.relative_to(tmp_path / "runs/a")) for path in tmp_path.rglob("runs/a/**/*")}
    assert found >= {
        "config.json",
        "status.json",
        "metrics.jsonl",
        "events.jsonl",
        "log.txt",
        "checkpoints/last.pt",
        "checkpoints/best.pt",
    }
    assert not [name for name in found if "/." in name or name.startswith(".")]
    status = json.loads((tmp_path / "runs/a/status.json").read_text())
    assert (status["state"], status["epoch"], status["pid"]) == ("finished", 2, os.getpid())
    config = json.loads((tmp_path / "runs/a/config.json").read_text())
    assert config["config"]["epochs"] == 2
    assert len(config["dataset"]["fingerprint"]) == 64
    events = [json.loads(line) for line in (tmp_path / "runs/a/events.jsonl").open()]
    assert events[-1]["event"] == "run_ended"
    assert all(event["time"] > 0 for event in events)


def test_a_checkpoint_needs_nothing_of_ours_to_be_used(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    run("train", *few, "--name", "a")
    loaded = torch.load(tmp_path / "runs/a/checkpoints/last.pt", weights_only=True)
    assert loaded["model"]["fc1.weight"].shape == (128, 9216)


def test_without_a_terminal_the_dashboard_says_so(run: Run, tmp_path: Path) -> None:
    assert_one_line(run(), 2, "terminal", "--headless")
    assert_one_line(run("--epochs", 3), 2, "terminal", "use: mnist-tui train --headless")
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--recipe", "cooking", ("tutorial", "fast")),
        ("--dataset", "imagenet", ("mnist", "sample")),
        ("--device", "tpu", ("cuda", "cpu")),
        ("--batch-size", "0", ("1 to 60000",)),
        ("--batch-size", "-1", ("1 to 60000",)),
        ("--batch-size", "10000000", ("1 to 60000",)),
        ("--epochs", "0", ("from 1",)),
        ("--epochs", "many", ("many",)),
        ("--lr", "0", ("above 0",)),
        ("--lr", "-0.1", ("above 0",)),
        ("--lr", "nan", ("above 0",)),
        ("--precision", "fp8", ("bf16",)),
        ("--name", "../out", ("folder",)),
        ("--name", "", ("folder",)),
        ("--name", "last", ("newest",)),
        ("--flux", "3", ("--flux", "see: mnist-tui train --help")),
    ],
)
def test_a_wrong_option_is_one_line_and_leaves_nothing(
    run: Run, tmp_path: Path, option: str, value: str, words: tuple[str, ...]
) -> None:
    assert_one_line(run("train", "--headless", option, value), 2, option, *words)
    assert not list(tmp_path.iterdir())


def test_an_unknown_command_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_one_line(run("trian"), 2, "trian", "see: mnist-tui --help")
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    assert_one_line(run("trian"), 2, "trian", "see: uv run mnist-tui --help")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
@pytest.mark.parametrize("device", ["cuda", "cuda:7", "mps"])
def test_a_device_that_is_not_there_is_answered_with_what_is(
    run: Run, few: tuple[str, ...], device: str
) -> None:
    done = run("train", *few, "--device", device)
    assert done.code == 2
    assert f"device {device} cannot be used: " in done.err
    assert "; found: cpu (" in done.err
    assert "(--device auto)" in done.err
    assert "Traceback" not in done.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "wrong"), [(2, ("--precision", "tf32")), (3, ("--data-dir", "file"))]
)
def test_a_run_that_was_refused_is_no_run_and_its_name_is_free(
    run: Run, few: tuple[str, ...], tmp_path: Path, code: int, wrong: tuple[str, str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    options = ("train", *few, "--device", "cpu", "--name", "a")
    assert run(*options, *wrong).code == code
    assert "no run" in run("resume", "last", "--headless").err
    assert not (tmp_path / "runs").exists()
    assert run(*options).code == 0
    assert run("resume", "a", "--headless", "--precision", "tf32").code == 2
    assert (tmp_path / "runs/a/checkpoints/last.pt").exists(), "it was a run before"


def test_tf32_on_a_cpu_is_answered(run: Run, few: tuple[str, ...]) -> None:
    assert_one_line(run("train", *few, "--device", "cpu", "--precision", "tf32"), 2, "tf32", "CUDA")


def test_a_runs_folder_that_cannot_be_written_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As outside of tests: there logging prints by itself what nobody handles.
    monkeypatch.setattr(logging.root, "handlers", [])
    (tmp_path / "file").write_text("not a folder")
    done = run("train", "--headless", "--runs-dir", tmp_path / "file" / "runs")
    assert_one_line(done, 2, "cannot write", "--runs-dir")
    done = run("train", "--headless", "--runs-dir", "/proc/runs")
    assert_one_line(done, 2, "cannot write", "--runs-dir")


@pytest.mark.slow
def test_an_existing_name_is_refused_and_the_run_left_alone(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    run("train", *few, "--name", "a")
    before = {path: path.read_bytes() for path in tmp_path.rglob("runs/a/**/*") if path.is_file()}
    assert_one_line(run("train", *few, "--name", "a"), 2, "a is already in", "resume a")
    after = {path: path.read_bytes() for path in tmp_path.rglob("runs/a/**/*") if path.is_file()}
    assert before == after


def test_help_begins_with_what_a_beginner_needs(run: Run) -> None:
    assert run("--version").out.startswith("mnist-tui ")
    said = run("--help").out
    for words in ("resume", "doctor", "mnist-tui --dataset sample --start", "space start"):
        assert words in said
    assert "..." not in said.partition("Commands:")[2], "no command's sentence is cut"


def test_help_names_the_defaults_of_each_recipe(run: Run) -> None:
    said = " ".join(run("train", "--help").out.split())
    assert "[default: 19; fast: 1]" in said
    assert "[default: 32; fast: 256]" in said
    assert "[default: 10]" in said
    assert "[default" not in " ".join(run("resume", "--help").out.split()).partition("--lr")[2][:99]


def test_what_only_the_dashboard_heeds_is_named_and_does_not_stop_a_script(
    run: Run, few: tuple[str, ...]
) -> None:
    done = run("train", *few, "--epochs", 1, "--start", "--bell")
    assert done.code == 0
    assert "note: --start, --bell do nothing with --headless" in done.err
    assert_one_line(run("train", "--json"), 2, "--json needs --headless")


@pytest.mark.slow
def test_without_a_home_the_sample_is_trained_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # no entry in passwd
    done = run("train", "--headless", "--recipe", "fast", "--epochs", 1)
    assert done.code == 0, done
    assert "HOME" in done.err
    assert "sample" in done.err
