"""The command: what it does, and what it says about bad input."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from mnist_tui.cli import main
from mnist_tui.data.download import FILES
from mnist_tui.runs.checkpoint import read_checkpoint


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


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


@pytest.fixture
def few(few_digits: Path) -> tuple[str, ...]:
    """The options of a run that takes a moment."""
    return ("--headless", "--dataset", "mnist", "--data-dir", str(few_digits), "--epochs", "2")


def assert_one_line(done: Done, code: int, *words: str) -> None:
    """The command ended with `code` and one line that holds all the words, and no traceback."""
    assert done.code == code, done
    lines = done.err.strip().splitlines()
    assert len(lines) == 1, done
    assert lines[0].startswith("mnist-tui: ")
    for word in words:
        assert word in lines[0]


def test_headless_prints_one_line_per_epoch(run: Run, few: tuple[str, ...]) -> None:
    done = run("train", *few)
    assert done.code == 0
    epochs = [line for line in done.out.splitlines() if line.startswith("epoch ")]
    assert [line.split(":")[0] for line in epochs] == ["epoch 1", "epoch 2"]
    assert "not the official MNIST" in done.err
    assert "\r" not in done.err


def test_headless_json_is_one_object_per_epoch_and_a_summary(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    done = run("train", *few, "--json", "--name", "j")
    objects = [json.loads(line) for line in done.out.splitlines()]
    assert [o["event"] for o in objects] == ["epoch", "epoch", "summary"]
    assert objects[-1]["state"] == "finished"
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
    assert_one_line(run("--epochs", 3), 2, "terminal", "--headless")
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
        ("--flux", "3", ("--flux", "--help")),
    ],
)
def test_a_wrong_option_is_one_line_and_leaves_nothing(
    run: Run, tmp_path: Path, option: str, value: str, words: tuple[str, ...]
) -> None:
    assert_one_line(run("train", "--headless", option, value), 2, option, *words)
    assert not list(tmp_path.iterdir())


def test_an_unknown_command_is_one_line(run: Run) -> None:
    assert_one_line(run("trian"), 2, "trian")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has the device")
@pytest.mark.parametrize("device", ["cuda", "cuda:7", "mps"])
def test_a_device_that_is_not_there_is_answered_with_what_is(
    run: Run, few: tuple[str, ...], device: str
) -> None:
    done = run("train", *few, "--device", device)
    assert done.code == 2
    assert f"--device {device} is not on this machine; found: cpu" in done.err
    assert "Traceback" not in done.err


def test_tf32_on_a_cpu_is_answered(run: Run, few: tuple[str, ...]) -> None:
    assert_one_line(run("train", *few, "--device", "cpu", "--precision", "tf32"), 2, "tf32", "CUDA")


def damage(few_digits: Path, folder: Path, file: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of the data folder with one file changed."""
    raw = folder / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in FILES:
        content = (few_digits / "MNIST" / "raw" / name).read_bytes()
        (raw / name).write_bytes(change(content) if name == file else content)
    return folder / "data"


@pytest.mark.parametrize("dataset", ["auto", "mnist"])
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda content: b"", "0 bytes"),
        (lambda content: content[:3], "3 bytes"),
        (lambda content: content[:-1], "bytes long"),
        (lambda content: content + b"x", "bytes long"),
        (lambda content: b"\x1f\x8b" + content[2:], "1f8b"),
        (lambda content: content[:4] + b"\xff\xff\xff\xff" + content[8:], "4294967295"),
        (lambda content: content[:4] + b"\x00\x00\x00\x00" + content[8:], "0 items"),
    ],
)
def test_a_damaged_data_file_is_named(
    run: Run,
    few_digits: Path,
    tmp_path: Path,
    file: str,
    change: Callable[[bytes], bytes],
    word: str,
    dataset: str,
) -> None:
    data_dir = damage(few_digits, tmp_path, file, change)
    done = run("train", "--headless", "--dataset", dataset, "--data-dir", data_dir)
    assert_one_line(done, 3, file, word, "damaged")


