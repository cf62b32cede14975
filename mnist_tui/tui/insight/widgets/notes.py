"""A line that tells a fact, and sentences that explain what is to be seen."""

from textual.reactive import reactive

from mnist_tui.tui.widgets.lines import Line, Lines, wrap_words


class Notes(Lines):
    """Some lines of text under a picture."""

    DEFAULT_CSS = """
    Notes { height: 3; }
    """

    lead: reactive[tuple[tuple[str, str], ...]] = reactive((), repaint=False)
    """The fact, in pieces; none: there is no such line."""
    paragraphs: reactive[tuple[str, ...]] = reactive((), repaint=False)
    """The sentences. Of those after the first, only what fits whole is shown."""

    def watch_lead(self) -> None:
        """Show it."""
        self.redraw()

    def watch_paragraphs(self) -> None:
        """Show them."""
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        """As Lines asks."""
        lines: list[Line] = [list(self.lead)] if self.lead else []
        for place, paragraph in enumerate(self.paragraphs):
            wrapped: list[Line] = [[(line, "muted")] for line in wrap_words(paragraph, width)]
            if place and len(lines) + len(wrapped) > height:
                break
            lines += wrapped
        return lines
