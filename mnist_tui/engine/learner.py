"""The model, its optimizer and the dataset, together on one device."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypedDict

import torch
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.data.dataset import Dataset
from mnist_tui.data.device_split import DeviceSplit
from mnist_tui.devices import resolve_precision
from mnist_tui.engine.cuda.chunks import GraphedSteps
from mnist_tui.engine.cuda.graphs import GraphRecorder
from mnist_tui.engine.cuda.readback import Readback
from mnist_tui.engine.current_epoch import CurrentEpoch
from mnist_tui.engine.optimizers import build_optimizer, load_state
from mnist_tui.engine.steps.select import MakeStep, select_step
from mnist_tui.engine.validation_analyzer import ValidationAnalyzer
from mnist_tui.errors import TrainingError
from mnist_tui.inference.forward import Answer, read_images
from mnist_tui.inference.validation_pass import Evaluation, batch_count, evaluate
from mnist_tui.models.registry import build_model
from mnist_tui.models.source import ModelSource
from mnist_tui.run.inference import InferenceRequest, InferenceResult
from mnist_tui.run.requests import Infer

log: Final = logging.getLogger(__name__)


class LearnerState(TypedDict):
    """All that training steps depend on, beside the dataset; tensors on the CPU."""

    model: dict[str, Tensor]
    optimizer: dict[str, Any]
    rng: dict[str, Tensor]
    """States of torch's default generators, by device type."""


