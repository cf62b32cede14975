"""What a checkpoint is worth, on digits that it was not trained on."""

from dataclasses import dataclass
from pathlib import Path

from mnist_tui import formatting
from mnist_tui.data import load_dataset
from mnist_tui.data.device_split import DeviceSplit
from mnist_tui.devices import resolve_device
from mnist_tui.errors import CheckpointError
from mnist_tui.inference.validation_pass import evaluate
from mnist_tui.metrics import ClassFigures, class_figures
from mnist_tui.models.registry import Net, build_model, find_mismatch
from mnist_tui.store.checkpoint import Checkpoint, read_checkpoint


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """A checkpoint's figures on the validation digits."""

    checkpoint: str
    model: str
    epoch: int
    """The epoch that was open when it was saved."""
    batch: int
    """Batches of that epoch that are in it."""
    place: str
    """The same in words: `the end of epoch 3` where the fourth is open and not begun."""
    dataset: str
    samples: int
    loss: float
    """Mean per sample."""
    accuracy: float
    """Fraction guessed right, in [0, 1]."""
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    """10 rows, the true classes, of 10 counts, the guesses."""


def load_model(checkpoint: Checkpoint, path: Path) -> Net:
    """The checkpoint's network on the CPU, in eval mode.

    Raises:
        CheckpointError: When the weights are not those of the network that it names.
    """
    model = build_model(checkpoint.config.model)
    mismatch = find_mismatch(checkpoint.model, model)
    if mismatch is not None:
        raise CheckpointError(f"{path} is not a {checkpoint.config.model}: {mismatch}")
    model.load_state_dict(checkpoint.model)
    return model.eval()


def evaluate_checkpoint(
    path: Path, dataset: str | None, data_dir: str | None, device: str
) -> EvaluationReport:
    """Evaluate the checkpoint in a file. Blocks.

    Args:
        path: The file.
        dataset: As in TrainConfig; None: the one that it was trained on.
        data_dir: As in TrainConfig; None: the one that it was trained with.
        device: As in TrainConfig.

    Raises:
        MnistTuiError: When checkpoint, digits or device are not to be had.
    """
    checkpoint = read_checkpoint(path)
    model = load_model(checkpoint, path)
    target = resolve_device(device)
    config = checkpoint.config
    digits = load_dataset(dataset or config.dataset, data_dir or config.data_dir)
    result = evaluate(model.to(target), DeviceSplit(digits.validation, target))
    return EvaluationReport(
        checkpoint=str(path),
        model=type(model).__name__,
        epoch=checkpoint.epoch,
        batch=checkpoint.batch,
        place=formatting.place(checkpoint.epoch, checkpoint.batch),
        dataset=digits.title,
        samples=len(digits.validation),
        loss=result.loss,
        accuracy=result.accuracy,
        classes=class_figures(result.confusion),
        confusion=result.confusion,
    )
