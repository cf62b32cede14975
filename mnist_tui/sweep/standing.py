"""How the trials of a sweep stand: in groups that differ in the seed alone, the best first."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mnist_tui.store.summary import RunSummary
from mnist_tui.sweep.grid import SEED, Trial
from mnist_tui.sweep.record import Sweep

WAITING: Final = "waiting"
"""The state of a trial that has not begun."""


@dataclass(frozen=True)
class Entry:
    """A trial, and what is known of its run."""

    trial: Trial
    run: RunSummary | None = None
    """None: there is none yet."""
    failure: str = ""
    """Why it failed, where it did."""

    @property
    def state(self) -> str:
        """A RunSummary's, or WAITING."""
        if self.run is not None and (self.run.is_live or self.run.state == "finished"):
            return self.run.state
        if self.failure:
            return "failed"
        return self.run.state if self.run is not None else WAITING

    @property
    def accuracy(self) -> float | None:
        """Its best validation accuracy so far, in [0, 1]; None: none that counts."""
        return self.run.best_val_accuracy if self.run and self.state != "failed" else None

    @property
    def epochs_done(self) -> int:
        """Epochs that were trained."""
        return self.run.epochs_done if self.run is not None else 0


@dataclass(frozen=True)
class Group:
    """Trials that differ in the seed alone."""

    values: Mapping[str, Any]
    """What they were tried for: the other settings that have several values."""
    entries: tuple[Entry, ...]

    @property
    def accuracies(self) -> tuple[float, ...]:
        """The best validation accuracy of each trial that has one."""
        return tuple(e.accuracy for e in self.entries if e.accuracy is not None)

    @property
    def mean(self) -> float | None:
        """Of the accuracies; None where there are none."""
        return statistics.fmean(self.accuracies) if self.accuracies else None

    @property
    def spread(self) -> float | None:
        """The accuracies' sample standard deviation; None for fewer than two."""
        return statistics.stdev(self.accuracies) if len(self.accuracies) > 1 else None

    @property
    def best(self) -> Entry | None:
        """The entry with the best accuracy."""
        known = [entry for entry in self.entries if entry.accuracy is not None]
        return max(known, key=lambda entry: entry.accuracy or 0.0, default=None)

    @property
    def fraction(self) -> float:
        """The part of all epochs that is trained, in [0, 1]."""
        return sum(min(e.epochs_done / e.trial.config.epochs, 1.0) for e in self.entries) / len(
            self.entries
        )

    def count(self, *states: str) -> int:
        """How many trials are in one of the states."""
        return sum(entry.state in states for entry in self.entries)

    @property
    def live(self) -> int:
        """How many trials are being trained."""
        return sum(entry.run is not None and entry.run.is_live for entry in self.entries)


@dataclass(frozen=True)
class Standing:
    """A sweep at one moment."""

    fields: tuple[str, ...] = ()
    """The settings that tell the groups apart, by TrainConfig's names."""
    groups: tuple[Group, ...] = ()
    """The best mean accuracy first; those without one last, in the order of the grid."""
    trainer: str = ""
    """Who trains it, in words; empty: nobody does."""

    @property
    def entries(self) -> Sequence[Entry]:
        """All trials, group by group."""
        return [entry for group in self.groups for entry in group.entries]


def standing(sweep: Sweep, runs: Mapping[str, RunSummary], trainer: str = "") -> Standing:
    """Bring a sweep's trials into groups, and those into order.

    Args:
        runs: What is known of its runs, by the names of their trials.
        trainer: Who trains it, in words; empty: nobody does.
    """
    fields = tuple(field for field in sweep.grid.swept if field != SEED)
    members: dict[tuple[Any, ...], list[Entry]] = {}
    for trial in sweep.trials:
        entry = Entry(trial, runs.get(trial.name), sweep.failures.get(trial.name, ""))
        key = tuple(getattr(trial.config, field) for field in fields)
        members.setdefault(key, []).append(entry)
    groups = [
        Group(dict(zip(fields, key, strict=True)), tuple(entries))
        for key, entries in members.items()
    ]
    groups.sort(key=lambda group: -1.0 if group.mean is None else group.mean, reverse=True)
    return Standing(fields, tuple(groups), trainer)
