"""The examination of `mnist-tui doctor`, over the dashboard."""

from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from mnist_tui.doctor import Check, Level, examine
from mnist_tui.tui.screens.overlay import Dialog

_STYLES: Final = {
    Level.OK: "$text-success",
    Level.WARNING: "$text-warning",
    Level.FAULT: "$text-error",
}


class DoctorScreen(Dialog[None]):
    """Shows each check as soon as it is done."""

    DEFAULT_CSS = """
    DoctorScreen {
        & > VerticalScroll {
            width: 90%;
            max-width: 100;
            max-height: 90%;
            border-title-style: bold;
        }
        Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "Close")]

    def __init__(self, runs_dir: Path, data_dir: str | None) -> None:
        """Take the folders that runs and data of the next run are in."""
        super().__init__()
        self._folders: Final = runs_dir, data_dir
        self._found: list[Check] = []

    def compose(self) -> ComposeResult:
        with VerticalScroll() as page:
            page.border_title = "Doctor"
            page.border_subtitle = "esc closes"
            yield Static("examining this machine …")

    def on_mount(self) -> None:
        self.run_worker(self._examine, thread=True, exit_on_error=False)

    def _examine(self) -> None:
        for check in examine(*self._folders, is_on_screen=True):
            if not self.is_attached:
                return
            self.app.call_from_thread(self._show, check)
        self.app.call_from_thread(self._show, None)

    def _show(self, check: Check | None) -> None:
        if not self.is_attached:
            return
        if check is not None:
            self._found.append(check)
        end = "" if check is None else "..."
        self.query_one(Static).update(_page(self._found, end))


def _page(found: list[Check], end: str) -> Content:
    parts: list[Content | tuple[str, str]] = []
    for check in found:
        parts += [(f"{check.level:<8} ", _STYLES[check.level]), (f"{check.name}: ", "bold")]
        parts.append((f"{check.found}\n", ""))
        if check.advice:
            parts.append((f"         {check.advice}\n", "$text-muted"))
    return Content.assemble(*parts, end).rstrip()
