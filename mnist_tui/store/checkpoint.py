"""A run at a batch boundary, as one file that plain PyTorch can read."""

import math
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.errors import CheckpointError, first_line
from mnist_tui.run.classes import DIGITS, classes_in
from mnist_tui.run.events import EpochRow, LearningRateChanged, best_of
from mnist_tui.store.torch_file import TorchFile, damaged, read_torch_file, sealed

_ANY_FORMAT: Final = "mnist-tui checkpoint "
FORMAT: Final = f"{_ANY_FORMAT}2"
KEPT_ROWS: Final = 100
"""How many epochs' rows a checkpoint holds, so that saving takes no longer in a long run."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything that a resumed run needs to be the run that never stopped.

    All tensors are on the CPU and belong to the checkpoint alone.
    """

    model: dict[str, Tensor]
    """The weights; plain PyTorch loads them into the network that the config names."""
    optimizer: dict[str, Any]
    """The optimizer's state_dict."""
    config: TrainConfig
    fingerprint: str
    """Of the dataset that it was trained on."""
    epoch: int
    """The open epoch, counted from 1."""
    batch: int
    """Training batches of that epoch that are in the weights."""
    global_batch: int
    """Training batches of the whole run that are in the weights."""
    loss_sum: float
    """Sum of the losses of the open epoch's examples so far."""
    correct: int
    """How many of those were predicted correctly."""
    lr_scale: float
    """What the user multiplied the schedule's learning rate by: 0.5 after one halving."""
    rng: dict[str, Tensor]
    """States of torch's default generators: `cpu`, and the device's where it has one."""
    rows: tuple[EpochRow, ...]
    """The newest finished epochs, KEPT_ROWS at most; metrics.jsonl has all of them."""
    elapsed_s: float
    """Seconds of training and validation in the whole run, pauses left out."""
    epoch_train_s: float
    """Seconds of those that went into training in the open epoch."""
    history: dict[str, Any] = field(default_factory=dict)
    """A HistorySnapshot of all losses, as plain values."""
    rates: tuple[LearningRateChanged, ...] = ()
    """The changes of the learning rate that led to it, oldest first."""
    best: EpochRow | None = None
    """The best finished epoch."""
    classes: tuple[str, ...] = DIGITS
    """The names of the dataset's classes, in the order of the labels."""
    is_handwriting: bool = True
    """Whether its images are characters in MNIST's form; others are taken as they are."""

    def to_bytes(self) -> bytes:
        """The file's content. Takes some milliseconds; keep it off the training thread."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["config"] = self.config.to_dict()
        values["classes"] = list(self.classes)
        values["rows"] = [asdict(row) for row in self.rows]
        values["best"] = asdict(self.best) if self.best else None
        values["rates"] = [asdict(change) for change in self.rates]
        return sealed({"format": FORMAT, **values})


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read the checkpoint in a file. Runs no code from it.

    Raises:
        CheckpointError: When the file cannot be read, is damaged, or is something else.
    """
    path = Path(path)
    file = read_torch_file(path)
    if not is_ours(file):
        if not file.is_intact:
            raise damaged(path)
        raise CheckpointError(
            f"{path} was not saved by mnist-tui: it may be evaluated, but no run can resume from it"
        )
    if file.is_intact and not file.is_sealed:
        raise CheckpointError(
            f"{path} was saved again by another program: it may be evaluated, but no run can "
            "resume from it; use another checkpoint of that run"
        )
    return to_checkpoint(file, path)


def is_ours(file: TorchFile) -> bool:
    """Whether it was saved by this program, in this or another version of it."""
    return isinstance(file.values, dict) and str(file.values.get("format")).startswith(_ANY_FORMAT)


def to_checkpoint(file: TorchFile, path: Path) -> Checkpoint:
    """The checkpoint in a file of ours.

    Raises:
        CheckpointError: When it is damaged, of another version, or impossible.
    """
    if file.is_intact and file.values["format"] != FORMAT:
        raise CheckpointError(
            f"{path} is of another version of mnist-tui ({file.values['format']}); "
            "use that version, or train again"
        )
    if not file.is_intact:
        raise CheckpointError(
            f"{path} is damaged: its checksum is wrong; use another checkpoint of that run"
        )
    try:
        checkpoint = _from_values(file.values)
        problem = _problem(checkpoint)
    except Exception as error:
        # Whatever a made-up file may hold in place of these values.
        reason = first_line(error)[:200]
        raise CheckpointError(
            f"{path} is not a checkpoint that this version can read: {reason}; "
            "use another checkpoint of that run"
        ) from error
    if problem is not None:
        raise CheckpointError(f"{path} {problem}; use another checkpoint of that run")
    return checkpoint


def _from_values(values: dict[str, Any]) -> Checkpoint:
    """The checkpoint that `to_bytes` saved; keys of a newer version are left out."""
    known = {key: values[key] for key in _names(Checkpoint) if key in values}
    rows = tuple(map(EpochRow.from_dict, values["rows"]))
    best = values.get("best")  # older files have none, and all rows
    return Checkpoint(
        **{
            **known,
            "config": TrainConfig.from_dict(values["config"]),
            "classes": classes_in(values.get("classes")),
            "rows": rows,
            "best": best_of(rows) if best is None else EpochRow.from_dict(best),
            "rates": tuple(
                LearningRateChanged(**_known(LearningRateChanged, change))
                for change in values["rates"]
            ),
        }
    )


def _known(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key in _names(kind)}


def _names(kind: Any) -> set[str]:
    return {entry.name for entry in fields(kind)}


def newest_good(folder: Path, but: Path) -> tuple[Path, Checkpoint] | None:
    """The newest checkpoint in `folder` that can be read, other than `but`; None when none can."""
    with suppress(OSError):
        paths = [path for path in folder.glob("[!.]*.pt") if path != but and path.is_file()]
        for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True):
            with suppress(CheckpointError):
                return path, read_checkpoint(path)
    return None


def _problem(checkpoint: Checkpoint) -> str | None:
    """What is impossible in a checkpoint whose checksum is right; None when nothing is."""
    for name in ("epoch", "batch", "global_batch", "correct"):
        value = getattr(checkpoint, name)
        if not isinstance(value, int) or value < (name == "epoch"):
            return f"has an impossible {name}"
    for name in ("loss_sum", "lr_scale", "elapsed_s", "epoch_train_s"):
        value = getattr(checkpoint, name)
        if not isinstance(value, float) or not math.isfinite(value):
            return f"has an impossible {name}"
    if checkpoint.lr_scale <= 0.0:
        return "has an impossible lr_scale"
    for change in checkpoint.rates:
        if not isinstance(change.global_batch, int) or not math.isfinite(change.lr):
            return "has an impossible change of the learning rate"
    count = max(len(checkpoint.rows), min(checkpoint.epoch - 1, KEPT_ROWS))
    expected = range(checkpoint.epoch - count, checkpoint.epoch)
    if [row.epoch for row in checkpoint.rows] != list(expected):
        return f"is of epoch {checkpoint.epoch} and does not hold the rows of those before"
    for name, tensor in checkpoint.model.items():
        # Infinities are right in a buffer, as the mask of an attention.
        if bool(tensor.isnan().any()):
            return f"has weights in {name} that are not numbers"
    return None
