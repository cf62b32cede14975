"""The main screen: progress, numbers, charts, epochs and log."""

from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.events import DescendantFocus
from textual.reactive import reactive

from mnist_tui.process.invocation import spell_out
from mnist_tui.run.events import CheckpointSaved, Event, Notice, RunEnded, RunPrepared, Warned
from mnist_tui.run.log import CaughtUp
from mnist_tui.run.machine import SampleMachine
from mnist_tui.run.plan import Runner, RunPlan, ShownRun
from mnist_tui.run.progress import Progress
from mnist_tui.tui.charts import Chart
from mnist_tui.tui.dashboard.arrangement import PaneScreen
from mnist_tui.tui.dashboard.bars import Bars, Tally
from mnist_tui.tui.dashboard.curve_panes import CurvePanes
from mnist_tui.tui.dashboard.curves import Trace
from mnist_tui.tui.dashboard.epoch_table import EpochTable
from mnist_tui.tui.dashboard.event_log import EventLog
from mnist_tui.tui.dashboard.header import Facts, Header, Notices
from mnist_tui.tui.dashboard.machine import MachinePane
from mnist_tui.tui.dashboard.outcome import Ending, Outcome
from mnist_tui.tui.dashboard.pace import Pace
from mnist_tui.tui.dashboard.previous_run import PastEntry, describe_past, find_previous
from mnist_tui.tui.dashboard.scoreboard import Scoreboard
from mnist_tui.tui.run.controller import RunController
from mnist_tui.tui.text.event_text import LogEntry, describe_plan
from mnist_tui.tui.text.exit_summary import brief_facts
from mnist_tui.tui.widgets.key_bar import KeyBar


