"""The three charts of a run, and how they are drawn."""

from dataclasses import replace
from typing import Final

from mnist_tui.run.history import LossHistory
from mnist_tui.run.log import RunLog
from mnist_tui.run.progress import Progress
from mnist_tui.tui.charts import Chart, ChartData
from mnist_tui.tui.dashboard.batch_curves import batches_chart
from mnist_tui.tui.dashboard.curves import SMOOTHING, CurveOptions, Trace, epoch_chart, run_marks
from mnist_tui.tui.dashboard.timeline import Axis


class CurvePanes:
    """Keeps the charts up to date with a run. UI thread.

    Loss and accuracy per epoch share an x axis; the chart of all batches has its own.
    """

    def __init__(self) -> None:
        # Held and not queried: events may come before the first and after the last frame.
        self.loss: Final = Chart(id="loss")
        self.accuracy: Final = Chart(id="accuracy")
        self.batches: Final = Chart(id="batches")
        self.previous: Trace | None = None
        """The run to compare with."""
        self.shows_previous = True
        self._log = RunLog()
        self._trace = Trace()
        self._epochs = 0
        self._smoothing = 0
        self._epoch_axis, self._batch_axis = Axis.EPOCH, Axis.BATCH
        self._drawn: tuple[object, ...] = ()

    @property
    def all(self) -> tuple[Chart, Chart, Chart]:
        """The charts in the order of their keys."""
        return self.loss, self.accuracy, self.batches

    def show_run(self, log: RunLog, history: LossHistory | None, epochs: int) -> None:
        """Draw another run from now on, and nothing to compare it with.

        Args:
            log: What it has emitted.
            history: Its losses; None before it is started.
            epochs: For how many to make room while the log says nothing of it.
        """
        self.previous, self._drawn = None, ()
        self._log, self._trace, self._epochs = log, Trace(history=history), epochs
        self._redraw()

    def observe(self, progress: Progress) -> None:
        """Learn when batches are done."""
        if progress.batches:
            self._trace.timeline.observe(progress.global_batch, progress.elapsed_s)

    def show_rows(self) -> None:
        """Draw the finished epochs."""
        log, timeline, axis = self._log, self._trace.timeline, self._epoch_axis
        if log.prepared is not None and not timeline.batches:
            timeline.batches = log.prepared.batches
            timeline.observe_rows(log.rows)
        epochs, options = log.epochs or self._epochs, self._options(axis)
        marks = run_marks(log.rows, log.best, log.learning_rates, timeline, axis)
        for chart, title in ((self.loss, "Loss"), (self.accuracy, "Accuracy")):
            data = epoch_chart(title, log.rows, marks, epochs, options, timeline.batches)
            chart.set_data(data)

    def draw_batches(self) -> None:
        """Draw the loss of every batch, if it is in sight and there is anything new."""
        chart, log, trace, axis = self.batches, self._log, self._trace, self._batch_axis
        if trace.history is None:
            chart.set_data(ChartData("Loss per batch", empty_text="press space to start"))
            return
        width = chart.content_size.width
        options = self._options(axis)
        what = (len(trace.history), width, options, len(log.learning_rates), len(log.rows))
        if not width or not chart.is_seen or self._drawn == (what, chart.view):
            return
        total = (log.epochs or self._epochs) * trace.timeline.batches
        marks = run_marks(log.rows, log.best, log.learning_rates, trace.timeline, axis)
        # A view that follows the newest batch needs the detail of where it is by then.
        while self._drawn != (what, chart.view):
            self._drawn = (what, chart.view)
            window = chart.view.window
            chart.set_data(batches_chart(trace, total, marks, 2 * width, options, window))

    def smooth(self) -> None:
        """Go on to the next smoothing, in all charts."""
        self._smoothing = (self._smoothing + 1) % len(SMOOTHING)
        self._redraw()

    def turn_axis(self, chart: Chart) -> None:
        """Go on to the next x axis of `chart`, showing all of it."""
        if chart is self.batches:
            self._batch_axis = self._batch_axis.next
            charts: tuple[Chart, ...] = (self.batches,)
        else:
            self._epoch_axis = self._epoch_axis.next
            charts = (self.loss, self.accuracy)
        for one in charts:
            one.view = replace(one.view, window=None)
        self._redraw()

    def compare(self, previous: Trace) -> None:
        """Compare with another run."""
        self.previous = previous
        self._redraw()

    def toggle_previous(self) -> None:
        self.shows_previous = not self.shows_previous
        self._redraw()

    def _redraw(self) -> None:
        self.show_rows()
        self.draw_batches()

    def _options(self, axis: Axis) -> CurveOptions:
        previous = self.previous if self.shows_previous else None
        return CurveOptions(axis, SMOOTHING[self._smoothing], previous)
