"""How fast a run goes, at what learning rate, and where it was saved last."""

from mnist_tui import formatting
from mnist_tui.run.progress import Progress
from mnist_tui.tui.text.fitting import first_fitting
from mnist_tui.tui.widgets.lines import Line, Lines, Shown, fit_lines

ROOMY = 40
"""From this width on Pace has the speed; below it, the line of facts has."""


class Pace(Lines):
    """Three lines: the speed, the learning rate and the newest losses, the last save.

    Where it is narrow the speed is in the line of facts, and only the rest is here.
    """

    DEFAULT_CSS = """
    Pace {
        height: 3;
        padding: 0 1;
    }
    """

    progress: Shown[Progress] = Shown(Progress())
    """The snapshot to show."""
    saved: Shown[tuple[int, int] | None] = Shown(None)
    """Epoch and batch of the newest checkpoint."""

    def lines(self, width: int, height: int) -> list[Line]:
        loss: Line = [
            ("batch loss ", "muted"),
            (formatting.loss(self.progress.batch_loss), "strong"),
        ]
        place = self._last_save()
        if width < ROOMY:
            return [loss, [("last save", "muted")], [(first_fitting(width, *place), "strong")]]
        speed, step, lr = speed_facts(self.progress)
        first = fit_lines([speed, step], width)
        second = [lr, loss] if len(first) > len(speed) else [step, lr]
        save: Line = [("last save: ", "muted"), (first_fitting(width - 11, *place), "strong")]
        return [first, fit_lines(second, width), save]

    def _last_save(self) -> tuple[str, ...]:
        if self.saved is None:
            return (formatting.UNKNOWN,)
        place = formatting.place(*self.saved).removeprefix("the ")
        return place, place.partition(",")[0]


def speed_facts(progress: Progress) -> tuple[Line, Line, Line]:
    """The images in a second now and on average, the time of a batch, and the learning rate."""
    return (
        [
            ("speed ", "muted"),
            (formatting.throughput(progress.samples_per_second), "strong"),
            (f" (average {formatting.throughput(progress.mean_samples_per_second)})", "muted"),
        ],
        [(formatting.short_time(progress.step_s), "strong"), (" per batch", "muted")],
        [("learning rate ", "muted"), (formatting.learning_rate(progress.lr), "strong")],
    )
