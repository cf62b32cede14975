"""The pane Draw: the user draws a character and sees what the model predicts, stroke by stroke."""

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from mnist_tui import formatting
from mnist_tui.images.image import Picture
from mnist_tui.images.normalize import SIDE, to_mnist_form
from mnist_tui.run.classes import are_digits
from mnist_tui.run.inference import InferenceRequest, InferenceResult
from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.inference_client import InferenceClient
from mnist_tui.tui.insight.panes.image_file import ImageFilePane
from mnist_tui.tui.insight.panes.inside import FilterSelection, InsidePane
from mnist_tui.tui.insight.panes.pane import ARROWS
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.bitmap import Bitmap, Image, PictureView
from mnist_tui.tui.insight.widgets.brush import Drawing
from mnist_tui.tui.insight.widgets.canvas import Canvas, scale_for
from mnist_tui.tui.insight.widgets.class_bars import ClassBars, likeliest
from mnist_tui.tui.insight.widgets.text_lines import Heading, Notes
from mnist_tui.tui.widgets.lines import Line

BLANK: Final = Image(bytes(SIDE * SIDE))

_BESIDE: Final = 1 + SIDE + 1 + 17
"""Columns beside the canvas: the image that the model gets, and the bars."""

_HINTS: Final = (
    "Draw with the mouse; its right button erases. Or with the keys: space sets the pen down, "
    "←↑↓→ move it. To pause a run: ctrl+p, Pause.",
    "Drop an image file into the terminal, or press o: a photograph of handwriting, step by step.",
    "Draw small, in a corner: the model gets it enlarged and centered.",
    "Draw half of it, then the rest: when does the prediction change?",
    "Try a 7 with a bar through it, and without.",
)
_NO_DRAWING: Final = (
    "This model was trained on pictures that fill the whole image, not on characters as one draws "
    "them here.",
    "Drop an image file into the terminal, or press o: the model gets the picture whole.",
)

_SURE: Final = 0.5
"""Below this the likeliest class is called unsure."""