def test_images_of_another_size_are_named(run: Run, few_digits: Path, tmp_path: Path) -> None:
    def change(content: bytes) -> bytes:
        return content[:8] + (32).to_bytes(4, "big") + content[12:]

    data_dir = damage(few_digits, tmp_path, FILES[0], change)
    done = run("train", "--headless", "--data-dir", data_dir)
    assert_one_line(done, 3, FILES[0], "32 by 28")


def test_labels_above_nine_are_named(run: Run, few_digits: Path, tmp_path: Path) -> None:
    data_dir = damage(few_digits, tmp_path, FILES[3], lambda content: content[:-1] + b"\x0a")
    assert_one_line(run("train", "--headless", "--data-dir", data_dir), 3, "labels")


def test_images_without_labels_are_named(run: Run, few_digits: Path, tmp_path: Path) -> None:
    def change(content: bytes) -> bytes:
        count = int.from_bytes(content[4:8], "big") - 1
        return content[:4] + count.to_bytes(4, "big") + content[8:-1]

    data_dir = damage(few_digits, tmp_path, FILES[1], change)
    assert_one_line(run("train", "--headless", "--data-dir", data_dir), 3, "330", "329")


def test_a_data_file_that_is_a_folder_is_named(run: Run, few_digits: Path, tmp_path: Path) -> None:
    data_dir = damage(few_digits, tmp_path, FILES[0], lambda content: content)
    path = data_dir / "MNIST" / "raw" / FILES[0]
    path.unlink()
    path.mkdir()
    assert_one_line(run("train", "--headless", "--data-dir", data_dir), 3, FILES[0])


def test_a_runs_folder_that_cannot_be_written_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = run("train", "--headless", "--runs-dir", tmp_path / "file" / "runs")
    assert_one_line(done, 2, "cannot write", "--runs-dir")
    done = run("train", "--headless", "--runs-dir", "/proc/runs")
    assert_one_line(done, 2, "cannot write", "--runs-dir")


