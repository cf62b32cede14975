"""A run's curves as CSV files."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from mnist_tui.export.curves import Curves
from mnist_tui.run.events import EpochRow
from mnist_tui.store.atomic import write_atomic


def export_csv(curves: Curves, folder: Path) -> tuple[Path, ...]:
    """Write `epochs.csv`, `batches.csv` and `losses.csv` into `folder`.

    `batches.csv` has all batches in groups of equal size, each with its minimum, mean and
    maximum and how many losses were not finite. `losses.csv` has the newest losses, one by one.
    Batches are counted from 1. nan and infinite values are written as `nan` and `inf`.

    Returns:
        The files.

    Raises:
        OSError: When one cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    history = curves.history
    first = history.count - len(history.recent) + 1
    return (
        _write(
            folder / "epochs.csv",
            [field.name for field in fields(EpochRow)],
            (astuple(row) for row in curves.rows),
        ),
        _write(
            folder / "batches.csv",
            ("first", "last", "minimum", "mean", "maximum", "not_finite"),
            (
                (b.first + 1, b.first + b.count, b.low, b.mean, b.high, b.bad)
                for b in history.all_buckets
            ),
        ),
        _write(folder / "losses.csv", ("batch", "loss"), enumerate(history.recent, start=first)),
    )


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomic(path, text.getvalue().encode())
    return path
