"""A pane in which the user can open an image file."""

from functools import partial
from pathlib import Path

from textual import events
from textual.widgets import Input

from mnist_tui.errors import DataError
from mnist_tui.images.image import Picture, read_picture, read_whole
from mnist_tui.images.sources import read_file
from mnist_tui.tui.insight.panes.pane import InsightPane
from mnist_tui.tui.insight.pasted_path import pasted_path
from mnist_tui.tui.insight.source import InsightSource


class ImageFilePane(InsightPane):
    """Reads the image file whose path is typed, pasted, or dropped into the terminal."""

    DEFAULT_CSS = """
    ImageFilePane {
        Input { display: none; dock: bottom; }
    }
    """

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source)
        self.path_line = Input(placeholder="path of an image file; enter reads it")

    def show_found(self, found: Picture | str) -> None:
        """Show what is in the file, or a sentence that says why nothing is."""
        raise NotImplementedError

    def open_image(self, path: Path | None) -> None:
        """Read an image file; without a path, let the user type one."""
        if path is None:
            self.path_line.display = True
            self.path_line.focus()
        else:
            self.run_worker(
                partial(self._read, path), thread=True, exclusive=True, group="read image"
            )

    def close_path_line(self) -> bool:
        """Take the line for the path away; whether it was there."""
        was_open = self.path_line.display
        if was_open:
            self.path_line.display = False
            self.path_line.value = ""
            self.focus()
        return was_open

    def on_paste(self, event: events.Paste) -> None:
        path = pasted_path(event.text)
        if path is not None:
            event.stop()
            self.open_image(path)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        self.close_path_line()
        if typed:
            self.open_image(pasted_path(typed) or Path(typed))

    def _read(self, path: Path) -> None:
        """Find what the model gets of an image file. Worker thread."""
        read = read_picture if self.source.is_handwriting else read_whole
        try:
            found: Picture | str = read(read_file(str(path)), path.name)
        except DataError as error:
            found = f"{path.name} {error}"
        self.app.call_from_thread(self._receive, found)

    def _receive(self, found: Picture | str) -> None:
        if self.is_attached:
            self.show_found(found)
