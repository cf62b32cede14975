"""Folders of sweeps whose runs were never trained, for tests of what shows them."""

import json
from pathlib import Path

from mnist_tui.sweep.grid import Grid
from mnist_tui.sweep.record import SweepFolder, make_sweep
from tests.tui.runs.written_runs import write_run

GRID = Grid({"lr": (0.1, 0.01, 0.001), "seed": (0, 1, 2), "epochs": (3,)})


def write_sweep(runs_dir: Path, name: str = "rates", grid: Grid = GRID) -> SweepFolder:
    """A sweep of which nothing is trained yet."""
    return make_sweep(runs_dir, name, grid, runs_dir)


def write_trial(folder: SweepFolder, name: str, losses: list[float], state: str) -> Path:
    """A run of a trial: its accuracies are `1 - loss / 10`."""
    config = next(trial.config for trial in folder.read().trials if trial.name == name)
    settings = {"lr": config.lr, "seed": config.seed, "epochs": config.epochs}
    path = write_run(folder.path, name, losses, **settings)
    status = {"state": state, "updated": 1_700_000_000.0, "epochs": config.epochs}
    (path / "status.json").write_text(json.dumps(status))
    return path


def write_half_a_sweep(runs_dir: Path) -> SweepFolder:
    """A sweep with trials of every state, and no process that trains it."""
    folder = write_sweep(runs_dir)
    for seed, loss in enumerate((0.30, 0.28, 0.35)):
        write_trial(folder, f"lr=0.01,seed={seed}", [0.6, 0.4, loss], "finished")
    write_trial(folder, "lr=0.1,seed=0", [0.2, 0.15, 0.12], "finished")
    write_trial(folder, "lr=0.1,seed=1", [0.25, 0.16], "running")  # its process is dead
    write_trial(folder, "lr=0.001,seed=0", [2.0, 1.9], "stopped")
    folder.write(folder.read().with_failure("lr=0.1,seed=2", "the loss is not a number"))
    return folder