def test_an_existing_name_is_refused_and_the_run_left_alone(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    run("train", *few, "--name", "a")
    before = {path: path.read_bytes() for path in tmp_path.rglob("runs/a/**/*") if path.is_file()}
    assert_one_line(run("train", *few, "--name", "a"), 2, "a is already in", "resume a")
    after = {path: path.read_bytes() for path in tmp_path.rglob("runs/a/**/*") if path.is_file()}
    assert before == after


def test_resume_of_a_finished_run_says_how_to_make_it_longer(
    run: Run, few: tuple[str, ...]
) -> None:
    run("train", *few, "--name", "a")
    done = run("resume", "--headless")
    assert done.code == 0
    assert "resume a --epochs 3" in done.out
    done = run("resume", "a", "--headless", "--epochs", 3)
    assert done.code == 0
    assert "epoch 3:" in done.out
    assert_one_line(run("resume", "a", "--headless", "--epochs", 2), 2, "3 epochs already")


@pytest.mark.parametrize("name", ["last", "nothing"])
def test_resume_without_a_run_is_one_line(run: Run, name: str) -> None:
    assert_one_line(run("resume", name, "--headless"), 2, "there is no run")


def test_runs_lists_what_is_there(run: Run, few: tuple[str, ...]) -> None:
    assert "no runs" in run("runs").out
    run("train", *few, "--name", "a")
    done = run("runs")
    assert done.out.splitlines()[1].split()[:3] == ["a", "finished", "2/2"]
    [listed] = json.loads(run("runs", "--json").out)
    assert (listed["name"], listed["state"], listed["epochs_done"]) == ("a", "finished", 2)


def test_evaluate_gives_the_figures_of_the_epochs_row(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    run("train", *few, "--name", "a")
    [*_, last] = [json.loads(line) for line in (tmp_path / "runs/a/metrics.jsonl").open()]
    done = run("evaluate", "runs/a/checkpoints/last.pt", "--json")
    report = json.loads(done.out)
    assert report["accuracy"] == last["val_accuracy"]
    assert report["loss"] == pytest.approx(last["val_loss"], rel=1e-6)
    assert "accuracy" in run("evaluate", "runs/a/checkpoints/last.pt").out


class Payload:
    """What would run if a checkpoint were unpickled without care."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("ran",)


def write_bad_checkpoint(kind: str, good: Path, bad: Path) -> None:
    """Make a file that is no checkpoint, in one of many ways."""
    content = good.read_bytes()
    match kind:
        case "empty":
            bad.write_bytes(b"")
        case "truncated":
            bad.write_bytes(content[: len(content) // 2])
        case "flipped":
            middle = len(content) // 2
            bad.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        case "text":
            bad.write_text("not a checkpoint\n")
        case "other model":
            torch.save({"model": {"weight": torch.zeros(3)}}, bad)
        case "tensor":
            torch.save(torch.zeros(3), bad)
        case "code":
            torch.save({"model": Payload()}, bad)
        case "folder":
            bad.mkdir()
        case "missing":
            pass


@pytest.mark.parametrize(
    "kind",
    ["empty", "truncated", "flipped", "text", "other model", "tensor", "code", "folder", "missing"],
)
def test_a_file_that_is_no_checkpoint_is_named(
    run: Run, few: tuple[str, ...], tmp_path: Path, kind: str
) -> None:
    run("train", *few, "--name", "a")
    good, bad = tmp_path / "runs/a/checkpoints/last.pt", tmp_path / "bad.pt"
    write_bad_checkpoint(kind, good, bad)
    assert_one_line(run("evaluate", bad), 4, "bad.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["empty", "truncated", "flipped", "other model", "code"])
def test_resume_from_a_broken_checkpoint_is_refused_and_the_run_left_alone(
    run: Run, few: tuple[str, ...], tmp_path: Path, kind: str
) -> None:
    run("train", *few, "--name", "a")
    last = tmp_path / "runs/a/checkpoints/last.pt"
    write_bad_checkpoint(kind, tmp_path / "runs/a/checkpoints/best.pt", tmp_path / "bad.pt")
    (tmp_path / "bad.pt").replace(last)
    broken = last.read_bytes()
    metrics = (tmp_path / "runs/a/metrics.jsonl").read_text()
    done = run("resume", "a", "--headless", "--epochs", 3)
    assert done.code == 4
    assert "last.pt" in done.err
    assert "Traceback" not in done.err
    assert last.read_bytes() == broken
    assert (tmp_path / "runs/a/metrics.jsonl").read_text() == metrics


def test_a_checkpoint_of_another_model_is_named(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    run("train", *few, "--name", "a")
    good = read_checkpoint(tmp_path / "runs/a/checkpoints/last.pt")
    del good.model["fc2.bias"]
    (tmp_path / "other.pt").write_bytes(good.to_bytes())
    assert_one_line(run("evaluate", "other.pt"), 4, "other.pt", "fc2.bias")


def test_changed_digits_are_found_on_resume(
    run: Run, few: tuple[str, ...], few_digits: Path, tmp_path: Path
) -> None:
    run("train", *few, "--name", "a")

    def change(content: bytes) -> bytes:
        return content[:100] + bytes([content[100] ^ 1]) + content[101:]

    data_dir = damage(few_digits, tmp_path, FILES[0], change)
    done = run("resume", "a", "--headless", "--epochs", 3, "--data-dir", data_dir)
    assert done.code == 3
    assert "not the ones that run a was trained on" in done.err


def test_version_and_help_are_answered(run: Run) -> None:
    assert run("--version").out.startswith("mnist-tui ")
    assert "resume" in run("--help").out
    assert "--batch-size" in run("train", "--help").out
