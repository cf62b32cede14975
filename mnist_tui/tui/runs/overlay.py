"""What the screens about several runs have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from textual.binding import Binding

from mnist_tui import formatting
from mnist_tui.errors import MnistTuiError
from mnist_tui.run.requests import Answer
from mnist_tui.store.comparison import MOST
from mnist_tui.store.summary import RunSummary
from mnist_tui.tui.run.actions import RunActions
from mnist_tui.tui.runs.reader import Reader
from mnist_tui.tui.screens.overlay import Overlay
from mnist_tui.tui.text.event_text import LogEntry
from mnist_tui.tui.text.fitting import fit, shorten, wrap_words
from mnist_tui.tui.widgets.flash_line import FlashLine
from mnist_tui.tui.widgets.lines import TONES, Line, Lines, Piece, Shown

RUN_TONES: Final = TONES | {f"run-{number}": f"bold $run-{number}" for number in range(1, MOST + 1)}
"""The tones of all lines, and the colors of compared runs: `run-1`, `run-2` and so on."""

NO_RUN_KEYS: Final = Binding(
    "space,n,s,x,e,i,d,left_square_bracket,right_square_bracket", "nothing", show=False
)
"""The dashboard's keys that steer its run: on such a screen they do nothing.

The last of a screen's BINDINGS, which has some of these keys for itself.
"""


class RunsOverlay(Overlay[bool]):
    """A screen about several runs; closed, it says whether one of them was opened."""

    def action_nothing(self) -> None:
        """Do nothing: the key is about one run, and here are several."""


class ListLine(FlashLine):
    """What a list is of, and how much of it there is; a message while it is fresh."""

    DEFAULT_CSS = "ListLine { height: 1; padding: 0 1; background: $panel; }"

    counts: Shown[tuple[str, ...]] = Shown(("reading …",))
    """The most important first."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__()
        self._kind, self._of = kind, name

    def usual(self, width: int) -> Line:
        text = fit(self.counts, width - len(self._kind) - 4) or self.counts[0]
        name = shorten(self._of, max(width - len(text) - len(self._kind) - 4, 0))
        return [(self._kind, "accent"), (f"  {name}  ", "muted"), (text, "")]


class RunDetail(Lines):
    """Three lines: a run's results, its settings, and what the user has written of it."""

    DEFAULT_CSS = """
    RunDetail { height: 3; padding: 0 1; background: $surface; }
    """
    run: Shown[RunSummary | None] = Shown(None)
    instead: Shown[Piece] = Shown(("", ""))
    """What to say in place of a run; empty where there is one."""

    def lines(self, width: int, height: int) -> list[Line]:
        run, (text, tone) = self.run, self.instead
        if text or run is None:
            return [[(line, tone)] for line in wrap_words(text, width)[:height]]
        results = [
            run.state,
            f"epoch {run.epochs_done} of {run.epochs}",
            f"best {formatting.percent(run.best_val_accuracy)} in epoch {run.best_epoch}"
            if run.best_epoch is not None
            else "no epoch yet",
            f"validation loss {formatting.loss(run.val_loss)}",
            formatting.duration(run.duration_s),
        ]
        settings = [
            run.network,
            run.dataset,
            f"{run.optimizer}, learning rate {formatting.learning_rate(run.lr)}",
            f"batches of {run.batch_size}",
            f"seed {run.seed}",
        ]
        tags = " ".join(f"#{tag}" for tag in run.tags)
        written: Line = [(tags, "accent"), ("  " if tags and run.note else "", "")]
        written.append((shorten(run.note, max(width - len(tags) - 2, 0)), ""))
        if not tags and not run.note:
            written = [(shorten(run.path, width), "muted")]
        return [[(fit(results, width), "strong")], [(fit(settings, width), "muted")], written]


class ListScreen(RunsOverlay):
    """A list under a line that says what it is of, with what is known of what the cursor is on."""

    _reader: Reader
    """Reads the list, and hands what it finds to `receive`."""

    def __init__(self, kind: str, name: str, actions: RunActions) -> None:
        """`kind` and `name` say what the list is of; `actions` opens, resumes and exports runs."""
        super().__init__()
        self._actions: Final = actions
        self._line: Final = ListLine(kind, name)
        self._detail: Final = RunDetail()

    def on_mount(self) -> None:
        self.run_worker(self._reader.follow, thread=True, exit_on_error=False, group="read")

    def on_unmount(self) -> None:
        self._reader.stop()

    def receive(self, found: Any) -> None:
        """Show what was read. The reading thread."""
        if self.is_running:
            self.app.call_from_thread(self.show_found, found)

    def show_found(self, found: Any) -> None:
        """Show what was read. UI thread."""
        raise NotImplementedError

    def say(self, text: str, *, is_problem: bool = False) -> None:
        """Show a message for some seconds."""
        self._line.say(LogEntry(text, "warning" if is_problem else "info"))

    def answer(self, answer: Answer) -> None:
        """Say what became of a request."""
        self.say(answer.message, is_problem=not answer.is_accepted)

    @property
    def path(self) -> Path | None:
        """The directory of the run under the cursor, if any."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Show the run under the cursor in the dashboard."""
        if self.path is not None and self.is_active:
            self._actions.open_run(self.path, self.opened)

    def opened(self, answer: Answer) -> None:
        """Give way to a run that has been opened, or say why it has not."""
        if answer.is_accepted:
            self.dismiss(True)
        else:
            self.answer(answer)

    def try_to(self, change: Callable[[], object], done: str) -> None:
        """Change something on disk or of a process, and say what became of it. Any thread."""
        problem = attempt(change)
        self.tell(Answer(problem is None, problem or done))

    def tell(self, answer: Answer) -> None:
        """Say what became of a change, and look at what is there now. Any thread."""
        self.call_later(self.answer, answer)
        self.call_later(self.refresh_bindings)
        self._reader.look_now()


def attempt(change: Callable[[], object]) -> str | None:
    """Change something on disk or of a process; why that could not be, None when it could."""
    try:
        change()
    except MnistTuiError as error:
        return str(error)
    except OSError as error:
        return f"that could not be written: {error.strerror}"
    return None