class Learner:
    """Takes training steps, and owns all the state that they depend on.

    Making one seeds torch's default generators. No training step waits for its own results:
    losses and counts stay on the device until they are read back. One thread at a time.
    """

    def __init__(
        self,
        config: TrainConfig,
        dataset: Dataset,
        device: torch.device,
        recorder: GraphRecorder | None = None,
        warn: Callable[[str], None] = lambda message: None,
        make_step: MakeStep = select_step,
        source: ModelSource | None = None,
    ) -> None:
        """Put model, optimizer and dataset on `device`.

        Args:
            recorder: Captures chunks of steps for that device; None: each step is launched.
            warn: Called, with a sentence, when something is slower than it could be.
            make_step: Makes what takes a step.
            source: Where the network comes from; None: this package, by the config's name.
        """
        torch.manual_seed(config.seed)
        self.device = device
        """Where all of it is."""
        self.precision = resolve_precision(device, config.precision)
        """What it computes in: `fp32`, `tf32` or `bf16`."""
        self._classifier = build_model(source or config.model, len(dataset.classes))
        self.model = self._classifier.module.to(device)
        """The network, on `device`."""
        self._optimizer = build_optimizer(self.model, config)
        self._config = config
        self._train = DeviceSplit(dataset.train, device)
        self._validation = DeviceSplit(dataset.validation, device)
        self.samples = len(dataset.train)
        """Training examples."""
        self.batches = -(-self.samples // config.batch_size)
        """Training batches per epoch."""
        self.validation_samples = len(dataset.validation)
        self.observer = ValidationAnalyzer(self._validation)
        """Makes ValidationResults of each validation."""
        self.validation_batches = batch_count(self._validation)
        self._order = torch.empty(0, dtype=torch.int64, device=device)
        """(N,) int64: the current epoch's examples, batch after batch."""
        self._losses = torch.zeros(self.batches, device=device)
        """Each batch's mean loss per sample, float32."""
        self._hits = torch.zeros(self.samples, dtype=torch.bool, device=device)
        """Which of the current epoch's examples were predicted right, in its order."""
        self.lr = config.lr
        """The learning rate of the last step."""
        step = make_step(self._classifier, self._optimizer, config, device, self.precision, warn)
        self.kernels = step.kernels
        """Which implementation computes the steps, in words."""
        self._chunks = GraphedSteps(
            step, self._train, config.batch_size, self.batches, recorder, warn
        )

    def samples_up_to(self, batch: int) -> int:
        """Samples in the first `batch` batches of an epoch; the last batch may be smaller."""
        return min(batch * self._config.batch_size, self.samples)

    def open_epoch(self, epoch: int) -> None:
        """Take up the order of that epoch, counted from 1, and train mode."""
        self._order = epoch_order(self._config.seed, epoch, self.samples).to(self.device)
        self.model.train()

    def train_from(self, batch: int, lr_at: Callable[[int], float]) -> Iterator[int]:
        """Train the current epoch from `batch` on; yield after each chunk the batches done.

        Args:
            batch: The first batch, counted from 0.
            lr_at: The learning rate of a batch; called for a chunk just before it is trained.
        """
        while batch < self.batches:
            stop = self._chunks.stop_after(batch)
            self.train(batch, [lr_at(step) for step in range(batch, stop)])
            batch = stop
            yield batch

    def train(self, start: int, lrs: Sequence[float]) -> None:
        """Take a step on each of the current epoch's batches from `start` on.

        Waits for the device while that has enough to do.

        Args:
            start: The first batch, counted from 0.
            lrs: The learning rate of each step.
        """
        stop = start + len(lrs)
        first, last = self.samples_up_to(start), self.samples_up_to(stop)
        chunk = self._chunks.take(self._order[first:last], lrs)
        self._losses[start:stop] = chunk.losses
        self._hits[first:last] = chunk.hits
        self.lr = lrs[-1]

    def read_back(self, start: int, stop: int) -> Readback:
        """Request the losses and right predictions of the batches from `start` up to `stop`."""
        first, last = self.samples_up_to(start), self.samples_up_to(stop)
        return Readback(self._losses[start:stop], self._hits[first:last])

    def validate(self, between: Callable[[int], None]) -> Evaluation:
        """Evaluate on the validation split; `between` as in `evaluate`."""
        return evaluate(self._classifier, self._validation, self.precision, between)

    def read_images(self, request: InferenceRequest) -> Answer:
        """Predict images with the model as it is now. Waits for the device."""
        return read_images(self._classifier, request, self.precision)

    def answer(self, request: Infer, epoch: CurrentEpoch) -> None:
        """Let the network read images; a request that fails harms nobody but its sender."""
        if not request.future.set_running_or_notify_cancel():
            return
        try:
            probabilities, inside = self.read_images(request.inference)
        except Exception as error:
            log.exception("an inference request failed")
            request.future.set_exception(TrainingError(f"the model could not answer: {error}"))
            return
        request.future.set_result(
            InferenceResult(
                probabilities=probabilities, inside=inside, epoch=epoch.number, batch=epoch.batch
            )
        )

    def has_finite_weights(self) -> bool:
        """Whether every weight is a finite number. Waits for the device."""
        with torch.no_grad():
            # A sum is finite only if all its terms are, and takes a twentieth of the time of
            # checking each of them. It may overflow by itself, though.
            sums = torch.stack([p.sum() for p in self.model.parameters()])
            if sums.isfinite().all():
                return True
            return all(bool(p.isfinite().all()) for p in self.model.parameters())

    def rehearse(self) -> None:
        """Take a step and undo it, so that the next one takes no longer than those after it."""
        before = self.capture()
        self.open_epoch(1)
        self.train(0, [self._config.lr])
        self.restore(before)

    def capture(self) -> LearnerState:
        """Copy all that the next step depends on to the CPU. Waits for the device."""
        rng = {"cpu": torch.get_rng_state()}
        if self.device.type == "cuda":
            rng["cuda"] = torch.cuda.get_rng_state(self.device)
        elif self.device.type == "mps":
            rng["mps"] = torch.mps.get_rng_state()
        optimizer = _to_cpu(self._optimizer.state_dict())
        for group in optimizer["param_groups"]:
            # A plain number, also where the optimizer reads it from a table on the device.
            group["lr"] = self.lr
        return LearnerState(model=_to_cpu(self.model.state_dict()), optimizer=optimizer, rng=rng)

    def restore(self, state: LearnerState) -> None:
        """Take over what `capture` gave.

        Raises:
            Exception: Of whatever kind torch raises, when they do not fit this model.
        """
        self.model.load_state_dict(state["model"])
        load_state(self._optimizer, state["optimizer"])
        self.lr = float(self._optimizer.param_groups[0]["lr"])
        self._chunks.forget()
        rng = state["rng"]
        torch.set_rng_state(rng["cpu"])
        if self.device.type == "cuda" and "cuda" in rng:
            torch.cuda.set_rng_state(rng["cuda"], self.device)
        elif self.device.type == "mps" and "mps" in rng:
            torch.mps.set_rng_state(rng["mps"])


def epoch_order(seed: int, epoch: int, count: int) -> Tensor:
    """Return the order in which an epoch visits `count` examples: (count,) int64 on the CPU.

    It depends on the seed and the epoch alone, so that a resumed epoch goes on in it.
    """
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return torch.randperm(count, generator=generator)


def _to_cpu(value: Any) -> Any:
    """Copy nested dicts and lists, with every tensor in memory of its own on the CPU."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
    if isinstance(value, dict):
        return {key: _to_cpu(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_cpu(item) for item in value]
    return value
