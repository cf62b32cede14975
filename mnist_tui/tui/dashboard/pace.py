"""How fast a run goes, at what learning rate, and where it was saved last."""

from mnist_tui import formatting
from mnist_tui.run.events import CheckpointSaved
from mnist_tui.run.progress import Progress
from mnist_tui.tui.widgets.lines import Line, Lines, Shown

_LABEL = 10
_VALUE = 10
_GAP = 2
_ROWS = 3
_MOST_COLUMNS = 2
_STEP = 8

Fact = tuple[str, str]
"""A label and a value."""


class Pace(Lines):
    """Facts in columns of three, as many columns as there is room for."""

    DEFAULT_CSS = """
    Pace {
        height: 3;
        padding: 0 1;
    }
    """

    progress: Shown[Progress] = Shown(Progress())
    """The snapshot to show."""
    saved: Shown[CheckpointSaved | None] = Shown(None)
    """The newest checkpoint."""

    def lines(self, width: int, height: int) -> list[Line]:
        columns = min(_columns(width), _MOST_COLUMNS)
        if columns == 1:
            return self._narrow(width)
        return fact_grid(self._facts(), columns, width) if columns else []

    def _narrow(self, width: int) -> list[Line]:
        """Speed, now with the time of a step and in the mean, and the learning rate."""
        progress = self.progress
        step = f"{formatting.short_time(progress.step_s):>{_STEP}}"
        now = f"{formatting.rate(progress.samples_per_second):>{width - len('mean') - _STEP}}"
        mean = f"{formatting.rate(progress.mean_samples_per_second):>{len(now)}}"
        rate = formatting.learning_rate(progress.lr)
        return [
            [("now ", "muted"), (now, "strong"), (step, "")],
            [("mean", "muted"), (mean, "strong"), (" a step".rjust(_STEP), "muted")],
            [("learn rate", "muted"), (f"{rate:>{width - len('learn rate')}}", "strong")],
        ]

    def _facts(self) -> list[Fact]:
        progress, saved = self.progress, self.saved
        place = formatting.short_place(saved.epoch, saved.batch) if saved else formatting.UNKNOWN
        return [
            ("digits", formatting.rate(progress.samples_per_second)),
            ("mean", formatting.rate(progress.mean_samples_per_second)),
            ("learn rate", formatting.learning_rate(progress.lr)),
            ("step", formatting.short_time(progress.step_s)),
            ("batch loss", formatting.loss(progress.batch_loss)),
            ("saved at", place),
        ]


def fact_grid(facts: list[Fact], columns: int, width: int) -> list[Line]:
    """The first facts in `columns` columns of three, read downwards, `width` wide in all."""
    label_width = (width + _GAP) // columns - _GAP - _VALUE
    grid: list[Line] = [[] for _ in range(_ROWS)]
    for i, (label, value) in enumerate(facts[: columns * _ROWS]):
        line = grid[i % _ROWS]
        if line:
            line.append((" " * _GAP, ""))
        line += [(f"{label:<{label_width}}", "muted"), (f"{value:>{_VALUE}}", "strong")]
    return grid


def _columns(width: int) -> int:
    """How many columns of facts go into `width`."""
    return max(width + _GAP, 0) // (_LABEL + _VALUE + _GAP)
