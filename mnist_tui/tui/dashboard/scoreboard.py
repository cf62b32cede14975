"""Loss and accuracy in training and validation, with their change and the best."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mnist_tui import formatting
from mnist_tui.run.events import EpochRow
from mnist_tui.run.log import Scores
from mnist_tui.run.progress import Progress
from mnist_tui.tui.widgets.lines import Line, Lines, Piece, Shown

_LABEL: Final = 9
_VALUE: Final = 8
_CHANGE: Final = 8
_BEST: Final = 12
BOARD_WIDTH: Final = _LABEL + 2 * (_VALUE + _CHANGE) + 1 + _BEST
"""The columns that the scoreboard takes with everything in it."""


@dataclass(frozen=True)
class Measure:
    """What is measured: how it is written and which way is better."""

    name: str
    write: Callable[[float | None], str]
    is_better_low: bool
    unit: float
    """How much 1 is in the unit of the change: percentage points for accuracies."""
    decimals: int

    def of(self, split: str, row: EpochRow | Progress | None) -> float | None:
        """The value in training (`train`) or validation (`val`)."""
        value: float | None = getattr(row, f"{split}_{self.name}", None)
        return value


_MEASURES: Final = (
    Measure("loss", formatting.loss, True, 1.0, 4),
    Measure("accuracy", formatting.percent, False, 100.0, 2),
)


class Scoreboard(Lines):
    """The numbers that training is about: now, their change, and the best."""

    DEFAULT_CSS = """
    Scoreboard {
        height: 3;
        padding: 0 1;
    }
    """

    progress: Shown[Progress] = Shown(Progress())
    """The snapshot to show."""
    scores: Shown[Scores] = Shown(Scores())
    """The finished epochs to compare it with."""

    def lines(self, width: int, height: int) -> list[Line]:
        return scoreboard(self.progress, self.scores, width)


def scoreboard(progress: Progress, scores: Scores, width: int) -> list[Line]:
    """Three lines for `width` columns: the best goes first where it is narrow, then changes."""
    if width < _LABEL + 2 * _VALUE + 1:
        return _narrow_board(scores.last)
    with_best = width >= BOARD_WIDTH
    with_change = width >= BOARD_WIDTH - _BEST - 1
    last = scores.last
    # Until the open epoch has numbers, the last one's stay in sight, with their own change.
    is_open = progress.train_loss is not None and (last is None or progress.epoch > last.epoch)
    train_before = last if is_open else scores.previous
    lines = [_heading(scores.best, with_change, with_best)]
    for measure in _MEASURES:
        now = measure.of("train", progress if is_open else last)
        line: Line = [(f"{measure.name:<{_LABEL}}", "muted")]
        line += _score(measure, now, measure.of("train", train_before), "", with_change)
        line.append((" ", ""))
        val, val_before = measure.of("val", last), measure.of("val", scores.previous)
        line += _score(measure, val, val_before, "strong", with_change)
        if with_best:
            best = measure.write(measure.of("val", scores.best))
            line.append((f"{best:>{_BEST}}", "accent"))
        lines.append(line)
    return lines


def _narrow_board(last: EpochRow | None) -> list[Line]:
    """Only the last validation, with the accuracy first."""
    accuracy = formatting.percent(last.val_accuracy if last else None)
    loss = formatting.loss(last.val_loss if last else None)
    return [
        [(f"{'accuracy':<{_LABEL}}", "muted"), (f"{accuracy:>{_VALUE}}", "strong")],
        [(f"{'loss':<{_LABEL}}", "muted"), (f"{loss:>{_VALUE}}", "strong")],
        [],
    ]


def _heading(best: EpochRow | None, with_change: bool, with_best: bool) -> Line:
    if not with_change:
        return [(f"{'':{_LABEL}}{'train':>{_VALUE}}{'val':>{_VALUE + 1}}", "muted")]
    # Each name ends where its values end.
    pair = _VALUE + _CHANGE + 1
    line: Line = [(f"{'':{_LABEL}}{'training':>{_VALUE}}{'validation':>{pair}}", "muted")]
    if with_best:
        title = f"★ epoch {best.epoch}" if best else "★ best"
        line.append((f"{title:>{_CHANGE + _BEST}}", "muted"))
    return line


def _score(
    measure: Measure, now: float | None, before: float | None, tone: str, with_change: bool
) -> list[Piece]:
    value = (f"{measure.write(now):>{_VALUE}}", tone)
    return [value, _change(measure, now, before)] if with_change else [value]


def _change(measure: Measure, now: float | None, before: float | None) -> Piece:
    if now is None or before is None or not math.isfinite(now - before):
        return " " * _CHANGE, ""
    change = (now - before) * measure.unit
    text = _fitted(abs(change), measure.decimals)
    if float(text) == 0.0:
        return f" ={text}".ljust(_CHANGE), "muted"
    is_better = (change < 0) == measure.is_better_low
    arrow = "▼" if change < 0 else "▲"
    return f" {arrow}{text}".ljust(_CHANGE), "good" if is_better else "warning"


def _fitted(value: float, most: int) -> str:
    """A positive number in the columns that a change has, with fewer decimals where it is large."""
    room = _CHANGE - 2
    for decimals in range(most, -1, -1):
        if len(text := f"{value:.{decimals}f}") <= room:
            return text
    return f"{value:.0e}"
