"""Numbers in the form in which they are shown."""

import math
from typing import Final

UNKNOWN: Final = "–"
"""Shown where a number is not known yet."""


def loss(value: float | None) -> str:
    """A mean loss per sample in at most 7 columns: `0.1334`, `12.346`, `nan`."""
    if value is None:
        return UNKNOWN
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf"
    if abs(value) >= 10_000:
        return f"{value:.1e}"
    return f"{value:.{4 if abs(value) < 10 else 2}f}"


def percent(value: float | None) -> str:
    """A fraction as a percentage in at most 8 columns: `97.20 %`."""
    return UNKNOWN if value is None else f"{100 * value:.2f} %"


def whole_percent(value: float) -> str:
    """A fraction as a whole percentage, 100 % only when it is all: ` 64 %`; ` nan` for nan."""
    if math.isnan(value):
        return "nan %"
    return f"{math.floor(100 * min(max(value, 0.0), 1.0)):3d} %"


def throughput(value: float | None) -> str:
    """Samples per second in at most 10 columns: `12,345/s`, `1.25 M/s`."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}/s" if value < 999_999.5 else f"{value / 1e6:.2f} M/s"


def learning_rate(value: float | None) -> str:
    """A learning rate with up to 4 significant digits: `0.01`, `0.00125`, `1e-05`."""
    return UNKNOWN if value is None else f"{value:.4g}"


def count(value: int) -> str:
    """A whole number with its thousands separated: `60,000`."""
    return f"{value:,}"


def counted(number: int, noun: str) -> str:
    """A number of things: `1 epoch`, `19 epochs`, `60,000 images`."""
    return f"{count(number)} {noun}{'s' if number != 1 else ''}"


def place(epoch: int, batch: int) -> str:
    """Where a run stood, in words: an epoch that is open but not begun is the last one's end."""
    if batch == 0 and epoch > 1:
        return f"the end of epoch {epoch - 1}"
    return f"epoch {epoch}, batch {count(batch)}"


def duration(seconds: float | None) -> str:
    """A time span: `0:07`, `12:34`, `1:02:03`, `2d 03:04`."""
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    minutes, second = divmod(int(max(seconds, 0.0) + 0.5), 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24}d {hours % 24:02d}:{minute:02d}"
    if hours:
        return f"{hours}:{minute:02d}:{second:02d}"
    return f"{minute}:{second:02d}"


def ago(seconds: float) -> str:
    """How long ago something was: `just now`, `5 min ago`, `2 d ago`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "just now"


def seconds(value: float) -> str:
    """The seconds that an epoch took, in at most 7 columns: `3.42`, `123.4`, `12:34`."""
    if value >= 1000:
        return duration(value)
    return f"{value:.{2 if value < 100 else 1}f}"


def short_time(value: float | None) -> str:
    """The seconds of one step: `320 µs`, `2.6 ms`, `1.2 s`."""
    if value is None:
        return UNKNOWN
    if value < 0.001:
        return f"{1e6 * value:.0f} µs"
    if value < 1.0:
        return f"{1e3 * value:.{1 if value < 0.01 else 0}f} ms"
    return f"{value:.1f} s"


def size(size_bytes: int) -> str:
    """The size of a file: `87 kB`, `4.6 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def memory(size_bytes: int) -> str:
    """Memory in use: `912 MB`, `2.1 GB`, `141 GB`."""
    if size_bytes < 1e9:
        return f"{size_bytes / 1e6:.0f} MB"
    return f"{size_bytes / 1e9:.{1 if size_bytes < 1e11 else 0}f} GB"