class Dashboard(PaneScreen):
    """Shows one run in panes. Follows RunViewer."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left_square_bracket", "app.scale_lr(0.5)", "lr÷2", key_display="[", id="run.lr-down"
        ),
        Binding(
            "right_square_bracket", "app.scale_lr(2.0)", "lr×2", key_display="]", id="run.lr-up"
        ),
        Binding("t", "app.change_theme", "Theme", tooltip="Choose a theme"),
        Binding("f", "full", "Full screen", tooltip="The pane in focus fills the screen"),
        Binding("m", "smooth", "Smooth", tooltip="Lay a moving average over the curves"),
        Binding("b", "axis", "x axis", tooltip="Epochs, batches or time from left to right"),
        Binding("p", "previous", "Previous", tooltip="Compare with the newest run of its kind"),
        # The charts' own keys, for where another pane has the focus.
        Binding("l", "chart('toggle_log')", show=False),
        Binding("plus,equals_sign", "chart('zoom_in')", show=False),
        Binding("minus", "chart('zoom_out')", show=False),
        Binding("0", "chart('reset')", show=False),
        Binding("c", "chart('toggle_cursor')", show=False),
        Binding("escape", "leave_full", "Back", key_display="esc"),
        Binding("escape", "close_outcome", "Close", key_display="esc"),
    ]
    AUTO_FOCUS = "#batches"

    progress: reactive[Progress] = reactive(Progress(), repaint=False)
    """The snapshot that the live widgets show."""

    def __init__(self, run: RunController, *, sample_machine: SampleMachine | None = None) -> None:
        curves, table, log = CurvePanes(), EpochTable(id="epochs"), EventLog(id="log")
        machine = MachinePane(sample_machine, id="machine")
        super().__init__((*curves.all, table, log, machine))
        self._run: Final = run
        # Held here and not queried: events may come before the first and after the last frame.
        self._header, self._facts, self._notices = Header(), Facts(), Notices()
        self._outcome = Outcome()
        self._scoreboard, self._pace = Scoreboard(), Pace()
        self._curves, self._table, self._machine = curves, table, machine
        self._chart: Chart = curves.batches
        """The chart that was in focus last."""
        self.log_pane: Final = log
        """The log."""

    def compose(self) -> ComposeResult:
        # The order matters to the grid of app.tcss.
        yield self._header.data_bind(Dashboard.progress)
        yield self._facts.data_bind(Dashboard.progress)
        yield self._notices
        yield self._outcome
        with Container(id="body"):
            with Vertical(id="dials"):
                # Small regions: a change sends its line from the region's left edge on.
                with Container(id="bars"):
                    yield Bars().data_bind(Dashboard.progress)
                    yield Tally().data_bind(Dashboard.progress)
                with Container(id="numbers"):
                    yield self._scoreboard.data_bind(Dashboard.progress)
                    yield self._pace.data_bind(Dashboard.progress)
            yield self.tabs.data_bind(Dashboard.active)
            curves = self._curves
            yield from (curves.loss, curves.accuracy, self._table, curves.batches)
            yield from (self.log_pane, self._machine)
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#dials").border_title = "Run"
        self.show_epochs()

    @property
    def is_current(self) -> bool:
        """As Screen, but False where a screen without gaps lies over it.

        Textual counts the screen below the topmost one as visible, whatever that one hides, and
        paints all of the topmost one anew for every change below.
        """
        stack = self.app.screen_stack
        over = stack[stack.index(self) + 1 :] if self in stack else []
        return super().is_current and all(screen.styles.background.a < 1 for screen in over)

    def on_screen_resume(self) -> None:
        self.draw_batches()

    # What the presenter calls; see RunViewer.

    def show_run(self) -> None:
        """Show another run from now on, with nothing in it yet."""
        run, epochs = self._run, self._run.plan.config.epochs
        self.progress = Progress(epochs=epochs)
        self._header.run = run.name
        self._header.is_elsewhere = False
        self._outcome.ending, self._facts.message = None, None
        self._show_facts()
        self._notices.messages = tuple(run.log.notices)
        self._pace.saved = run.log.last_save
        self._machine.show(run.sample_machine, run.place)
        history = run.session.history if run.thread is not None else None
        self._curves.show_run(run.log, history, epochs)
        self.show_epochs()

    def _show_facts(self) -> None:
        """Show what the run works with, and in which process; before that is known, its plan."""
        prepared = self._run.log.prepared
        if prepared is None:
            self._facts.facts = describe_plan(self._run.plan)
        else:
            facts = (self._run.place, prepared.dataset, prepared.device, prepared.model)
            self._facts.facts = tuple(filter(None, facts))

    def show_state(self) -> None:
        self._header.state = self._run.session.state
        self._header.is_leaving = self._run.leaving is not None
        self.refresh_bindings()

    def show_progress(self, progress: Progress, *, draws_losses: bool) -> None:
        """Show how far the run is, and that the dashboard is alive while the user waits."""
        self._header.beat += 1
        self.progress = progress
        if draws_losses:
            self.draw_batches()

    def show_event(self, event: Event, entry: LogEntry | None) -> None:
        """Show what has happened, in the log and in its place."""
        is_shown = isinstance(self._run.plan, ShownRun)
        if entry is not None and (not is_shown or isinstance(event, Warned)):
            # A run that is only shown has its own log on disk.
            self.log_pane.add(entry)
        match event:
            case RunPrepared():
                self._header.run = event.run
                self._show_facts()
                self._pace.saved = self._run.log.last_save
                self._begin_past()
            case CaughtUp():
                self._begin_past()
            case CheckpointSaved():
                self._pace.saved = self._run.log.last_save
            case Notice():
                self._notices.messages = tuple(self._run.log.notices)
            case RunEnded():
                self._show_end(event)

    def _show_end(self, ended: RunEnded) -> None:
        """Show how the run ended, until the next one."""
        is_elsewhere = ended.elsewhere is not None
        self._header.is_elsewhere = is_elsewhere
        self._machine.show(None, "")
        self._facts.message = None
        facts = tuple(brief_facts(self._run.log))
        ended = spell_out(ended)
        self._outcome.ending = Ending(ended.state, ended.message, ended.hint, facts, is_elsewhere)

    def show_epochs(self) -> None:
        log = self._run.log
        self._table.show(log.rows, log.best)
        self._scoreboard.scores = log.scores
        self._curves.show_rows()

    def say(self, entry: LogEntry) -> None:
        self._facts.say(entry)

    # What is shown here alone.

    def _begin_past(self) -> None:
        """Have read what is on disk of the time before this view of the run."""
        prepared, thread = self._run.log.prepared, self._run.thread
        if prepared is not None and thread is not None:
            read = partial(self._read_past, prepared.directory, thread.runner)
            self.run_worker(read, thread=True, exit_on_error=False, group="past")

    def _read_past(self, run: str, runner: Runner) -> None:
        """Read what the run has emitted, and another one to compare it with. A worker's thread."""
        past = describe_past(runner.past())
        previous = find_previous(Path(run), runner.plan.runs_dir)
        self.call_later(self._show_past, run, past, previous)

    def _show_past(self, run: str, past: list[PastEntry], previous: Trace | None) -> None:
        """Show it, if that run is still shown."""
        prepared = self._run.log.prepared
        if prepared is None or prepared.directory != run:
            return
        for time_s, entry in past:
            self.log_pane.add(entry, time_s)
        if previous is not None:
            self._curves.compare(previous)
            self.refresh_bindings()

    def show_next(self, plan: RunPlan) -> None:
        """Show what would be run next, beside the figures of the run that was."""
        self._facts.facts = ("next run", *describe_plan(plan))

    def draw_batches(self) -> None:
        """Draw the loss of every batch, if it is in sight and there is anything new."""
        self._curves.draw_batches()

    def watch_progress(self, progress: Progress) -> None:
        """Learn how long the batches take."""
        self._curves.observe(progress)

    def on_chart_view_changed(self) -> None:
        """Draw the detail that a zoomed view can show."""
        self.draw_batches()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The keys of charts are for the one in focus, or that was last."""
        if isinstance(event.widget, Chart):
            self._chart = event.widget

    def action_close_outcome(self) -> None:
        self._outcome.ending = None
        self.refresh_bindings()

    def action_smooth(self) -> None:
        self._curves.smooth()

    def action_axis(self) -> None:
        """Go on to the next x axis of the chart in sight."""
        chart = self._chart_in_sight()
        if chart is not None:
            self._curves.turn_axis(chart)

    def action_previous(self) -> None:
        self._curves.toggle_previous()

    async def action_chart(self, action: str) -> None:
        """Let the chart in sight do what its key says."""
        chart = self._chart_in_sight(action)
        if chart is not None:
            await chart.run_action(action)

    def _chart_in_sight(self, action: str = "reset") -> Chart | None:
        """The chart in focus last, or else the first, that is in sight and can do that."""
        for chart in (self._chart, *self._curves.all):
            if chart.is_on_screen and chart.check_action(action, ()):
                return chart
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what is for charts while there is one in sight."""
        if action == "close_outcome":
            return not self.is_full and self._outcome.ending is not None
        if action in ("smooth", "axis", "chart", "previous"):
            has_chart = any(chart.is_on_screen for chart in self._curves.all)
            return has_chart and (action != "previous" or self._curves.previous is not None)
        return super().check_action(action, parameters)
