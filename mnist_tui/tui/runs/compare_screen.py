"""Several runs laid over each other, on a screen of its own."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from mnist_tui.store.comparison import Comparison, PickedRun, compare
from mnist_tui.tui.charts import Chart
from mnist_tui.tui.dashboard.curves import SMOOTHING
from mnist_tui.tui.dashboard.timeline import Axis
from mnist_tui.tui.runs.compared_curves import TITLES, cells, compared_chart
from mnist_tui.tui.runs.overlay import NO_RUN_KEYS, RUN_TONES, RunsOverlay
from mnist_tui.tui.text.fitting import fitting, pad, shorten
from mnist_tui.tui.widgets.key_bar import ScreenKeys
from mnist_tui.tui.widgets.lines import Line, Lines, Shown
from mnist_tui.tui.widgets.tab_bar import TabBar

AGAIN_S = 2.0
"""Seconds between two looks at the runs, of which some may be live."""
_NAME_WIDTH: Final = 24
_GAP: Final = 2


class ComparisonTable(Lines):
    """One line per run, its number and color in front; `first` is the first column in sight."""

    TONES: ClassVar[Mapping[str, str]] = RUN_TONES
    DEFAULT_CSS = """
    ComparisonTable { padding: 0 1; background: $surface; }
    """

    comparison: Shown[Comparison | None] = Shown(None)
    first: Shown[int] = Shown(0)

    def lines(self, width: int, height: int) -> list[Line]:
        if self.comparison is None:
            return []
        table = cells(self.comparison)
        widths = [max(cell_len(row[column]) for row in table) for column in range(len(table[0]))]
        widths[0] = min(widths[0], _NAME_WIDTH)
        room = width - 2 - widths[0] - _GAP
        shown = fitting(range(1 + self.first, len(widths)), room, widths.__getitem__, _GAP)
        numbers = (0, *(run.number for run in self.comparison.runs))
        return [
            self._line(number, row, shown, widths)
            for number, row in zip(numbers, table, strict=True)
        ]

    @staticmethod
    def _line(number: int, row: list[str], shown: list[int], widths: list[int]) -> Line:
        tone = "" if number else "muted"
        name = pad(shorten(row[0], widths[0]), widths[0])
        mark = (f"{number} ", f"run-{number}") if number else ("  ", "")
        line: Line = [mark, (name, tone)]
        for column in shown:
            line.append((f"{'':{_GAP}}{row[column]:>{widths[column]}}", tone))
        return line


class CompareScreen(RunsOverlay):
    """A chart of up to eight runs over a table of what differs and what became of it."""

    DEFAULT_CSS = """
    CompareScreen {
        layout: vertical;
        background: $background;
        #charts { layout: horizontal; height: 1fr; }
        Chart { width: 1fr; }
        TabBar { margin-bottom: 0; }
        &.-w0 Chart.-narrow { display: none; }
        &.-w120 .-hidden { display: none; }
    }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-w0"), (120, "-w120")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("r", "dismiss", show=False),
        Binding("b", "axis", "x axis", tooltip="Epochs, batches or time from left to right"),
        Binding("m", "smooth", "Smooth", tooltip="Lay a moving average over the curves"),
        *(
            Binding(str(key), f"chart({key - 1})", title, show=False)
            for key, title in enumerate(TITLES, 1)
        ),
        Binding("less_than_sign,comma", "shift(-1)", "Columns", key_display="< >"),
        Binding("greater_than_sign,full_stop", "shift(1)", show=False),
        NO_RUN_KEYS,
    ]
    AUTO_FOCUS = "#chart-0"

    def __init__(self, runs: Sequence[PickedRun]) -> None:
        """Make a screen about these runs."""
        super().__init__()
        self._runs = runs
        self._axis = Axis.EPOCH
        self._smoothing = 0
        self._charts = [Chart(id=f"chart-{number}") for number in range(len(TITLES))]
        self._table, self._tabs = ComparisonTable(), TabBar()

    def compose(self) -> ComposeResult:
        """Put the charts over the table."""
        yield self._tabs
        with Container(id="charts"):
            yield from self._charts
        yield self._table
        yield ScreenKeys()

    def on_mount(self) -> None:
        """Show the runs, and follow those that are live."""
        self._tabs.titles = TITLES
        self._table.styles.height = len(self._runs) + 1
        self.action_chart(0)
        self._read()
        self.set_interval(AGAIN_S, self._read)

    def _read(self) -> None:
        self.run_worker(self._compare, thread=True, exclusive=True, exit_on_error=False)

    def _compare(self) -> None:
        """Read the runs. A worker's thread."""
        comparison = compare(self._runs)
        if self.is_attached:
            self.app.call_from_thread(self._show, comparison)

    def _show(self, comparison: Comparison) -> None:
        self._table.comparison = comparison
        weight = SMOOTHING[self._smoothing]
        for title, chart in zip(TITLES, self._charts, strict=True):
            chart.set_data(compared_chart(title, comparison, self._axis, weight))

    def action_chart(self, number: int) -> None:
        """Show one chart, and where there is room the one that belongs to it."""
        second = number + 1 if number % 2 == 0 else number - 1
        for index, chart in enumerate(self._charts):
            chart.set_class(index != number, "-narrow")
            chart.set_class(index not in (number, second), "-hidden")
        self._tabs.active = number
        if self._charts[number].display:
            self.set_focus(self._charts[number])

    def on_tab_bar_chosen(self, event: TabBar.Chosen) -> None:
        """Show the chart whose tab was clicked."""
        self.action_chart(event.index)

    def action_axis(self) -> None:
        """Count epochs, batches or time from left to right."""
        self._axis = self._axis.next
        self._redraw()

    def action_smooth(self) -> None:
        """Go on to the next smoothing."""
        self._smoothing = (self._smoothing + 1) % len(SMOOTHING)
        self._redraw()

    def _redraw(self) -> None:
        if self._table.comparison is not None:
            self._show(self._table.comparison)

    def action_shift(self, columns: int) -> None:
        """Bring other columns of the table into sight."""
        self._table.first = max(self._table.first + columns, 0)
