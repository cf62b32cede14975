"""Evaluating a checkpoint on examples that it was not trained on."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mnist_tui import formatting
from mnist_tui.data import load_dataset
from mnist_tui.data.dataset import Dataset
from mnist_tui.data.device_split import DeviceSplit
from mnist_tui.devices import choose_device
from mnist_tui.errors import DataError, Remedy
from mnist_tui.inference.load import LoadedModel, read_model
from mnist_tui.inference.validation_pass import evaluate
from mnist_tui.metrics import ClassFigures, class_figures
from mnist_tui.models.source import ModelSource
from mnist_tui.run.classes import are_digits


@dataclass(frozen=True, kw_only=True)
class EvaluationReport:
    """A checkpoint's figures on the validation examples."""

    checkpoint: str
    model: str
    epoch: int | None
    """The epoch that was open when it was saved: 4, with batch 0, at the end of the third one.
    None, as are the three that follow, where the file holds weights alone."""
    batch: int | None
    """Batches of that epoch that are in it."""
    epochs_done: int | None
    """Epochs that were finished when it was saved."""
    place: str
    """The same in words: `the end of epoch 3`."""
    dataset: str
    samples: int
    loss: float
    """Mean per example."""
    accuracy: float
    """Fraction predicted correctly, in [0, 1]."""
    class_names: tuple[str, ...]
    """In the order of the labels."""
    classes: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    """One row per true class, of one count per predicted class."""
    notices: tuple[str, ...]
    """What the user must know to read the figures."""

    def as_dict(self) -> dict[str, Any]:
        """What JSON says of it: each class by its name, and by its number where it is a digit."""
        values = asdict(self)
        names = values.pop("class_names")
        classes = []
        for figures in values["classes"]:
            label = figures.pop("label")
            digit = {"digit": label} if are_digits(names) else {}
            classes.append({"class": names[label], **digit, **figures})
        return {**values, "classes": classes}


def evaluate_checkpoint(
    path: Path,
    dataset: str | None,
    data_dir: str | None,
    device: str,
    model: str | ModelSource | None = None,
) -> EvaluationReport:
    """Evaluate the checkpoint in a file. Blocks.

    Args:
        path: The file, saved by this program or by another that has the same networks.
        dataset: As in TrainConfig; None: the one that it was trained on.
        data_dir: As in TrainConfig; None: the one that it was trained with.
        device: As in TrainConfig.
        model: As in `read_model`.

    Raises:
        MnistTuiError: When checkpoint, dataset or device are not available.
    """
    loaded = read_model(path, model)
    checkpoint = loaded.checkpoint
    chosen = choose_device(device)
    if checkpoint is not None:
        dataset = dataset or checkpoint.config.dataset
        data_dir = data_dir or checkpoint.config.data_dir
    data = load_dataset(dataset or "auto", data_dir)
    if len(data.classes) != len(loaded.classes):
        raise DataError(
            f"{path} tells {len(loaded.classes)} classes apart, and {data.spec.title} has "
            f"{len(data.classes)}: name the dataset that it was trained on",
            Remedy(settings={"dataset": None}),
        )
    module = loaded.classifier.module.to(chosen.device)
    result = evaluate(loaded.classifier, DeviceSplit(data.validation, chosen.device))
    return EvaluationReport(
        checkpoint=str(path),
        model=type(module).__name__,
        epoch=checkpoint.epoch if checkpoint else None,
        batch=checkpoint.batch if checkpoint else None,
        epochs_done=checkpoint.epoch - 1 if checkpoint else None,
        place=formatting.place(checkpoint.epoch, checkpoint.batch) if checkpoint else "weights",
        dataset=data.title,
        samples=len(data.validation),
        loss=result.loss,
        accuracy=result.accuracy,
        class_names=data.classes,
        classes=class_figures(result.confusion),
        confusion=result.confusion,
        notices=_notices(loaded, data, chosen.notice),
    )


def _notices(loaded: LoadedModel, data: Dataset, device: str) -> tuple[str, ...]:
    checkpoint = loaded.checkpoint
    is_other = checkpoint is not None and checkpoint.fingerprint != data.fingerprint
    other = "this is not the dataset that the checkpoint was trained on" if is_other else ""
    return tuple(filter(None, (loaded.notice, data.notice, other, device)))
