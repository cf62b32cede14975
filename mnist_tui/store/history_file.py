"""The curves of a run's batches as one file of plain arrays, readable without torch."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.errors import DataError
from mnist_tui.run.events import LearningRateChanged
from mnist_tui.run.history import Bucket, HistorySnapshot

_LARGEST_BYTES: Final = 16_000_000
"""No file of ours is larger, whatever its entries say."""


@dataclass(frozen=True, slots=True)
class BatchCurves:
    """What the charts draw over a run's batches."""

    losses: HistorySnapshot
    rates: tuple[LearningRateChanged, ...]
    """The user's changes of the learning rate, oldest first."""


def history_bytes(curves: BatchCurves) -> bytes:
    """The file's content. Takes a millisecond or two; keep it off the training thread."""
    losses = curves.losses
    buckets = [(b.first, b.count, b.low, b.mean, b.high, b.bad) for b in losses.buckets]
    arrays: dict[str, NDArray[Any]] = {
        "recent": np.array(losses.recent, "<f8"),
        "buckets": np.array(buckets, "<f8").reshape(-1, 6),
        "open": np.array(losses.open, "<f8"),
        "width_and_count": np.array([losses.width, losses.count], "<i8"),
        "rates": np.array([astuple(change) for change in curves.rates], "<f8").reshape(-1, 4),
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def read_history(path: Path) -> BatchCurves | None:
    """The curves in the file; None where there is no file. Runs no code from it.

    Raises:
        DataError: When the file cannot be read or is damaged.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as parts:
            if sum(part.file_size for part in parts.infolist()) > _LARGEST_BYTES:
                raise ValueError("its entries are too large")
            with np.load(file, allow_pickle=False) as arrays:
                return _curves({name: arrays[name] for name in arrays.files})
    except FileNotFoundError:
        return None
    except Exception as error:
        # Whatever a made-up file may hold in place of these arrays.
        reason = str(error).partition("\n")[0]
        raise DataError(f"{path} cannot be read ({reason}); the next save replaces it") from error


def _curves(arrays: Mapping[str, NDArray[Any]]) -> BatchCurves:
    width, count = map(int, arrays["width_and_count"])
    buckets = tuple(
        Bucket(int(first), int(size), low, mean, high, int(bad))
        for first, size, low, mean, high, bad in arrays["buckets"].tolist()
    )
    losses = HistorySnapshot(
        recent=_floats(arrays["recent"]),
        buckets=buckets,
        open=_floats(arrays["open"]),
        width=width,
        count=count,
    )
    _check(losses)
    rates = tuple(
        LearningRateChanged(lr=lr, previous=previous, epoch=int(epoch), global_batch=int(batch))
        for lr, previous, epoch, batch in arrays["rates"].tolist()
    )
    return BatchCurves(losses, rates)


def _floats(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(np.asarray(values, np.float64).ravel().tolist())


def _check(losses: HistorySnapshot) -> None:
    """Refuse what a LossHistory cannot have been."""
    sizes = [bucket.count for bucket in losses.buckets]
    if losses.width < 1 or any(size != losses.width for size in sizes):
        raise ValueError("its buckets are not of one width")
    if sum(sizes) + len(losses.open) != losses.count or len(losses.recent) > losses.count:
        raise ValueError("its losses are not as many as it says")
    if _firsts(losses.buckets) != list(range(0, sum(sizes), losses.width)):
        raise ValueError("its buckets are not in order")


def _firsts(buckets: Sequence[Bucket]) -> list[int]:
    return [bucket.first for bucket in buckets]
