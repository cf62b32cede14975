"""How far the epoch and the run are."""

from mnist_tui import formatting
from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State
from mnist_tui.tui.widgets.lines import Line, Lines, Shown, pad
from mnist_tui.tui.widgets.meters import bar

_LABEL = 14

Row = tuple[str, str, float, str]
"""A bar's label, detail, fraction and tone."""


class Bars(Lines):
    """A live bar for the open epoch and one for the whole run.

    In four lines it has the details too; in two they stand beside it, in a Tally.
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
        epoch, run = epoch_row(self.progress), run_row(self.progress)
        if height >= 4:
            return [*_stacked(*epoch, width), *_stacked(*run, width)]
        return [_in_one(*epoch, width), _in_one(*run, width)]


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
        details = (epoch_row(self.progress)[1], run_row(self.progress)[1])
        return [[(f"{detail:>{width}}", "muted")] for detail in details]


def epoch_row(progress: Progress) -> Row:
    """The open epoch; its validation fills the bar a second time."""
    unknown = formatting.UNKNOWN
    label = f"epoch {progress.epoch or unknown} of {progress.epochs or unknown}"
    if progress.validation_batch and progress.batch == progress.batches:
        done, total = progress.validation_batch, progress.validation_batches
        detail = f"validating {formatting.count(done)}/{formatting.count(total)}"
        return label, detail, done / total if total else 0.0, "done"
    detail = f"batch {formatting.count(progress.batch)}/{formatting.count(progress.batches)}"
    return label, detail if progress.batches else "", progress.epoch_fraction, _tone(progress)


def run_row(progress: Progress) -> Row:
    """The whole run, with the time it took and the time it will still take."""
    elapsed = formatting.duration(progress.elapsed_s)
    if progress.state.is_over:
        detail = f"{elapsed} in all"
    elif progress.remaining_s is None:
        detail = f"{elapsed} so far" if progress.epoch else ""
    else:
        detail = f"{elapsed} + {formatting.duration(progress.remaining_s)} left"
    return "whole run", detail, progress.run_fraction, _tone(progress)


def _tone(progress: Progress) -> str:
    if progress.state is State.FINISHED:
        return "done"
    return "warning" if progress.state in (State.PAUSED, State.STOPPED) else "bar"


def _in_one(label: str, detail: str, fraction: float, tone: str, width: int) -> Line:
    percent = (f" {formatting.whole_percent(fraction)}", "strong")
    if width < 24:
        return [*bar(fraction, width - 6, tone), percent]
    return [(pad(label, _LABEL), ""), (" ", ""), *bar(fraction, width - _LABEL - 7, tone), percent]


def _stacked(label: str, detail: str, fraction: float, tone: str, width: int) -> list[Line]:
    room = width - _LABEL
    heading: Line = [(pad(label, _LABEL), ""), (f"{detail:>{room}}", "muted")]
    percent = formatting.whole_percent(fraction)
    return [heading, [*bar(fraction, width - 6, tone), (f" {percent}", "strong")]]
