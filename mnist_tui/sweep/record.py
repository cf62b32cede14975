"""A sweep's folder: what it is to be, what could not be trained of it, and who trains it."""

import platform
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Self

from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.errors import UsageError
from mnist_tui.store.atomic import read_json, write_json
from mnist_tui.store.catalog import SWEEP_FILE, find_sweep_folder
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.new_run import check_place
from mnist_tui.store.owner import Owner
from mnist_tui.sweep.grid import Grid, Trial


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """All that is to be known of a sweep beside its runs."""

    grid: Grid
    trials: tuple[Trial, ...]
    """In the order in which they are trained."""
    origin: Path
    """The folder that the user was in: what they named by relative paths is below it."""
    jobs: int = 1
    """Trials that are trained at a time."""
    failures: Mapping[str, str] = field(default_factory=dict)
    """Why a trial could not be trained to its end, by its name."""

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` reads, as plain values."""
        return {
            "grid": self.grid.to_dict(),
            "trials": [
                {"name": trial.name, "config": trial.config.to_dict()} for trial in self.trials
            ],
            "origin": str(self.origin),
            "jobs": self.jobs,
            "failures": dict(self.failures),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave.

        Raises:
            KeyError, TypeError, AttributeError: When it is something else.
            ConfigError: When a trial has a setting that cannot be used.
        """
        return cls(
            grid=Grid.from_dict(values["grid"]),
            trials=tuple(
                Trial(name=trial["name"], config=TrainConfig.from_dict(trial["config"]))
                for trial in values["trials"]
            ),
            origin=Path(values["origin"]),
            jobs=int(values.get("jobs", 1)),
            failures=dict(values.get("failures", {})),
        )

    def with_failure(self, name: str, reason: str | None) -> Self:
        """The same where a trial has failed for a reason; None: it has not."""
        others = {other: known for other, known in self.failures.items() if other != name}
        return replace(self, failures=others if reason is None else {**others, name: reason})


class SweepFolder:
    """The folder of a sweep: sweep.json, and one directory for each trial that was begun."""

    def __init__(self, path: Path, training: Mapping[str, Any] | None = None) -> None:
        """
        Args:
            training: How this user has it trained, by the names of the command's options; not on
                disk, so that nobody else's file decides on which machines.
        """
        self.path = path
        self.training: Final = training or {}
        self.record = path / SWEEP_FILE
        self.log = path / "log.txt"
        """Of what the process without a terminal prints that trains it."""
        self._lock = RunDirectory(path).lock

    def run(self, trial: Trial) -> RunDirectory:
        """The directory of a trial's run, whether it is there or not."""
        return RunDirectory(self.path / trial.name)

    def read(self) -> Sweep:
        """What sweep.json says.

        Raises:
            UsageError: When there is none that can be read.
        """
        try:
            return Sweep.from_dict(read_json(self.record))
        except (KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"{self.path} is not a sweep: it has no {SWEEP_FILE} that can be read"
            ) from error

    def write(self, sweep: Sweep) -> None:
        """Replace sweep.json, all or nothing. For the process that has the lock.

        Raises:
            UsageError: When it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_json(self.record, sweep.to_dict())
        except OSError as error:
            raise UsageError(
                f"cannot write to {self.path}: {error.strerror}; make room, or check its "
                "permissions"
            ) from error

    @property
    def owner(self) -> Owner:
        """The process that has trained it last."""
        return self._lock.owner

    def is_locked(self) -> bool:
        """Whether a process trains it."""
        return self._lock.is_held()

    @property
    def trainer(self) -> int | None:
        """The number of the process of this machine that trains it; None: there is none."""
        owner = self.owner
        is_here = owner.host == platform.node() and owner.pid > 0
        return owner.pid if is_here and self.is_locked() else None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process from training this sweep, until left or until this one dies.

        Raises:
            UsageError: When one does.
        """
        with ExitStack() as held:
            try:
                held.enter_context(self._lock.hold())
            except UsageError as error:
                if not self.is_locked():
                    raise
                raise UsageError(
                    f"sweep {self.path.name} is being trained by {self.owner}; stop that one first"
                ) from error
            yield


def make_sweep(runs_dir: Path, name: str, grid: Grid, origin: Path) -> SweepFolder:
    """The folder of a sweep: a new one, or that of the same grid, to be resumed.

    Args:
        runs_dir: The folder of the runs, in which it is.
        origin: The folder that relative paths of the user's are below.

    Raises:
        ConfigError: When a value cannot be used.
        UsageError: When something else is there, or nothing can be.
    """
    folder = SweepFolder(runs_dir / name)
    if folder.record.exists():
        _check_same(folder, grid)
        return folder
    check_place(runs_dir, name)
    folder.write(Sweep(grid=grid, trials=grid.trials(), origin=origin))
    return folder


def _check_same(folder: SweepFolder, grid: Grid) -> None:
    """Find out that a sweep is of this grid."""
    known = folder.read().grid.values
    names = [name for name in SETTINGS if known.get(name) != grid.values.get(name)]
    if names:
        raise UsageError(
            f"sweep {folder.path.name} is another one, with other values of {', '.join(names)}; "
            "choose another name for this one"
        )


def list_sweeps(runs_dir: Path) -> list[SweepFolder]:
    """The sweeps in a folder of runs, the newest first."""
    records = [path for path in runs_dir.glob(f"*/{SWEEP_FILE}") if path.is_file()]
    records.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    return [SweepFolder(path.parent) for path in records]


def find_sweep(runs_dir: Path, name: str) -> SweepFolder:
    """The sweep of that name or path, or the newest one for `last`.

    Raises:
        UsageError: When there is none.
    """
    if name == "last":
        sweeps = list_sweeps(runs_dir)
        if not sweeps:
            raise UsageError(f"there is no sweep in {runs_dir}")
        return sweeps[0]
    folder = find_sweep_folder(runs_dir, name)
    if folder is not None:
        return SweepFolder(folder)
    raise UsageError(f"there is no sweep named {name} in {runs_dir}; check the name")
