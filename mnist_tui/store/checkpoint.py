"""A run at a batch boundary, as one file that plain PyTorch can read."""

import hashlib
import io
import json
import math
import warnings
import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from mnist_tui.config import TrainConfig
from mnist_tui.errors import CheckpointError
from mnist_tui.run.events import EpochRow, LearningRateChanged

_ANY_FORMAT: Final = "mnist-tui checkpoint "
FORMAT: Final = f"{_ANY_FORMAT}2"
_UNSEALED: Final = f"{_ANY_FORMAT}1"
"""Held a digest of its values, which took as long as all else in saving it."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Everything that a resumed run needs to be the run that never stopped.

    All tensors are on the CPU and belong to the checkpoint alone.
    """

    model: dict[str, Tensor]
    """The weights; loads into MnistNet with plain PyTorch."""
    optimizer: dict[str, Any]
    """The optimizer's state_dict."""
    config: TrainConfig
    fingerprint: str
    """Of the digits it was trained on."""
    epoch: int
    """The open epoch, counted from 1."""
    batch: int
    """Training batches of that epoch that are in the weights."""
    global_batch: int
    """Training batches of the whole run that are in the weights."""
    loss_sum: float
    """Sum of the losses of the open epoch's samples so far."""
    correct: int
    """How many of them were guessed right."""
    lr_scale: float
    """What a person made of the schedule's learning rate: 0.5 after one halving."""
    rng: dict[str, Tensor]
    """States of torch's default generators: `cpu`, and the device's where it has one."""
    rows: tuple[EpochRow, ...]
    """The finished epochs."""
    elapsed_s: float
    """Seconds of training and validation in the whole run, pauses left out."""
    epoch_train_s: float
    """Seconds of those that went into training in the open epoch."""
    history: dict[str, Any] = field(default_factory=dict)
    """LossHistory's state."""
    rates: tuple[LearningRateChanged, ...] = ()
    """The changes of the learning rate that led to it, oldest first."""

    @property
    def best(self) -> EpochRow | None:
        """The best finished epoch."""
        best = None
        for row in self.rows:
            if row.is_better_than(best):
                best = row
        return best

    def to_bytes(self) -> bytes:
        """The file's content. Takes some milliseconds; keep it off the training thread."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["config"] = self.config.to_dict()
        values["rows"] = [asdict(row) for row in self.rows]
        values["rates"] = [asdict(change) for change in self.rates]
        return sealed({"format": FORMAT, **values})


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file. Runs no code from it.

    Raises:
        CheckpointError: When the file cannot be read, is damaged, or is something else.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise CheckpointError(f"cannot read {path}: {reason}; check the path") from error
    if not content:
        raise CheckpointError(f"{path} is empty; use another checkpoint of that run")
    values = _load(content, path)
    try:
        values["config"] = TrainConfig.from_dict(values["config"])
        values["rows"] = tuple(EpochRow(**row) for row in values["rows"])
        changes = values.get("rates", ())  # files of the first version have none
        values["rates"] = tuple(LearningRateChanged(**change) for change in changes)
        checkpoint = Checkpoint(**values)
        problem = _problem(checkpoint)
    except Exception as error:
        # Whatever a made-up file may hold in place of these values.
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{path} is not a checkpoint that this version can read: {reason}; "
            "use another checkpoint of that run"
        ) from error
    if problem is not None:
        raise CheckpointError(f"{path} {problem}; use another checkpoint of that run")
    return checkpoint


def newest_good(folder: Path, but: Path) -> tuple[Path, Checkpoint] | None:
    """The newest checkpoint in `folder` that can be read, other than `but`; None when none can."""
    with suppress(OSError):
        paths = [path for path in folder.glob("[!.]*.pt") if path != but and path.is_file()]
        for path in sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True):
            with suppress(CheckpointError):
                return path, read_checkpoint(path)
    return None


def sealed(values: dict[str, Any]) -> bytes:
    """What `torch.save` makes of `values`, with a seal that tells other content from this."""
    buffer = io.BytesIO()
    torch.save(values, buffer)
    content = buffer.getvalue()
    with zipfile.ZipFile(buffer) as archive:
        seal = _seal(archive, content)
    # The last two bytes of a zip file without a comment say that it has none.
    return content[:-2] + len(seal).to_bytes(2, "little") + seal


def _seal(archive: zipfile.ZipFile, content: bytes) -> bytes:
    """SHA-256 over a zip file's directory: names, sizes, checksums, and all else of its entries."""
    end = len(content) - len(archive.comment) - 2
    return hashlib.sha256(content[archive.start_dir : end]).hexdigest().encode()


def _load(content: bytes, path: Path) -> dict[str, Any]:
    """The values that `to_bytes` saved, less their format. Runs no code from them."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            is_whole = archive.testzip() is None
            is_sealed = archive.comment == _seal(archive, content)
        with warnings.catch_warnings():
            # What torch thinks of an old or odd file is no help to the person who named it.
            warnings.simplefilter("ignore")
            values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(
            f"{path} is damaged or not a checkpoint; use another checkpoint of that run"
        ) from error
    if not isinstance(values, dict) or not str(values.get("format")).startswith(_ANY_FORMAT):
        raise CheckpointError(f"{path} is not a checkpoint of mnist-tui; name one of its .pt files")
    found = values["format"]
    if found == _UNSEALED:
        is_sealed = _has_its_digest(values)
    elif is_whole and found != FORMAT:
        raise CheckpointError(f"{path} is of another version of mnist-tui; use that version")
    if not (is_whole and is_sealed):
        raise CheckpointError(
            f"{path} is damaged: its checksum is wrong; use another checkpoint of that run"
        )
    return {key: value for key, value in values.items() if key not in ("format", "digest")}


def _has_its_digest(values: dict[str, Any]) -> bool:
    """Whether the values of a file from before there were seals are those that were saved."""
    try:
        return bool(values.get("digest") == _digest(values))
    except Exception:  # noqa: BLE001 - whatever a made-up file may hold
        return False


def _digest(values: dict[str, Any]) -> str:
    """SHA-256 over names, plain values and tensors, in order."""
    digest = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, Tensor):
            digest.update(f"{value.dtype}{tuple(value.shape)}".encode())
            digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
        elif isinstance(value, dict):
            digest.update(b"{%d" % len(value))
            for key, item in value.items():
                add(key)
                add(item)
        else:
            # Tensors stand in dicts only, so that JSON takes all the rest, quickly.
            digest.update(json.dumps(value).encode())

    add({key: value for key, value in values.items() if key != "digest"})
    return digest.hexdigest()


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
    if [row.epoch for row in checkpoint.rows] != list(range(1, checkpoint.epoch)):
        return f"is of epoch {checkpoint.epoch} and does not hold the rows of those before"
    for name, tensor in checkpoint.model.items():
        if not bool(tensor.isfinite().all()):
            return f"has weights in {name} that are not numbers"
    return None
