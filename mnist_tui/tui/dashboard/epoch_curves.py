"""Loss and accuracy per epoch as chart data."""

from collections.abc import Sequence
from typing import Final

from mnist_tui.run.events import EpochRow
from mnist_tui.tui.charts import ChartData, Mark, Series, smooth
from mnist_tui.tui.dashboard.curves import (
    OVER_EPOCHS,
    TRAINING,
    VALIDATION,
    CurveOptions,
    note_on,
    previous_series,
    smoothed,
)
from mnist_tui.tui.dashboard.timeline import Axis, epoch_xs, round_end

_ROUND_EPOCHS: Final = tuple(
    digits * 10**power // 10
    for power in range(6)
    for digits in (50, 60, 80, 100, 120, 150, 200, 250, 300, 400)
)
"""Where an axis of epochs ends, so that it grows seldom: 5, 6, 8, 10, 12, 15 and so on."""


def epoch_chart(
    title: str,
    rows: Sequence[EpochRow],
    marks: tuple[Mark, ...],
    epochs: int,
    options: CurveOptions = OVER_EPOCHS,
    batches: int = 0,
) -> ChartData:
    """Mean losses, or accuracies as fractions: training as points, validation as a line.

    Args:
        title: `Loss` or `Accuracy`.
        rows: The finished epochs.
        marks: As `run_marks` gives them, on the same axis.
        epochs: Epochs in the whole run.
        options: How to draw them.
        batches: Batches in one epoch; 0 where that is not known.
    """
    axis, weight = options.axis, options.weight
    xs = epoch_xs(axis, rows, batches)
    train, val = _values(title, rows)
    raw = (
        Series("training", xs, train, "points", TRAINING, faint=weight > 0),
        Series("validation", xs, val, "line", VALIDATION, faint=weight > 0),
    )
    series: list[Series] = []
    for one in raw:
        series += [one, smoothed(one, weight)] if weight else [one]
    end = {
        Axis.EPOCH: float(_last_epoch(rows, epochs)),
        Axis.BATCH: float(_last_epoch(rows, epochs) * max(batches, 1)),
        Axis.TIME: round_end(xs[-1] if xs else 1.0, axis),
    }[axis]
    if options.previous is not None and rows:
        before = options.previous
        before_xs = epoch_xs(axis, before.rows, before.timeline.batches)
        _, ys = _values(title, before.rows)
        # Where it went on longer, that is left out: the axis is this run's.
        known = sum(x <= end for x in before_xs)
        series.insert(0, previous_series(before, before_xs[:known], smooth(ys[:known], weight)))
    return ChartData(
        title,
        tuple(series),
        marks,
        y_format="percent" if title == "Accuracy" else "loss",
        x_label=axis,
        x_plural=axis.plural,
        x_format=axis.x_format,
        points=("epoch", "epochs"),
        x_range=(1.0 if axis is Axis.EPOCH else 0.0, end),
        empty_text="one point per epoch",
        note=note_on(weight),
    )


def _last_epoch(rows: Sequence[EpochRow], epochs: int) -> int:
    """The epoch at the end of the axis: a little beyond the newest one, at most the last."""
    newest = rows[-1].epoch if rows else 0
    beyond: int = next(end for end in _ROUND_EPOCHS if end > newest)
    return max(min(epochs, beyond), newest, 2)


def _values(title: str, rows: Sequence[EpochRow]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of training and of validation."""
    if title == "Accuracy":
        return (
            tuple(row.train_accuracy for row in rows),
            tuple(row.val_accuracy for row in rows),
        )
    return tuple(row.train_loss for row in rows), tuple(row.val_loss for row in rows)
