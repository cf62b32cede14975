"""The settings in force, which the user may change while the run goes on."""

from dataclasses import replace
from typing import Any, Final

from mnist_tui import formatting
from mnist_tui.config import SETTINGS, TrainConfig
from mnist_tui.engine.optimizers import scheduled_lr
from mnist_tui.run.events import Event, LearningRateChanged, SettingsChanged, Warned
from mnist_tui.run.requests import Adjust
from mnist_tui.store.checkpoint import Checkpoint

_LIVE: Final = tuple(name for name, setting in SETTINGS.items() if setting.is_live and name != "lr")
"""What SettingsChanged is about; a change of the learning rate has an event of its own."""


class LiveHyperparameters:
    """A run's config and the changes that the user made to it. Training thread only."""

    def __init__(self, config: TrainConfig, batches: int) -> None:
        self.config = config
        self.lr_scale = 1.0
        """The user's factor on the schedule's learning rate: 0.5 after one halving."""
        self.lr_changes: tuple[LearningRateChanged, ...] = ()
        """Each change of the learning rate, oldest first: a resume restores them."""
        self._batches = batches

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take over the learning rate of a run that is resumed."""
        self.lr_scale = checkpoint.lr_scale
        self.lr_changes = checkpoint.rates

    @property
    def peak_lr(self) -> float:
        """The learning rate in force, leaving out its schedule."""
        return self.lr_scale * self.config.lr

    def lr_at(self, global_batch: int) -> float:
        """The learning rate of the step that `global_batch` others come before."""
        return self._lr_by(self.config, global_batch)

    def go_on(
        self, before: TrainConfig, peak_lr: float | None, epoch: int, global_batch: int
    ) -> list[Event]:
        """Resume a run that was trained with `before` until here; the events to emit.

        Args:
            before: Its settings, of which the number of epochs may have been another one.
            peak_lr: Train at this learning rate, with a schedule at that peak, from here on; None:
                it stays.
        """
        scale = self.lr_scale if peak_lr is None else peak_lr / self.config.lr
        if scale == self.lr_scale and not self._is_rescheduled(before):
            return []
        previous, self.lr_scale = self._lr_by(before, global_batch), scale
        return self._leave_schedule(before, previous, epoch, global_batch)

    def adjust(self, request: Adjust, epoch: int, global_batch: int) -> list[Event]:
        """Make the requested changes in the current `epoch`; the events to emit."""
        before, previous = self.config, self.lr_at(global_batch)
        events = self._change_config(request, epoch, global_batch)
        if request.lr is not None:
            # Not by the factor between two rates, whose rounding errors would add up.
            self.lr_scale = request.lr / self._scheduled(self.config, global_batch)
        if request.lr is not None or self._is_rescheduled(before):
            events += self._leave_schedule(before, previous, epoch, global_batch)
        return events

    def _change_lr(self, previous: float, epoch: int, global_batch: int) -> LearningRateChanged:
        """Note that the learning rate is another one from here on."""
        change = LearningRateChanged(
            lr=self.lr_at(global_batch), previous=previous, epoch=epoch, global_batch=global_batch
        )
        self.lr_changes = (*self.lr_changes, change)
        return change

    def _change_config(self, request: Adjust, epoch: int, global_batch: int) -> list[Event]:
        before = self.config
        changes = {name: value for name, value in request.changes.items() if name != "lr"}
        if "epochs" in changes:
            # A run cannot end before the current epoch.
            changes["epochs"] = max(changes["epochs"], min(epoch, before.epochs))
        self.config = replace(before, **changes)
        if self.config == before:
            return []
        values: dict[str, Any] = {}
        for name in _LIVE:
            values[name] = getattr(self.config, name)
            values[f"previous_{name}"] = getattr(before, name)
        return [SettingsChanged(**values, epoch=epoch, global_batch=global_batch)]

    def _is_rescheduled(self, before: TrainConfig) -> bool:
        """Whether the schedule is spread over another number of epochs than until here."""
        return self.config.schedule != "constant" and self.config.epochs != before.epochs

    def _lr_by(self, config: TrainConfig, global_batch: int) -> float:
        """As `lr_at`, by the settings of `config`."""
        return self.lr_scale * self._scheduled(config, global_batch)

    def _scheduled(self, config: TrainConfig, global_batch: int) -> float:
        """The learning rate by the schedule alone."""
        return scheduled_lr(config, global_batch, config.epochs * self._batches)

    def _leave_schedule(
        self, before: TrainConfig, previous: float, epoch: int, global_batch: int
    ) -> list[Event]:
        """Note that the learning rate was `previous` until here; the events to emit.

        Where its schedule is spread over another number of epochs it jumps, which is a warning.
        """
        change = self._change_lr(previous, epoch, global_batch)
        if not self._is_rescheduled(before):
            return [change]
        after = self.config
        old, new, peak = map(formatting.learning_rate, (previous, change.lr, self.peak_lr))
        warning = Warned(
            message=f"the {after.schedule} schedule, with its peak at {peak}, now spans "
            f"{formatting.counted(after.epochs, 'epoch')} in place of {before.epochs}: the "
            f"learning rate jumps from {old} to {new}, and the results are not those of such a "
            "run from its start"
        )
        return [warning, change]
