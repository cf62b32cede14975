"""The settings in force, which a person may change while the run goes on."""

from dataclasses import replace
from typing import Any

from mnist_tui.config import TrainConfig
from mnist_tui.engine.optimizers import scheduled_lr
from mnist_tui.run.events import Event, LearningRateChanged, SettingsChanged
from mnist_tui.run.requests import Adjust


class LiveHyperparameters:
    """A run's config and what has been made of its learning rate. Training thread only."""

    def __init__(self, config: TrainConfig, batches: int) -> None:
        self.config = config
        self.lr_scale = 1.0
        """What a person made of the schedule's learning rate: 0.5 after one halving."""
        self._batches = batches

    @property
    def peak_lr(self) -> float:
        """The learning rate without its schedule, as a person has changed it."""
        return self.lr_scale * self.config.lr

    def lr_at(self, global_batch: int) -> float:
        """The learning rate of the step after that many others."""
        total = self.config.epochs * self._batches
        return self.lr_scale * scheduled_lr(self.config, global_batch, total)

    def set_peak_lr(self, lr: float, epoch: int, global_batch: int) -> Event:
        """Train at `lr`, with a schedule at that peak, from here on; what is to be told."""
        previous = self.lr_at(global_batch)
        self.lr_scale = lr / self.config.lr
        return LearningRateChanged(
            lr=self.lr_at(global_batch), previous=previous, epoch=epoch, global_batch=global_batch
        )

    def adjust(self, request: Adjust, epoch: int, global_batch: int) -> list[Event]:
        """Change what was asked for, in the open `epoch`; what is to be told."""
        told = self._change_config(request, epoch, global_batch)
        if request.lr is not None:
            previous = self.lr_at(global_batch)
            self.lr_scale *= request.lr / previous
            told.append(
                LearningRateChanged(
                    lr=request.lr, previous=previous, epoch=epoch, global_batch=global_batch
                )
            )
        return told

    def _change_config(self, request: Adjust, epoch: int, global_batch: int) -> list[Event]:
        before = self.config
        changes: dict[str, Any] = {}
        if request.epochs is not None:
            # The open epoch is the earliest that a run can end with.
            changes["epochs"] = max(request.epochs, min(epoch, before.epochs))
        if request.checkpoint_every_s is not None:
            changes["checkpoint_every_s"] = request.checkpoint_every_s
        self.config = replace(before, **changes)
        if self.config == before:
            return []
        return [
            SettingsChanged(
                epochs=self.config.epochs,
                checkpoint_every_s=self.config.checkpoint_every_s,
                previous_epochs=before.epochs,
                previous_checkpoint_every_s=before.checkpoint_every_s,
                epoch=epoch,
                global_batch=global_batch,
            )
        ]