class DrawPane(ImageFilePane):
    """A canvas, the image that the model gets of it, and the probability of each class."""

    TITLE = "Draw"
    DEFAULT_CSS = """
    DrawPane {
        & > Horizontal { height: 1fr; }
        & > Horizontal > Vertical { width: 1fr; padding: 0 0 0 1; }
        #result { height: auto; }
        #input { width: 29; height: auto; }
        #input Bitmap { background: $surface; }
        #bars { width: 1fr; height: auto; }
        ClassBars { max-height: 14; }
        Notes { height: 1fr; margin: 1 0 0 0; }
        &.-narrow #input { display: none; }
        PictureView { display: none; }
        &.-picture PictureView { display: block; }
        &.-picture Canvas, &.-pictures-only Canvas { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "lower('draw')", "Draw", tooltip="Set the pen down, or lift it"),
        Binding(
            "e,backspace", "lower('erase')", "Erase", tooltip="Set the eraser down, or lift it"
        ),
        Binding("c,delete", "clear", "Clear", tooltip="Remove all ink"),
        Binding("u", "undo", "Undo", tooltip="Undo the last stroke"),
        Binding("o", "open", "Open", tooltip="Read an image file in place of the drawing"),
        Binding("enter", "inside", "Inside", tooltip="How the filters respond to the drawing"),
        *ARROWS,
        Binding("shift+left", "move(-4, 0)", show=False),
        Binding("shift+right", "move(4, 0)", show=False),
        Binding("shift+up", "move(0, -4)", show=False),
        Binding("shift+down", "move(0, 4)", show=False),
    ]

    def __init__(self, source: InsightSource) -> None:
        super().__init__(source)
        self._drawing = Drawing()
        self._canvas = Canvas(self._drawing)
        self._input = Bitmap(BLANK)
        self._bars = ClassBars()
        self._notes = Notes()
        self._picture_view = PictureView()
        self._picture: Picture | None = None
        """What is shown in place of the drawing."""
        self._client = InferenceClient(self, source, self._show_result)
        self._is_update_due = False
        self._offered = (True, False)
        """Whether the drawing was empty and could be undone when the keys were last shown."""

    def compose(self) -> ComposeResult:
        yield self.path_line
        with Horizontal():
            yield self._canvas
            yield self._picture_view
            with Vertical():
                with Horizontal(id="result"):
                    with Vertical(id="input"):
                        yield Heading("the model sees")
                        yield self._input
                    with Vertical(id="bars"):
                        yield Heading("predicted as")
                        yield self._bars
                yield self._notes

    def on_mount(self) -> None:
        """Load what the first stroke needs, so that it is not delayed."""
        self.run_worker(_warm_up, thread=True, exit_on_error=False, group="warm up")
        self.set_class(not self.source.is_handwriting, "-pictures-only")
        self._notes.paragraphs = self._hints
        self._show_nothing()

    @property
    def _hints(self) -> tuple[str, ...]:
        return _HINTS if self.source.is_handwriting else _NO_DRAWING

    def on_unmount(self) -> None:
        """Ignore results that are still to come."""
        self._client.cancel()

    def on_resize(self, event: events.Resize) -> None:
        """Make the canvas as large as it can be."""
        width, height = self.content_size
        self._canvas.scale = scale = scale_for(width - _BESIDE, height)
        self.set_class(width < scale * SIDE + 2 + _BESIDE, "-narrow")

    def show_results(self, results: ValidationResults) -> None:
        """Repeat the request, since the weights have changed."""
        self._bars.names = self.source.classes
        self._client.repeat()

    def remember(self) -> object:
        self._canvas.lift()
        return self._drawing

    def recall(self, memory: object) -> None:
        if isinstance(memory, Drawing) and self.source.is_handwriting:
            self._drawing = self._canvas.drawing = memory
            self._update()

    def step_back(self) -> bool:
        """Close the path's line or the picture, or lift the pen if the keys have set it down."""
        if self.close_path_line():
            return True
        if self._picture is not None:
            self._show_picture(None)
            return True
        return self._canvas.lift()

    def on_canvas_drew(self, message: Canvas.Drew) -> None:
        """Update the result, once for all moves until the next request may be sent."""
        message.stop()
        if self._is_update_due:
            return
        self._is_update_due = True
        if delay_s := self._client.delay_s:
            # While a run trains, requests are rare, and so is the work for them.
            self.set_timer(delay_s, self._update)
        else:
            self.call_later(self._update)

    def show_found(self, found: Picture | str) -> None:
        """Show a picture in place of the drawing; a sentence that says why there is none."""
        if isinstance(found, str):
            self._show_picture(None)
            self._notes.facts = ([(found, "warning")],)
        else:
            self._show_picture(found)

    def _show_picture(self, picture: Picture | None) -> None:
        self._picture = self._picture_view.picture = picture
        self.set_class(picture is not None, "-picture")
        self._notes.paragraphs = ("; ".join(picture.done),) if picture else self._hints
        self._update()
        self.refresh_bindings()

    def _received(self) -> NDArray[np.uint8]:
        """What the model gets, (28, 28)."""
        if self._picture is not None:
            return np.frombuffer(self._picture.pixels, np.uint8).reshape(SIDE, SIDE)
        return to_mnist_form(self._drawing.ink)

    def _update(self) -> None:
        self._is_update_due = False
        self._offer_keys()
        image = self._received()
        self._input.image = Image.of(image)
        if image.any():
            self._client.send(InferenceRequest(images=image.tobytes()))
        else:
            self._client.cancel()
            self._show_nothing()

    def _offer_keys(self) -> None:
        offered = self._drawing.is_empty, self._drawing.can_undo
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def _show_nothing(self) -> None:
        self._bars.values = ()
        what = "a digit" if are_digits(self.source.classes) else "a character"
        wanted = f"Draw {what}." if self.source.is_handwriting else "Open an image file."
        self._notes.facts = ([(wanted, "strong")],)

    def _show_result(self, result: InferenceResult | str) -> None:
        if isinstance(result, str):
            self._bars.values = ()
            self._notes.facts = ([(result, "warning")],)
            return
        values = result.probabilities[0]
        if self._picture is not None:
            values = self._picture.claim(values)
        self._bars.values = values
        model: Line = [(f"model at {formatting.place(result.epoch, result.batch)}", "muted")]
        warnings = self._picture.warnings if self._picture is not None else ()
        self._notes.facts = (
            [(self._prediction(values), "strong")],
            *([(warning, "warning")] for warning in warnings),
            model,
        )

    def _prediction(self, values: tuple[float, ...]) -> str:
        best = likeliest(values)
        words = "Predicted as" if values[best] >= _SURE else "Unsure, perhaps"
        percent = formatting.whole_percent(values[best]).strip()
        return f"{words} {self.source.classes[best]}: {percent}"

    # What keys do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done to this drawing, or to the picture in its place."""
        is_drawn = self.source.is_handwriting and self._picture is None
        match action:
            case "lower" | "move":
                return is_drawn
            case "undo":
                return is_drawn and self._drawing.can_undo
            case "clear" | "inside":
                return self._picture is not None or not self._drawing.is_empty
        return super().check_action(action, parameters)

    def action_move(self, x: int, y: int) -> None:
        self._canvas.move(x, y)

    def action_open(self) -> None:
        self.open_image(None)

    def action_lower(self, tool: str) -> None:
        self._canvas.lower("erase" if tool == "erase" else "draw")

    def action_clear(self) -> None:
        if self._picture is not None:
            self._show_picture(None)
        else:
            self._canvas.clear()

    def action_undo(self) -> None:
        self._canvas.undo()

    def action_inside(self) -> None:
        """Show how the filters of the first layer respond to the drawing or the picture."""
        drawing = self._received().tobytes()
        selection = FilterSelection(example=-1, drawing=drawing)
        self.post_message(self.Opened(InsidePane.TITLE, selection))


def _warm_up() -> None:
    """Load what the first stroke needs. Worker thread."""
    to_mnist_form(np.eye(SIDE, dtype=np.uint8) * 255)
