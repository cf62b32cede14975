"""`resume`: with something to resume, and without."""

import shutil
from pathlib import Path

import pytest

from mnist_tui.data.spec import FILES
from tests.cli.bad_checkpoint import write_bad_checkpoint
from tests.cli.damage import damage
from tests.cli.done import Run, assert_one_line


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_run_whose_settings_say_fewer_epochs_is_made_longer_as_it_is_told(
    run: Run, few: tuple[str, ...], tmp_path: Path
) -> None:
    run("train", *few, "--epochs", 3, "--name", "a")
    config = next(tmp_path.rglob("config.json"))  # as earlier releases left it
    config.write_text(config.read_text().replace('"epochs": 3', '"epochs": 1'), "utf-8")
    assert "resume a --epochs 4" in run("resume", "a", "--headless").out


def test_without_a_terminal_the_same_run_is_named_in_plain_lines(run: Run, trained: Path) -> None:
    done = run("resume", "--epochs", 3)
    assert_one_line(done, 2, "terminal", "use: mnist-tui resume a --headless")
    assert_one_line(run("show", "a"), 2, "terminal", "use: mnist-tui runs")


@pytest.mark.parametrize("name", ["last", "nothing"])
def test_resume_without_a_run_is_one_line(run: Run, name: str) -> None:
    assert_one_line(run("resume", name, "--headless"), 2, "there is no run")


def test_a_name_that_no_folder_can_have_is_one_line(run: Run) -> None:
    assert_one_line(run("resume", 300 * "a", "--headless"), 2, "aaa", "check the path")


@pytest.mark.parametrize("kind", ["empty", "truncated", "flipped", "other model", "code"])
def test_resume_from_a_broken_checkpoint_is_refused_and_the_run_left_alone(
    run: Run, trained: Path, tmp_path: Path, kind: str
) -> None:
    last = trained / "checkpoints/last.pt"
    write_bad_checkpoint(kind, trained / "checkpoints/best.pt", tmp_path / "bad.pt")
    (tmp_path / "bad.pt").replace(last)
    broken = last.read_bytes()
    metrics = (trained / "metrics.jsonl").read_text()
    done = run("resume", "a", "--headless", "--epochs", 3)
    assert done.code == 4
    assert "last.pt" in done.err
    assert "Traceback" not in done.err
    assert last.read_bytes() == broken
    assert (trained / "metrics.jsonl").read_text() == metrics


def test_changed_digits_are_found_on_resume(
    run: Run, trained: Path, few_digits: Path, tmp_path: Path
) -> None:
    def change(content: bytes) -> bytes:
        return content[:100] + bytes([content[100] ^ 1]) + content[101:]

    data_dir = damage(few_digits, tmp_path, FILES[0], change)
    done = run("resume", "a", "--headless", "--epochs", 3, "--data-dir", data_dir)
    assert done.code == 3
    assert "are not what run a was trained on; name the folder that has those" in done.err
    assert "(--data-dir)" in done.err


@pytest.mark.slow
def test_resume_takes_the_checkpoint_that_was_named_and_no_other(run: Run, trained: Path) -> None:
    shutil.copytree(trained, trained.with_name("b"))
    for other in ("runs/b/checkpoints/best.pt", "/nonexistent/best.pt", "./best.pt"):
        done = run("resume", "a", "--headless", "--epochs", 3, "--checkpoint", other)
        assert_one_line(done, 4, other, "is not a checkpoint of run a")
    own = trained / "checkpoints/best.pt"
    assert run("resume", "a", "--headless", "--epochs", 3, "--checkpoint", own).code == 0
    assert run("resume", "a", "--headless", "--epochs", 4, "--checkpoint", "best.pt").code == 0


@pytest.mark.slow
def test_going_back_to_an_earlier_checkpoint_keeps_and_names_what_it_drops(
    run: Run, trained: Path, tmp_path: Path
) -> None:
    checkpoints = trained / "checkpoints"
    shutil.copy(checkpoints / "last.pt", checkpoints / "second.pt")
    run("resume", "a", "--headless", "--epochs", 4)
    last = (checkpoints / "last.pt").read_bytes()
    done = run("resume", "a", "--headless", "--epochs", 3, "--checkpoint", "second.pt")
    assert done.code == 0
    [kept] = checkpoints.glob("step-*.pt")
    said = f"resuming at the end of epoch 2 drops epochs 3 to 4; a copy is kept in {kept}"
    assert said.replace(f"{tmp_path}/", "") in done.err
    assert kept.read_bytes() == last
    back = run("resume", "a", "--headless", "--epochs", 5, "--checkpoint", kept.name)
    assert "resuming at the end of epoch 4" in back.err
    assert "drops" not in back.err
    rows = (trained / "metrics.jsonl").read_text().splitlines()
    assert len(rows) == 5
