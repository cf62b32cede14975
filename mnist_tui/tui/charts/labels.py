"""Numbers as a chart writes them."""

from __future__ import annotations

import math

from mnist_tui.tui.charts.series import XFormat, YFormat


def value_label(value: float, y_format: YFormat) -> str:
    """Write one value for the legend: 0.0981, 2.303, 97.21%."""
    if not math.isfinite(value):
        return str(value)
    if y_format == "percent":
        return f"{value * 100:.2f}%"
    size = abs(value)
    if size >= 1e5 or 0 < size < 1e-4:
        return _short_exponent(f"{value:.2e}")
    return f"{value:.4f}" if size < 1 else f"{value:.4g}"


def y_label(value: float, step: float, y_format: YFormat) -> str:
    """Write a y tick with the decimals that `step` needs: 0.52, 97.5%."""
    if y_format == "percent":
        return f"{value * 100:.{_decimals(step * 100)}f}%"
    if step < 1e-4 or abs(value) >= 1e5:
        return log_label(value)
    return f"{value:.{_decimals(step)}f}"


def log_label(value: float, y_format: YFormat = "loss") -> str:
    """Write a round number of any size: 100, 0.5, 2e-4, 0.5%."""
    if y_format == "percent":
        return f"{value * 100:.6g}%"
    if value and not 1e-3 <= abs(value) < 1e5:
        return _short_exponent(f"{value:.3g}" if "e" in f"{value:.3g}" else f"{value:.0e}")
    return f"{value:.6g}"


def count_label(value: float, step: float = 1000) -> str:
    """Write an epoch or batch number: 7, 950, 1.5k, 10k, 2M.

    Args:
        value: The number.
        step: The distance to the next tick; a fine one keeps all digits.
    """
    if step >= 100:
        for size, letter in ((1e6, "M"), (1e3, "k")):
            if abs(value) >= size:
                return f"{value / size:.4g}{letter}"
    return f"{value:.0f}"


def time_label(seconds: float) -> str:
    """Write a time span in the units that it has: 0.5s, 45s, 1m30s, 2h."""
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.2g}s"
    hours, rest = divmod(round(seconds), 3600)
    parts = ((hours, "h"), (rest // 60, "m"), (rest % 60, "s"))
    return "".join(f"{value}{unit}" for value, unit in parts if value) or "0s"


def x_label(value: float, step: float, x_format: XFormat) -> str:
    """Write an x tick, `step` away from its neighbor."""
    return time_label(value) if x_format == "time" else count_label(value, step)


def x_value(value: float, x_format: XFormat) -> str:
    """Write the x of one point."""
    if x_format == "time":
        return time_label(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.6g}"


def fitted(label: str, room: int) -> str:
    """Shorten a y tick to `room` cells: .0981 for 0.0981, then without its percent sign.

    What is still too long loses digits at its end, never its size; else it is left out.
    """
    forms = [label, label.removeprefix("0"), label.removeprefix("0").removesuffix("%")]
    number = float(label.removesuffix("%"))
    forms += [_short_exponent(f"{number:.{digits}g}") for digits in (4, 3, 2, 1)]
    return next((form for form in forms if len(form) <= room), "")


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0


def _short_exponent(text: str) -> str:
    """Take the zeros and the plus out of an exponent: 2e-05 becomes 2e-5."""
    digits, e, exponent = text.partition("e")
    if not e:
        return text
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"{digits}e{int(exponent)}"
