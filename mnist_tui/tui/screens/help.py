"""Help: the keys, the panes, and the words that a learner meets."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from mnist_tui.tui.screens.overlay import Overlay

KEYS: Final = (
    (
        "The run",
        (
            ("space", "start, pause, resume"),
            ("s", "save a checkpoint now"),
            ("x", "stop at the next batch; saves first, resume it later"),
            ("n", "after the end: a new run, same settings, first rate"),
            ("e", "edit the settings; live: epochs, rate and saving"),
            ("[  ]", "halve or double the learning rate while it trains"),
            ("q", "quit; asks while a run is live"),
        ),
    ),
    (
        "The panes",
        (
            ("1 to 6", "loss, accuracy, batches, epochs, log, machine"),
            ("tab", "go to the next pane"),
            ("f", "the pane fills the screen, and back"),
            ("t", "choose a theme"),
            ("ctrl+p", "all commands by name"),
        ),
    ),
    (
        "Charts",
        (
            ("l", "logarithmic loss axis"),
            ("m", "a moving average over the raw values"),
            ("+  -  0", "zoom in, zoom out, show all; the wheel too"),
            ("left right", "move what is in view, or the cursor"),
            ("c", "a cursor that reads out the values"),
            ("b", "from left to right: epochs, batches or time"),
            ("p", "show or hide the run before, a faint dotted curve"),
        ),
    ),
    (
        "Epochs and log",
        (
            ("up down", "move; home and end go to the first and the newest"),
            ("o  O", "sort the epochs by the next column; turn the order around"),
            ("v", "log: what matters, warnings, errors, or every detail"),
            ("y", "copy the row, or the log"),
        ),
    ),
    (
        "What it learned",
        (
            ("i", "open it, at the pane last used; esc or i goes back"),
            ("d", "draw a digit for the model to read"),
            ("1 to 6", "confusion, mistakes, learning, inside, draw, data"),
            ("arrows", "choose a cell, a digit or a filter; the mouse too"),
            (",  .", "the epoch before or after; inside: the digit"),
            ("enter", "the images of the cell; the digit large"),
            ("pgup pgdn", "turn pages; the wheel too"),
            ("h", "mistakes: the hardest that were guessed right, and back"),
            ("r  g  a", "mistakes: by true class, by guess, all again"),
            ("p", "learning: play the epochs"),
            ("v  k  g", "data: the other split, one class, go to a number"),
        ),
    ),
    (
        "Drawing",
        (
            ("mouse", "left button draws, right button erases"),
            ("arrows", "move the pen; with shift by four"),
            ("space  e", "set down the pen or the eraser; again: lift it"),
            ("u  c", "take the last stroke back; clear"),
            ("enter", "what the filters make of the drawing"),
        ),
    ),
)
"""Keys by topic."""

PANES: Final = (
    ("Loss", "Mean loss of each epoch: points for training, a line for validation."),
    ("Accuracy", "The same for the share of digits guessed right."),
    ("Batches", "The loss of every batch: the mean, within the smallest and the largest."),
    ("Epochs", "One row per finished epoch. ★ marks the best by validation accuracy."),
    ("Log", "What happened and when, warnings and errors included."),
    ("Machine", "GPUs, processors and memory, and their last two minutes while in sight."),
    ("Confusion", "Which digit is taken for which, and each class's figures."),
    ("Mistakes", "The digits guessed wrong, worst first; and the hardest right ones."),
    ("Learning", "Twenty digits, and what they are taken for after each epoch."),
    ("Inside", "The first layer's filters, and what they make of a digit."),
    ("Draw", "Your own digit, and what the model takes it for as you draw."),
    ("Data", "The digits it learns from and is validated on, with their counts."),
    ("Colors", "Blue is training, orange validation: told apart with any color vision."),
)
"""What each pane shows."""

WORDS: Final = (
    (
        "Loss",
        "How wrong the network's guesses are, as a number: 0 would be sure and right every "
        "time; 2.3 is what blind guessing among ten digits gives. Training makes it smaller.",
    ),
    (
        "Accuracy",
        "The share of digits that are guessed right. It is what we want in the end, but it "
        "moves in jumps; the loss moves smoothly, so that is what training follows.",
    ),
    (
        "Batch",
        "A handful of digits that the network looks at together. After each batch its weights "
        "move one small step in the direction that makes the loss smaller.",
    ),
    (
        "Epoch",
        "One pass over all training digits. After each, the network is tested on the "
        "validation digits, from which it never learns.",
    ),
    (
        "Learning rate",
        "How long each step is. Too small and training takes for ever; too large and the loss "
        "jumps about or blows up. Try [ and ] while it trains and watch the batches.",
    ),
    (
        "Overfitting",
        "Learning the training digits by heart. You see it where the training loss still "
        "falls while the validation loss rises again: from there on, more epochs do harm.",
    ),
)
"""One short paragraph for each word."""


class HelpScreen(ModalScreen[None], Overlay[None]):
    """A page to scroll through."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & > VerticalScroll {
            width: 78;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 1 2;
            border: round $border;
            border-title-style: bold;
            background: $surface;
            scrollbar-size-vertical: 1;
            scrollbar-background: $surface;
            scrollbar-background-hover: $surface;
        }
        Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,f1", "dismiss", "Close"),
    ]

    def compose(self) -> ComposeResult:
        """As Screen asks."""
        with VerticalScroll() as page:
            page.border_title = "Help"
            page.border_subtitle = "↑ ↓ scroll · esc closes"
            yield Static(_page())


def _page() -> Content:
    parts: list[Content | tuple[str, str]] = []
    for topic, keys in KEYS:
        parts.append((f"{topic}\n", "bold $text-accent"))
        for key, what in keys:
            parts += [(f"  {key:<11}", "bold"), (f" {what}\n", "")]
        parts.append(("\n", ""))
    parts.append(("What the panes show\n", "bold $text-accent"))
    for pane, what in PANES:
        parts += [(f"  {pane:<11}", "bold"), (f" {what}\n", "")]
    for word, what in WORDS:
        parts += [(f"\n{word}\n", "bold $text-accent"), (f"{what}\n", "")]
    return Content.assemble(*parts).rstrip()
