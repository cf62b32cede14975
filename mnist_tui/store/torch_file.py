"""Files of torch.save, read within bounds and without running code of theirs."""

import hashlib
import io
import stat
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from mnist_tui.errors import CheckpointError
from mnist_tui.store.file_kind import HEAD_BYTES, describe_archive, describe_file, is_legacy_torch

_MAX_BYTES: Final = 2 << 30
_MAX_ENTRIES: Final = 10_000
"""Of the zip file; torch.save makes one for each tensor, and a few more."""
_MAX_VALUES: Final = 10_000_000
"""Of all that is in the file, counted as often as it is referred to."""
_MAX_DEPTH: Final = 30


@dataclass(frozen=True)
class TorchFile:
    """What was in the file, and whether that is what was written."""

    values: Any
    """Tensors on the CPU, and plain values."""
    is_intact: bool
    """Whether the checksums fit, those of `sealed` included where it has them."""
    is_sealed: bool
    """Whether it was written by `sealed`, and not loaded and saved again by another program."""


def sealed(values: dict[str, Any]) -> bytes:
    """The content of a file of torch.save with `values`, with a checksum of all of it."""
    buffer = io.BytesIO()
    torch.save(values, buffer)
    content = buffer.getvalue()
    with zipfile.ZipFile(buffer) as archive:
        seal = _seal(archive, content)
    # The last two bytes of a zip file without a comment say that it has none.
    return content[:-2] + len(seal).to_bytes(2, "little") + seal


def read_torch_file(path: Path) -> TorchFile:
    """Load a file of torch.save. Runs no code from it, and reads no more than 2 GB.

    Raises:
        CheckpointError: When it cannot be read, is damaged, or is another kind of file.
    """
    content = _read(path)
    if is_legacy_torch(content):
        return TorchFile(_load(content, path, is_whole=True), is_intact=True, is_sealed=False)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_archive(archive, len(content), path)
            is_whole = archive.testzip() is None
            is_sealed = bool(archive.comment)
            is_intact = is_whole and (not is_sealed or archive.comment == _seal(archive, content))
    except CheckpointError:
        raise
    except Exception as error:
        # zipfile raises errors of many kinds on archives that are damaged or made up.
        raise damaged(path) from error
    return TorchFile(_load(content, path, is_whole=is_whole), is_intact, is_sealed)


def damaged(path: Path) -> CheckpointError:
    """The error for a file that is not as it was written."""
    return CheckpointError(f"{path} is damaged; use another checkpoint of that run")


def _read(path: Path) -> bytes:
    """The content of a file that torch may be able to load."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            is_run = (path / "checkpoints").is_dir()
            example = path / "checkpoints" / "best.pt"
            what = f"the folder of a run: name a checkpoint, such as {example}"
            raise CheckpointError(f"{path} is {what if is_run else 'a folder, not a checkpoint'}")
        if not stat.S_ISREG(status.st_mode):
            raise CheckpointError(f"{path} is not a file")
        if status.st_size > _MAX_BYTES:
            size = status.st_size / 1e9
            raise CheckpointError(f"{path} has {size:.1f} GB; a checkpoint has at most 2 GB")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            if not head:
                raise CheckpointError(f"{path} is empty; use another checkpoint of that run")
            kind = describe_file(head, status.st_size)
            if kind is not None:
                raise CheckpointError(f"{path} is not a checkpoint; it is {kind}")
            return head + file.read(_MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        raise CheckpointError(f"cannot read {path}: {reason}; check the path") from error


def _check_archive(archive: zipfile.ZipFile, size: int, path: Path) -> None:
    """Refuse archives of other programs, and those that are larger than they look."""
    entries = archive.infolist()
    kind = describe_archive(entry.filename for entry in entries)
    if kind is not None:
        raise CheckpointError(f"{path} is not a checkpoint; it is {kind}")
    is_usual = (
        len({entry.filename for entry in entries}) == len(entries) <= _MAX_ENTRIES
        and all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
        and sum(entry.file_size for entry in entries) <= size
    )
    if not is_usual:
        raise CheckpointError(
            f"{path} is packed in a way that PyTorch does not use; use another checkpoint"
        )


def _seal(archive: zipfile.ZipFile, content: bytes) -> bytes:
    """SHA-256 over a zip file's directory: names, sizes, checksums, and all else of its entries."""
    end = len(content) - len(archive.comment) - 2
    return hashlib.sha256(content[archive.start_dir : end]).hexdigest().encode()


def _load(content: bytes, path: Path, *, is_whole: bool) -> Any:
    try:
        with warnings.catch_warnings():
            # What torch thinks of an old or odd file is of no help to its user.
            warnings.simplefilter("ignore")
            values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:
        # A damaged or made-up file makes torch raise errors of any kind.
        objects = _find_objects(content) if is_whole else ()
        if not objects:
            raise damaged(path) from error
        raise CheckpointError(
            f"{path} holds Python objects ({', '.join(objects[:3])}), and loading those would run "
            "code; save the model's state_dict() in its place"
        ) from error
    if not _is_bounded(values):
        raise CheckpointError(f"{path} holds more values than its size allows")
    return values


def _find_objects(content: bytes) -> list[str]:
    """The classes and functions that loading the file would call, besides torch's own tensors."""
    if is_legacy_torch(content):
        return ["of a file before PyTorch 1.6"]
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(content)))
    except Exception:  # noqa: BLE001 - whatever a made-up file may hold
        return []


def _is_bounded(values: Any) -> bool:
    """Whether `values` have no more parts than fit into memory, however often a part is used.

    Few bytes can refer to the same list, or stretch the same number, a trillion times.
    """
    waiting, count = [(values, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if isinstance(value, Tensor):
            if not _has_its_own_memory(value):
                return False
        elif isinstance(value, dict | list | tuple | set):
            parts = [*value, *value.values()] if isinstance(value, dict) else list(value)
            count += len(parts)
            if depth > _MAX_DEPTH or count > _MAX_VALUES:
                return False
            waiting += [(part, depth + 1) for part in parts]
    return True


def _has_its_own_memory(tensor: Tensor) -> bool:
    if tensor.layout is not torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
