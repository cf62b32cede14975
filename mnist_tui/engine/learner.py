"""The model, its optimiser and the digits, together on one device."""

from collections.abc import Callable
from typing import Any, TypedDict

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.config import TrainConfig
from mnist_tui.data.digits import Digits
from mnist_tui.engine.batches import DeviceSplit, epoch_order
from mnist_tui.engine.evaluation import Evaluation, batch_count, evaluate
from mnist_tui.engine.inference import Question
from mnist_tui.engine.observer import Observer
from mnist_tui.engine.optimizers import build_optimizer, plain_step
from mnist_tui.engine.reading import Answer, read_images
from mnist_tui.model import Net, build_model


class LearnerState(TypedDict):
    """All that training steps depend on, beside the digits; tensors on the CPU."""

    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    rng: dict[str, Tensor]
    """States of torch's default generators, by device type."""


class Learner:
    """What takes training steps, and all the state that they depend on.

    Making one seeds torch's default generators. No training step waits for the device:
    losses and counts stay there until they are fetched. One thread at a time.
    """

    def __init__(self, config: TrainConfig, digits: Digits, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.model: Net = build_model(config.model).to(device)
        self._optimizer = build_optimizer(self.model, config)
        self._step = plain_step(self._optimizer)
        self._config = config
        self._device = device
        self._train = DeviceSplit(digits.train, device)
        self._validation = DeviceSplit(digits.validation, device)
        self.samples = len(digits.train)
        """Training digits."""
        self.batches = -(-self.samples // config.batch_size)
        """Training batches per epoch."""
        self.validation_samples = len(digits.validation)
        self.observer = Observer(self._validation)
        """Makes an Insight of each validation."""
        self.validation_batches = batch_count(self._validation)
        self._order: tuple[Tensor, ...] = ()
        """The open epoch's batches: (B,) int64 indices on the device."""
        self._losses = torch.zeros(self.batches, device=device)
        """Each batch's mean loss per sample, float32."""
        self._correct = torch.zeros(self.batches, dtype=torch.int64, device=device)
        """How many of each batch were guessed right."""
        self._autocast = torch.autocast(
            device.type, torch.bfloat16, enabled=config.precision == "bf16"
        )

    def samples_up_to(self, batch: int) -> int:
        """Samples in the first `batch` batches of an epoch; the last batch may be smaller."""
        return min(batch * self._config.batch_size, self.samples)

    def open_epoch(self, epoch: int) -> None:
        """Take up the order of that epoch, counted from 1, and train mode."""
        order = epoch_order(self._config.seed, epoch, self.samples)
        self._order = torch.split(order.to(self._device), self._config.batch_size)
        self.model.train()

    def set_lr(self, lr: float) -> None:
        """Use `lr` from the next step on."""
        for group in self._optimizer.param_groups:
            group["lr"] = lr

    def train_batch(self, batch: int) -> None:
        """One step on the open epoch's batch number `batch`, counted from 0."""
        images, labels = self._train.gather(self._order[batch])
        with self._autocast:
            output = self.model(images)  # (B, 10)
        loss = F.nll_loss(output, labels)
        # What is told stays the plain loss, which the validation's can be compared with.
        target = self._smooth(loss, output)
        for parameter in self.model.parameters():
            parameter.grad = None
        target.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            self._step()
            self._losses[batch] = loss
            self._correct[batch] = (output.argmax(dim=1) == labels).sum()

    def _smooth(self, loss: Tensor, output: Tensor) -> Tensor:
        """The loss to learn from: `loss` with a part of each target spread over all classes."""
        smoothing = self._config.label_smoothing
        return (1 - smoothing) * loss - smoothing * output.mean() if smoothing else loss

    def fetch(self, start: int, stop: int) -> tuple[list[float], int]:
        """The mean losses of the batches from `start` up to `stop`, and their correct guesses.

        Waits for the device.
        """
        losses: list[float] = self._losses[start:stop].tolist()
        return losses, int(self._correct[start:stop].sum())

    def validate(self, between: Callable[[int], None]) -> Evaluation:
        """Evaluate on the validation digits; `between` as in `evaluate`."""
        return evaluate(self.model, self._validation, self._config.precision, between)

    def read(self, question: Question) -> Answer:
        """What the model makes of images, as `read_images`. Waits for the device."""
        return read_images(self.model, question, self._config.precision)

    def has_finite_weights(self) -> bool:
        """Whether every weight is a number. Waits for the device."""
        with torch.no_grad():
            # A sum is a number only if all in it are, and is found twenty times as fast as
            # they are looked at. It may overflow by itself, though.
            sums = torch.stack([p.sum() for p in self.model.parameters()])
            if sums.isfinite().all():
                return True
            return all(bool(p.isfinite().all()) for p in self.model.parameters())

    def capture(self) -> LearnerState:
        """A copy, on the CPU, of all that the next step depends on. Waits for the device."""
        rng = {"cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            rng["cuda"] = torch.cuda.get_rng_state(self._device)
        elif self._device.type == "mps":
            rng["mps"] = torch.mps.get_rng_state()
        return LearnerState(
            model=_to_cpu(self.model.state_dict()),
            optimizer=_to_cpu(self._optimizer.state_dict()),
            rng=rng,
        )

    def restore(self, state: LearnerState) -> None:
        """Take over what `capture` gave.

        Raises:
            Exception: Of whatever kind torch raises, when they do not fit this model.
        """
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        rng = state["rng"]
        torch.set_rng_state(rng["cpu"])
        if self._device.type == "cuda" and "cuda" in rng:
            torch.cuda.set_rng_state(rng["cuda"], self._device)
        elif self._device.type == "mps" and "mps" in rng:
            torch.mps.set_rng_state(rng["mps"])


def _to_cpu(value: Any) -> Any:
    """A copy of nested dicts and lists with every tensor in memory of its own on the CPU."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
    if isinstance(value, dict):
        return {key: _to_cpu(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_cpu(item) for item in value]
    return value
