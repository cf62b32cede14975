"""One digit as large as there is room for, and what is to be said of it."""

from textual.reactive import reactive
from textual.strip import Strip

from mnist_tui.tui.insight.widgets.bitmap import Image, shading_of, strips_of
from mnist_tui.tui.insight.widgets.strip_widget import StripWidget
from mnist_tui.tui.widgets.lines import Line


class Portrait(StripWidget):
    """The digit above, the text below."""

    DEFAULT_CSS = """
    Portrait { width: 30; height: 1fr; padding: 0 0 0 2; }
    """
    LEAST = 10
    """A digit with fewer pixels a side is left out: it would only be a blot."""

    image: reactive[bytes | None] = reactive(None, repaint=False)
    """28 x 28 gray values."""
    about: reactive[tuple[Line, ...]] = reactive((), repaint=False)
    """The text, line by line."""

    def watch_image(self) -> None:
        """Show it."""
        self.redraw()

    def watch_about(self) -> None:
        """Show it."""
        self.redraw()

    def draw(self, width: int, height: int) -> list[Strip]:
        """As Drawn asks: the text first, the digit in what is left."""
        text = [self.text(line, width) for line in self.about]
        room = min(2 * (height - len(text)), width, 28) // 2 * 2
        if self.image is None or room < self.LEAST:
            return text
        image = Image(self.image)
        fitting = image if room == 28 else image.resized(room, room)
        margin = self.text([], (width - room) // 2)
        picture = [Strip.join([margin, strip]) for strip in strips_of(fitting, shading_of(self))]
        return [*picture, *text]
