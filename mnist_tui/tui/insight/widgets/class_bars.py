"""The ten classes' probabilities as bars."""

from textual.reactive import reactive

from mnist_tui import formatting
from mnist_tui.tui.widgets.lines import Line, Lines
from mnist_tui.tui.widgets.meters import bar

_LABEL, _PERCENT = 4, 6


class ClassBars(Lines):
    """One line for each class; the likeliest is marked by a glyph, not by a color alone."""

    DEFAULT_CSS = """
    ClassBars {
        width: 1fr;
        height: 10;
    }
    """

    values: reactive[tuple[float, ...]] = reactive((), repaint=False)
    """Ten in [0, 1], or none while nothing is known."""

    def watch_values(self) -> None:
        """Show them."""
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        """As Lines asks."""
        if not self.values:
            unknown = (formatting.UNKNOWN, "muted")
            return [[(f"  {digit} ", "muted"), unknown] for digit in range(10)]
        best = likeliest(self.values)
        return [
            _line(digit, value, width, is_best=digit == best)
            for digit, value in enumerate(self.values)
        ]


def likeliest(probabilities: tuple[float, ...]) -> int:
    """The class with the greatest probability."""
    return max(range(len(probabilities)), key=lambda digit: probabilities[digit])


def _line(digit: int, value: float, width: int, *, is_best: bool) -> Line:
    line: Line = [(f"{'▸' if is_best else ' '} {digit} ", "accent" if is_best else "")]
    line += bar(value, width - _LABEL - _PERCENT, "done" if is_best else "bar")
    return [*line, (f" {formatting.whole_percent(value)}", "strong" if is_best else "muted")]
