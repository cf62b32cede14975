"""Help: the keys, the panes, and the words that a learner meets."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Size

from mnist_tui.tui.screens.overlay import Dialog
from mnist_tui.tui.text.fitting import wrap_words
from mnist_tui.tui.widgets.lines import Line, Lines

Entries = tuple[tuple[str, str], ...]
"""A key or a word, and what it does or means."""

Section = tuple[str, Entries]
"""A title and what is under it."""

_INDENT: Final = 16
"""The column at which explanations begin."""

KEYS: Final = (
    (
        "The run",
        (
            ("space", "start, pause, resume; after the end, train for longer"),
            ("s", "save a checkpoint now"),
            ("x", "stop at the next batch; saves first, resume it later"),
            ("n", "after the end: a new run, same settings; asks first"),
            ("e", "edit the settings; live: epochs, learning rate, saving"),
            ("[  ]", "halve or double the learning rate while it trains"),
            ("q", "quit; asks first while training"),
            ("ctrl+z", "leave it running without a terminal, and quit"),
        ),
    ),
    (
        "The panes",
        (
            ("1 to 6", "loss, accuracy, batches, epochs, log, machine"),
            ("tab", "go to the next pane"),
            ("f", "the pane fills the screen, and back"),
            ("t", "choose a theme; the one under the cursor is tried on"),
            ("ctrl+p", "all commands by name"),
        ),
    ),
    (
        "Charts",
        (
            ("l", "logarithmic axis; of the error where accuracies are shown"),
            ("m", "smooth the curves; the raw values stay in sight"),
            ("+  -  0", "zoom in, zoom out, show all, outliers too; the wheel zooms"),
            ("left right", "move what is in view, or the cursor"),
            ("c", "a cursor that reads out the values"),
            ("b", "from left to right: epochs, batches or time"),
            ("p", "show or hide another run: the newest like it, faint and dotted"),
        ),
    ),
    (
        "Epochs and log",
        (
            ("up down", "move; home and end go to the first and the newest"),
            ("o  O", "sort the epochs by the next column; turn the order around"),
            ("v", "log: info and above, warnings, errors, or every detail"),
            ("y", "copy the row, or the log"),
        ),
    ),
    (
        "All runs",
        (
            ("r", "list them; esc or r goes back"),
            ("enter", "show the run, or attach to a live one"),
            ("g", "train the run on, for the epochs that you ask for"),
            ("/", "filter as you type: words, or lr<0.01, state:finished"),
            ("o  O", "sort by the next column; turn the order around"),
            ("space  c", "mark up to eight runs; lay them over each other"),
            ("R  t  n", "rename; tags; a note"),
            ("x", "write its curves or its network for other programs"),
            ("D  u", "delete into the trash; bring back"),
            ("l", "the leaderboard of the sweep that the run belongs to"),
        ),
    ),
    (
        "A sweep, as a leaderboard",
        (
            ("enter", "show the run, or attach to a live one"),
            ("g", "groups of runs that differ in the seed, or their runs too"),
            ("c", "lay the best run of each group over the others"),
            ("x", "stop the sweep; what is trained is saved"),
            ("space  f", "resume it; also what has failed"),
            ("q", "quit; the sweep goes on without the dashboard"),
        ),
    ),
    (
        "What it learned",
        (
            ("i", "open it, at the pane last used; esc or i goes back"),
            ("d", "draw for the model to read"),
            ("1 to 6", "confusion, mistakes, learning, inside, draw, data"),
            ("arrows", "choose a cell, an image or a filter; the mouse too"),
            (",  .", "the epoch before or after; inside: the image"),
            ("enter", "the images of the cell; the image large"),
            ("pgup pgdn", "turn pages; the wheel too"),
            ("h", "mistakes: those that are correct but unsure, and back"),
            ("r  g  a", "mistakes: by true class, by prediction, all again"),
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
            ("enter", "see what the filters respond to in the drawing"),
        ),
    ),
)
"""Keys by topic."""

PANES: Final = (
    ("Loss", "The mean loss of each epoch: points for training, a line for validation."),
    ("Accuracy", "The same for the share of images that are predicted correctly."),
    ("Batches", "The loss of every batch: the mean, within the smallest and the largest."),
    ("Epochs", "One row per finished epoch. ★ marks the best by validation accuracy."),
    ("Log", "What happened and when, warnings and errors included."),
    ("Machine", "GPUs, processors and memory, and their last two minutes while in sight."),
    ("Confusion", "Which class is predicted as which, and the figures of each class."),
    ("Mistakes", "The images that are predicted wrong, worst first."),
    ("Learning", "Twenty images, and what is predicted for them after each epoch."),
    ("Inside", "The first layer's filters, and what they respond to."),
    ("Draw", "Your own drawing, and the prediction as you draw."),
    ("Data", "The images for training and for validation, with their counts."),
    ("Colors", "Blue is training, orange validation: distinct with any color vision."),
)
"""What each pane shows."""

FIRST_STEPS: Final = (
    (
        "space",
        "starts training: the network looks at images, some at a time, and "
        "after each few its weights change a little. space again pauses.",
    ),
    ("3", "shows the loss of every batch. It falls: the predictions get better."),
    ("2", "shows the accuracy: one point after each epoch, once all images have been seen."),
    ("i", "shows what it has learned after the first epoch: which classes it mixes up, and why."),
    ("d", "lets you draw and see what the network predicts."),
    ("[  ]", "halve or double the learning rate while it trains. Try it and watch the loss."),
    ("q", "quits. Everything is saved, and the command mnist-tui resume continues from there."),
)
"""A first run in the order in which one does it."""

WORDS: Final = (
    (
        "Loss",
        "How wrong the network's predictions are, as a number: 0 would be sure and correct every "
        "time; 2.3 is what blind guessing among ten classes gives. Training makes it smaller.",
    ),
    (
        "Accuracy",
        "The share of images that are predicted correctly. It is the goal in the end, but it "
        "moves in jumps; the loss moves smoothly, so that is what training follows.",
    ),
    (
        "Batch",
        "A few images that the network looks at together. After each batch its weights "
        "move one small step in the direction that makes the loss smaller.",
    ),
    (
        "Epoch",
        "One pass over all training images. After each, the network is tested on the "
        "validation images, from which it never learns.",
    ),
    (
        "Learning rate",
        "How long each step is. Too small and training takes for ever; too large and the loss "
        "jumps about or blows up. Try [ and ] while it trains and watch the batches.",
    ),
    (
        "Overfitting",
        "Learning the training images by heart. You see it where the training loss still "
        "falls while the validation loss rises again: from there on, more epochs do harm.",
    ),
)
"""One short paragraph for each word."""


class HelpText(Lines):
    """Sections of terms and their explanations, each wrapped in a column of its own."""

    DEFAULT_CSS = "HelpText { height: auto; }"

    def __init__(self, sections: tuple[Section, ...]) -> None:
        super().__init__()
        self._sections = sections

    def lines(self, width: int, height: int) -> list[Line]:
        lines: list[Line] = []
        for title, entries in self._sections:
            lines += [[(title, "accent")], *help_lines(entries, width), []]
        return lines[:-1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines(width, 0))


def help_lines(entries: Entries, width: int) -> list[Line]:
    """Terms at the left, what they mean in lines that begin at the same column."""
    room = max(width - _INDENT, 1)
    return [
        [(f"  {term:<{_INDENT - 2}}" if not number else " " * _INDENT, "strong"), (text, "")]
        for term, what in entries
        for number, text in enumerate(wrap_words(what, room))
    ]


class HelpScreen(Dialog[None]):
    """A page to scroll through; before the first run it begins with how to do one."""

    DEFAULT_CSS = """
    HelpScreen {
        & > VerticalScroll {
            width: 78;
            border-title-style: bold;
            scrollbar-background: $surface;
            scrollbar-background-hover: $surface;
        }
        HelpText { background: $surface; padding-right: 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,f1", "dismiss", "Close"),
    ]

    def __init__(self, *, is_first_run: bool = False) -> None:
        super().__init__()
        panes = ("What the panes show", PANES)
        words = ("Words", WORDS)
        if is_first_run:
            first = ("Your first run", FIRST_STEPS)
            self._sections: tuple[Section, ...] = (first, words, panes, *KEYS)
        else:
            self._sections = (*KEYS, panes, words)

    def compose(self) -> ComposeResult:
        with VerticalScroll() as page:
            page.border_title = "Help"
            page.border_subtitle = "↑ ↓ scroll · esc closes"
            yield HelpText(self._sections)
