"""The notices that stay in sight for the whole run."""

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static


class Notices(Static):
    """The run's notices, one under the other; takes no room when there are none."""

    DEFAULT_CSS = """
    Notices {
        height: auto;
        max-height: 4;
        padding: 0 1;
        color: $text-warning;
        background: $warning 12%;
        display: none;
        &.-any { display: block; }
    }
    """

    messages: reactive[tuple[str, ...]] = reactive((), repaint=False)
    """The notices, oldest first."""

    def watch_messages(self, messages: tuple[str, ...]) -> None:
        """Show them; the one place where a new line moves what is below."""
        self.set_class(bool(messages), "-any")
        self.update(Content("\n".join(f"! {message}" for message in messages)))
