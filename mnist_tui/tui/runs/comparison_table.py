"""The table beside the curves of several runs."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from rich.cells import cell_len

from mnist_tui import formatting
from mnist_tui.config import SETTINGS
from mnist_tui.store.comparison import ComparedRun, Comparison
from mnist_tui.tui.runs.run_tones import RUN_TONES
from mnist_tui.tui.text.fitting import pad, shorten
from mnist_tui.tui.widgets.lines import Line, Lines, Shown

_NAME_WIDTH: Final = 24
_GAP: Final = 2

RESULTS: Final[tuple[tuple[str, Callable[[ComparedRun], str]], ...]] = (
    ("best", lambda run: formatting.percent(run.best.val_accuracy if run.best else None)),
    ("in", lambda run: f"{run.best.epoch}" if run.best else formatting.UNKNOWN),
    ("last", lambda run: formatting.percent(run.rows[-1].val_accuracy if run.rows else None)),
    ("to 97 %", lambda run: _epochs(run.epochs_to(0.97))),
    ("to 99 %", lambda run: _epochs(run.epochs_to(0.99))),
    ("time", lambda run: formatting.duration(run.seconds)),
)
"""What became of each run: the columns and how they are written."""


def _epochs(epoch: int | None) -> str:
    return formatting.UNKNOWN if epoch is None else f"{epoch}"


def write_setting(field: str, value: Any) -> str:
    """The value of a field of TrainConfig, in few characters."""
    return f"{value:.4g}" if isinstance(value, float) else SETTINGS[field].rule.spell(value)


def cells(comparison: Comparison) -> list[list[str]]:
    """The table as text, the heading first: name, differing settings, results."""
    heading = ["run", *(field.replace("_", " ") for field in comparison.differing)]
    rows = [[*heading, *(name for name, _ in RESULTS)]]
    for run in comparison.runs:
        settings = [write_setting(field, run.settings.get(field)) for field in comparison.differing]
        rows.append([run.name, *settings, *(write(run) for _, write in RESULTS)])
    return rows


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
        shown, used = [0], 2 + widths[0]
        for column in range(1 + self.first, len(widths)):
            used += _GAP + widths[column]
            if used > width:
                break
            shown.append(column)
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
        for column in shown[1:]:
            line.append((f"{'':{_GAP}}{row[column]:>{widths[column]}}", tone))
        return line
