"""The pane Draw: a person draws a digit, and sees what the model makes of it at every stroke."""

from typing import ClassVar, Final

import numpy as np
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from mnist_tui import formatting
from mnist_tui.images.normalize import SIDE, to_mnist_form
from mnist_tui.run.inference import InferenceRequest, InferenceResult
from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.insight.inference_client import InferenceClient, ResultArrived
from mnist_tui.tui.insight.panes.inside import FilterSelection, InsidePane
from mnist_tui.tui.insight.panes.pane import ARROWS, InsightPane
from mnist_tui.tui.insight.source import InsightSource
from mnist_tui.tui.insight.widgets.bitmap import Bitmap, Image
from mnist_tui.tui.insight.widgets.brush import Drawing
from mnist_tui.tui.insight.widgets.canvas import Canvas, scale_for
from mnist_tui.tui.insight.widgets.class_bars import ClassBars, likeliest
from mnist_tui.tui.insight.widgets.heading import Heading
from mnist_tui.tui.widgets.lines import Line, Lines, wrap_words

BLANK: Final = Image(bytes(SIDE * SIDE))

_BESIDE: Final = 1 + SIDE + 1 + 17
"""Columns beside the canvas: what the model sees, and the bars."""

_WAYS: Final = (
    "Draw with the mouse; its right button erases. Or go with ← ↑ ↓ →: space sets the pen down. "
    "To pause a run: ctrl+p, Pause."
)
_TRIES: Final = (
    "Try a 7 with a bar through it, and without.",
    "Draw small, in a corner: it is enlarged and centered before the model sees it.",
    "Draw a digit half, then the rest: when does its guess change?",
)

_SURE: Final = 0.5
"""Below this the likeliest class is no more than a guess."""


