"""A word over a picture."""

from mnist_tui.tui.widgets.lines import Line, Lines


class Heading(Lines):
    """One muted line above something."""

    DEFAULT_CSS = """
    Heading { height: 1; }
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def lines(self, width: int, height: int) -> list[Line]:
        """As Lines asks."""
        return [[(self._text, "muted")]]
