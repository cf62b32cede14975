"""Sweeps from the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

from mnist_tui.cli.sweep import default_name
from mnist_tui.sweep.grid import Grid
from tests.cli.done import Run, assert_one_line
from tests.sweep.written_sweeps import write_sweep


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--lr", "0.1,x"), ("--lr must be a number above 0", "'x'")),
        (("--lr", "0.1,,0.2"), ("--lr has an empty value",)),
        (("--seed", "1,2,1"), ("--seed has 1 twice",)),
        (("--lr", "0.1"), ("nothing has several values", "--lr 0.1,0.01")),
        ((), ("nothing has several values",)),
        (("--rate", "0.1,0.2"), ("No such option", "--rate", "mnist-tui sweep --help")),
        (("--seed", "0,1", "--jobs", "0"), ("--jobs", "0 is not in the range")),
        (("--seed", "0,1", "--name", "a/b"), ("cannot be a folder's name",)),
        (("--resume", "nowhere"), ("there is no sweep named nowhere",)),
        (("--resume", "last"), ("there is no sweep in runs",)),
        (("--resume", "rates", "--lr", "0.1,0.2"), ("--resume", "leave --lr out")),
        (
            ("--lr", "0.1,0.2", "--name", "rates"),
            ("another one", "other values of epochs, lr, seed"),
        ),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    run: Run, tmp_path: Path, words: tuple[str, ...], said: tuple[str, ...]
) -> None:
    if "rates" in words:
        write_sweep(tmp_path / "runs")
    before = sorted(tmp_path.rglob("*"))
    assert_one_line(run("sweep", "--headless", *words), 2, *said)
    assert sorted(tmp_path.rglob("*")) == before


def test_without_a_terminal_it_says_what_to_type(run: Run, tmp_path: Path) -> None:
    assert_one_line(run("sweep", "--seed", "0,1"), 2, "needs a terminal", "sweep --headless")
    assert not (tmp_path / "runs").exists()


def test_a_sweep_to_resume_is_looked_for_before_a_terminal(run: Run, tmp_path: Path) -> None:
    assert_one_line(run("sweep", "--resume", "nope"), 2, "there is no sweep named nope in runs")
    write_sweep(tmp_path / "runs")
    said = ("needs a terminal", "sweep --headless --resume runs/rates")
    assert_one_line(run("sweep", "--resume", "rates"), 2, *said)


@pytest.mark.slow
def test_a_sweep_that_is_trained_elsewhere_is_refused(run: Run, tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "runs")
    code = (
        "import sys; from pathlib import Path; from mnist_tui.sweep.record import SweepFolder\n"
        "with SweepFolder(Path(sys.argv[1])).lock(): print(flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", code, str(folder.path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        done = run("sweep", "--resume", "rates", "--headless")
        assert_one_line(done, 2, "is being trained by process", str(other.pid))


def test_the_same_grid_has_the_same_folder_by_default() -> None:
    grid = Grid({"lr": (0.1, 0.01), "seed": (0, 1)})
    assert default_name(grid) == default_name(Grid({"seed": (0, 1), "lr": (0.1, 0.01)}))
    assert default_name(grid) != default_name(Grid({"lr": (0.1, 0.02), "seed": (0, 1)}))
    assert default_name(grid).startswith("sweep-lr-seed-")