class Verdict(Lines):
    """What the model says, which weights say so, and what a learner might try."""

    DEFAULT_CSS = """
    Verdict { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: list[Line] = []

    def say(self, *said: Line) -> None:
        """Say this above the hints."""
        self._said = list(said)
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        """As Lines asks: as many whole hints as there is room for."""
        lines = list(self._said)
        hints = [wrap_words(hint, width) for hint in (_WAYS, *_TRIES)]
        # Where there is room, they stand apart.
        gap = len(lines) + sum(map(len, hints)) + len(hints) <= height
        for hint in hints:
            wrapped: list[Line] = [[(text, "muted")] for text in hint]
            if len(lines) + len(wrapped) > height:
                break
            lines += [[], *wrapped] if gap else wrapped
        return lines


class DrawPane(InsightPane):
    """A canvas, what the model sees of it, and its ten probabilities."""

    TITLE = "Draw"
    DEFAULT_CSS = """
    DrawPane {
        & > Horizontal { height: 1fr; }
        & > Horizontal > Vertical { width: 1fr; padding: 0 0 0 1; }
        #answer { height: auto; }
        #seen { width: 29; height: auto; }
        #seen Bitmap { background: $surface; }
        #bars { width: 1fr; height: auto; }
        Verdict { margin: 1 0 0 0; }
        &.-narrow #seen { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "put('draws')", "Draw", tooltip="Set the pen down, or lift it"),
        Binding("e,backspace", "put('erases')", "Erase", tooltip="Set the eraser down, or lift it"),
        Binding("c,delete", "clear", "Clear"),
        Binding("u", "undo", "Undo", tooltip="Take the last stroke back"),
        Binding("enter", "inside", "Inside", tooltip="What the filters make of the drawing"),
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
        self._seen = Bitmap(BLANK)
        self._bars = ClassBars()
        self._verdict = Verdict()
        self._asker = InferenceClient(self, source, self._hear)
        self._is_stale = False
        """Whether the drawing changed since the model saw it."""
        self._offered = (True, False)
        """Whether the drawing was empty and could be undone when the keys were last shown."""

    def compose(self) -> ComposeResult:
        """As Widget asks."""
        with Horizontal():
            yield self._canvas
            with Vertical():
                with Horizontal(id="answer"):
                    with Vertical(id="seen"):
                        yield Heading("the model sees")
                        yield self._seen
                    with Vertical(id="bars"):
                        yield Heading("and takes it for")
                        yield self._bars
                yield self._verdict

    def on_mount(self) -> None:
        """Be quick at the first stroke already."""
        self.run_worker(_warm_up, thread=True, exit_on_error=False, group="warm up")
        self._hear_nothing()

    def on_unmount(self) -> None:
        """Want no answer any more."""
        self._asker.drop()

    def on_resize(self, event: events.Resize) -> None:
        """Let the canvas be as large as it can be."""
        width, height = self.content_size
        self._canvas.scale = scale = scale_for(width - _BESIDE, height)
        self.set_class(width < scale * SIDE + 2 + _BESIDE, "-narrow")

    def show_insight(self, insight: ValidationResults) -> None:
        """The weights have changed: ask them."""
        self._asker.ask_again()

    def remember(self) -> object:
        """The drawing, with its strokes."""
        self._canvas.lift()
        return self._drawing

    def recall(self, memory: object) -> None:
        """Go on with a drawing."""
        if isinstance(memory, Drawing):
            self._drawing = self._canvas.drawing = memory
            self._update()

    def on_canvas_drew(self, message: Canvas.Drew) -> None:
        """Show what the model makes of it, once for all moves until it can be asked again."""
        message.stop()
        if self._is_stale:
            return
        self._is_stale = True
        if rest_s := self._asker.rest_s:
            # A run that trains has few moments to spare.
            self.set_timer(rest_s, self._update)
        else:
            self.call_later(self._update)

    def _update(self) -> None:
        self._is_stale = False
        self._offer()
        image = to_mnist_form(self._drawing.ink)
        self._seen.image = Image.of(image)
        if image.any():
            self._asker.ask(InferenceRequest(images=image.tobytes()))
        else:
            self._asker.drop()
            self._hear_nothing()

    def _offer(self) -> None:
        """Let the keys be shown anew, where others can be pressed now."""
        offered = self._drawing.is_empty, self._drawing.can_undo
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def on_result_arrived(self, message: ResultArrived) -> None:
        """An answer has come."""
        self._asker.take(message.reply)

    def _hear_nothing(self) -> None:
        self._bars.values = ()
        self._verdict.say([("Draw a digit.", "strong")])

    def _hear(self, reading: InferenceResult | str) -> None:
        if isinstance(reading, str):
            self._bars.values = ()
            self._verdict.say([(reading, "warning")])
            return
        self._bars.values = values = reading.probabilities[0]
        best = likeliest(values)
        percent = formatting.whole_percent(values[best]).strip()
        is_sure = values[best] >= _SURE
        digit = formatting.a_digit(best)
        sure = f"It is {digit}" if is_sure else f"Perhaps {digit}, but it is unsure"
        where = f"by the weights of {formatting.place(reading.epoch, reading.batch)}"
        self._verdict.say([(f"{sure}: {percent}", "strong")], [(where, "muted")])

    # What keys do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done to this drawing."""
        if action in ("clear", "inside"):
            return not self._drawing.is_empty
        if action == "undo":
            return self._drawing.can_undo
        return super().check_action(action, parameters)

    def action_move(self, x: int, y: int) -> None:
        """Move the pen."""
        self._canvas.move(x, y)

    def action_put(self, does: str) -> None:
        """Set the pen or the eraser down, or lift it."""
        self._canvas.put("erases" if does == "erases" else "draws")

    def action_clear(self) -> None:
        """Take all ink away."""
        self._canvas.clear()

    def action_undo(self) -> None:
        """Take the last stroke back."""
        self._canvas.undo()

    def action_inside(self) -> None:
        """Show what the first layer makes of the drawing."""
        look = FilterSelection(digit=-1, drawing=to_mnist_form(self._drawing.ink).tobytes())
        self.post_message(self.Opened(InsidePane.TITLE, look))


def _warm_up() -> None:
    """Load what the first stroke needs. A worker's thread."""
    to_mnist_form(np.eye(SIDE, dtype=np.uint8) * 255)
