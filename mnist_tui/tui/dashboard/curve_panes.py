"""The three charts of a run, and how they are drawn."""

from dataclasses import replace
from typing import Final

from mnist_tui.run.history import LossHistory
from mnist_tui.run.log import RunLog
from mnist_tui.run.progress import Progress
from mnist_tui.tui.charts import Chart, ChartData
from mnist_tui.tui.dashboard.batch_curves import batches_chart
from mnist_tui.tui.dashboard.curves import SMOOTHING, CurveOptions, Trace, run_marks
from mnist_tui.tui.dashboard.epoch_curves import accuracy_chart, loss_chart
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
        self._view = RunLog()
        self._trace = Trace()
        self._epochs = 0
        self._smoothing = 0
        self._epoch_axis, self._batch_axis = Axis.EPOCH, Axis.BATCH
        self._drawn: tuple[object, ...] = ()

    @property
    def all(self) -> tuple[Chart, Chart, Chart]:
        """The charts in the order of their keys."""
        return self.loss, self.accuracy, self.batches

    def begin(self, view: RunLog, history: LossHistory, epochs: int) -> None:
        """Draw another run from now on, and nothing to compare it with."""
        self.previous = None
        self._view, self._trace = view, Trace(history=history)
        self.plan(epochs)

    def plan(self, epochs: int) -> None:
        """Make room for that many epochs."""
        self._epochs, self._drawn = epochs, ()
        self.show_rows()
        self.draw_batches()

    def observe(self, progress: Progress) -> None:
        """Learn when batches are done."""
        if progress.batches:
            self._trace.timeline.observe(progress.global_batch, progress.elapsed_s)

    def show_rows(self) -> None:
        """Draw the finished epochs."""
        view, timeline, prepared = self._view, self._trace.timeline, self._view.prepared
        if prepared is not None and not timeline.batches:
            timeline.batches = prepared.batches
            timeline.observe_rows(view.rows)
        epochs = view.epochs or self._epochs
        axis = self._epoch_axis
        options = self._options(axis)
        marks = run_marks(view.rows, view.best, view.learning_rates, timeline, axis)
        batches = timeline.batches
        self.loss.set_data(loss_chart(view.rows, marks, epochs, options, batches))
        self.accuracy.set_data(accuracy_chart(view.rows, marks, epochs, options, batches))

    def draw_batches(self) -> None:
        """Draw the loss of every batch, if it is in sight and there is anything new."""
        chart, view, trace, axis = self.batches, self._view, self._trace, self._batch_axis
        if trace.history is None:
            chart.set_data(ChartData("Loss per batch", empty_text="press space to start"))
            return
        width = chart.content_size.width
        options = self._options(axis)
        key = (
            len(trace.history),
            width,
            chart.view,
            options,
            len(view.learning_rates),
            len(view.rows),
        )
        if not width or not chart.is_seen or key == self._drawn:
            return
        total = (view.epochs or self._epochs) * trace.timeline.batches
        marks = run_marks(view.rows, view.best, view.learning_rates, trace.timeline, axis)
        chart.set_data(batches_chart(trace, total, marks, 2 * width, options, chart.view.window))
        if chart.view != key[2]:
            # It has followed the newest batch: what is in view now needs its own detail.
            chart.set_data(
                batches_chart(trace, total, marks, 2 * width, options, chart.view.window)
            )
        self._drawn = (*key[:2], chart.view, *key[3:])

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
