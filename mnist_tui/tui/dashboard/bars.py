"""How far the epoch and the run are."""

from dataclasses import dataclass

from mnist_tui import formatting
from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State
from mnist_tui.tui.text.fitting import first_fitting, pad
from mnist_tui.tui.widgets.lines import Line, Lines, Shown
from mnist_tui.tui.widgets.meters import bar_line

_PERCENT = 6


@dataclass(frozen=True)
class Row:
    """One bar, its label and its details."""

    label: str
    details: tuple[str, ...]
    """The same in ever shorter forms."""
    fraction: float
    tone: str

    def detail(self, width: int) -> str:
        """The longest form that `width` columns hold, at the right."""
        return first_fitting(width, *self.details).rjust(width)


class Bars(Lines):
    """A live bar for the open epoch and one for the whole run.

    In four lines it has the details too; in two they are beside it, in a Tally.
    """

    DEFAULT_CSS = """
    Bars {
        height: 2;
        padding: 0 1;
    }
    """

    progress: Shown[Progress] = Shown(Progress())
    """The snapshot to show."""

    def lines(self, width: int, height: int) -> list[Line]:
        rows = epoch_row(self.progress), run_row(self.progress)
        label_width = max(len(row.label) for row in rows) + 1
        if height >= 4:
            return [line for row in rows for line in _stacked(row, label_width, width)]
        return [_in_one(row, label_width, width) for row in rows]


class Tally(Lines):
    """The details of the bars. It changes most often, so it is a small region of its own."""

    DEFAULT_CSS = """
    Tally {
        width: 24;
        height: 2;
        padding: 0 1;
    }
    """

    progress: Shown[Progress] = Shown(Progress())
    """The snapshot to show."""

    def lines(self, width: int, height: int) -> list[Line]:
        rows = epoch_row(self.progress), run_row(self.progress)
        return [[(row.detail(width), "muted")] for row in rows]


def epoch_row(progress: Progress) -> Row:
    """The open epoch; its validation fills the bar a second time."""
    unknown = formatting.UNKNOWN
    label = f"epoch {progress.epoch or unknown} of {progress.epochs or unknown}"
    if progress.validation_batch and progress.batch == progress.batches:
        done, total = progress.validation_batch, progress.validation_batches
        place = f"{formatting.count(done)}/{formatting.count(total)}"
        return Row(label, (f"validating {place}", place), done / total if total else 0.0, "done")
    place = f"{formatting.count(progress.batch)}/{formatting.count(progress.batches)}"
    details = (f"batch {place}", place) if progress.batches else ("",)
    return Row(label, details, progress.epoch_fraction, _tone(progress))


def run_row(progress: Progress) -> Row:
    """The whole run, with the time it took and the time it will still take."""
    elapsed = formatting.duration(progress.elapsed_s)
    if progress.state.is_over:
        details: tuple[str, ...] = (f"{elapsed} in all", elapsed)
    elif progress.remaining_s is None:
        details = (f"{elapsed} so far", elapsed) if progress.epoch else ("",)
    else:
        left = f"{formatting.duration(progress.remaining_s)} left"
        details = (f"{elapsed} + {left}", left)
    return Row("whole run", details, progress.run_fraction, _tone(progress))


def _tone(progress: Progress) -> str:
    if progress.state is State.FINISHED:
        return "done"
    return "warning" if progress.state in (State.PAUSED, State.STOPPED) else "bar"


def _in_one(row: Row, label_width: int, width: int) -> Line:
    percent = (f" {formatting.whole_percent(row.fraction)}", "strong")
    label = pad(row.label, label_width) if width >= label_width + _PERCENT + 4 else ""
    return bar_line((label, ""), row.fraction, percent, width, row.tone)


def _stacked(row: Row, label_width: int, width: int) -> list[Line]:
    detail = (row.detail(width - label_width), "muted")
    percent = (f" {formatting.whole_percent(row.fraction)}", "strong")
    return [
        [(pad(row.label, label_width), ""), detail],
        bar_line(("", ""), row.fraction, percent, width, row.tone),
    ]
