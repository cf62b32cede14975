"""A sweep on a Ray cluster, on a thread of its own, and what is expected of its runs."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mnist_tui.run.events import RunPrepared
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from mnist_tui.sweep.cluster import Cluster
from mnist_tui.sweep.grid import Grid
from mnist_tui.sweep.ray_executor import RayExecutor
from mnist_tui.sweep.record import SweepFolder
from mnist_tui.sweep.scheduler import Scheduler
from tests.campaigns.sameness import assert_same_run
from tests.remote.served import until
from tests.training_helpers import few_config, train

LRS = (0.1, 0.05)
LIMIT_S = 240.0
"""Ray and torch start in many processes, on what cores there are."""


def make_grid(few_digits: Path, **values: Any) -> Grid:
    """Trials of some seconds each."""
    config = few_config(few_digits, epochs=120, checkpoint_every_s=0.5)
    names = ("dataset", "data_dir", "epochs", "checkpoint_every_s")
    given = {name: (getattr(config, name),) for name in names}
    return Grid({**given, "lr": LRS, **values})


class RunningSweep:
    """A sweep on a thread of its own."""

    def __init__(self, folder: SweepFolder, address: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        at = Cluster(address=address)
        self._executor = RayExecutor(at, folder.path, folder.read().origin, self.lines.append)
        self.scheduler = Scheduler(folder, self._executor, self.lines.append)
        self._code = ThreadPoolExecutor(1).submit(self.scheduler.run)

    def exit_code(self) -> int:
        """The code that the sweep ends with."""
        try:
            return self._code.result(300)
        finally:
            self._executor.close()


def runs_of(folder: SweepFolder) -> list[RunDirectory]:
    """The directories of all runs, those that have not begun among them."""
    return [folder.run(trial) for trial in folder.read().trials]


def wait_for_epochs(folder: SweepFolder, epochs: int) -> RunDirectory:
    """The first run of a sweep to have so many epochs in a checkpoint."""

    def found() -> list[RunDirectory]:
        return [r for r in runs_of(folder) if len(r.read_rows()) > epochs and r.last.exists()]

    until(found, f"a run with {epochs} epochs", LIMIT_S)
    return found()[0]


def pid_of(run: RunDirectory) -> int:
    """The process that trains a run, by its own word."""
    return int(read_json(run.status)["pid"])


def starts_of(run: RunDirectory) -> list[tuple[int, int] | None]:
    """The epoch and batch after which each process went on that has trained a run."""
    return [event.resumed_at for _, event in run.read_events() if isinstance(event, RunPrepared)]


def assert_as_if_undisturbed(sweep: SweepFolder, folder: Path) -> None:
    for trial in sweep.read().trials:
        train(trial.config, folder, trial.name)
        assert_same_run(sweep.run(trial).path, folder / trial.name)


def assert_went_on(run: RunDirectory) -> None:
    """A second process has trained it further, from where the first one was."""
    first, second = starts_of(run)
    assert first is None
    assert second is not None
    assert second[0] >= 2, "it began again"
