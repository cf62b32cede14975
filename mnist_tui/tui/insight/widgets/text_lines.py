"""The text around the pictures: headings, lines that can be clicked, and explanations."""

from rich.cells import cell_len
from textual import events

from mnist_tui.tui.text.fitting import fitting, wrap_words
from mnist_tui.tui.widgets.lines import Line, Lines, Shown
from mnist_tui.tui.widgets.pressable import Pressable

Part = tuple[str, str, str]
"""Some text, its tone, and the action of the pane that a click runs; empty for none."""


class Heading(Lines):
    """One muted line above something."""

    DEFAULT_CSS = """
    Heading { height: 1; }
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def lines(self, width: int, height: int) -> list[Line]:
        return [[(self._text, "muted")]]


class ActionLine(Pressable[str], Lines):
    """One line of parts, some of which run an action of the pane; the last give way first."""

    DEFAULT_CSS = """
    ActionLine { height: 1; }
    """

    parts: Shown[tuple[Part, ...]] = Shown(())
    """From the left."""

    def lines(self, width: int, height: int) -> list[Line]:
        return [[(text, tone) for text, tone, _ in self._fitting(width)]]

    def _fitting(self, width: int) -> list[Part]:
        return fitting(self.parts, width, lambda part: cell_len(part[0]))

    def thing_at(self, event: events.MouseEvent) -> str | None:
        x = event.get_content_offset_capture(self).x
        for text, _, action in self._fitting(self.content_size.width):
            if 0 <= x < cell_len(text):
                return action or None
            x -= cell_len(text)
        return None

    def press(self, thing: str) -> None:
        self.call_later(self.app.run_action, thing, self.parent)


class Notes(Lines):
    """Facts, and under them as much of an explanation as there is room for."""

    DEFAULT_CSS = """
    Notes { height: 3; }
    """

    facts: Shown[tuple[Line, ...]] = Shown(())
    """One line each, always shown."""
    paragraphs: Shown[tuple[str, ...]] = Shown(())
    """Sentences to wrap. Of those after the first, only what fits whole is shown."""

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the facts and the paragraphs; with blank lines between if all of it fits."""
        lines: list[Line] = list(self.facts)
        blocks = [wrap_words(paragraph, width) for paragraph in self.paragraphs]
        spaced = len(lines) + sum(map(len, blocks)) + len(blocks) <= height
        for place, block in enumerate(blocks):
            if place and len(lines) + len(block) > height:
                break
            if spaced and lines:
                lines.append([])
            lines += [[(text, "muted")] for text in block]
        return lines
