"""The top of the dashboard: the run, its state, its dataset and device, messages and notices."""

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from mnist_tui import formatting
from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State
from mnist_tui.tui.dashboard.pace import speed_facts
from mnist_tui.tui.text.event_text import STATE_WORDS
from mnist_tui.tui.text.fitting import fit, shorten
from mnist_tui.tui.widgets.flash_line import FlashLine
from mnist_tui.tui.widgets.lines import Line, Lines, Piece, Shown, fit_lines

_GLYPHS = {
    State.READY: ("○", "muted"),
    State.LOADING: ("◌", "accent"),
    State.RUNNING: ("●", "good"),
    State.PAUSED: ("‖", "warning"),
    State.STOPPING: ("◌", "accent"),
    State.FINISHED: ("✓", "good"),
    State.STOPPED: ("■", "warning"),
    State.FAILED: ("✗", "bad"),
}
"""Each state's glyph and tone: distinct without color too."""

_SPINNER = "◐◓◑◒"
"""What turns while there is nothing to do but to wait."""

_WAITING = (State.LOADING, State.STOPPING)


class Header(Lines):
    """One line: the program, the run's name and its state."""

    DEFAULT_CSS = """
    Header {
        height: 1;
        padding: 0 1;
        background: $panel;
    }
    """

    run: Shown[str] = Shown("")
    """The run's name, or empty before there is one."""
    progress: Shown[Progress] = Shown(Progress())
    """The snapshot to show."""
    state: Shown[State] = Shown(State.READY)
    """The state from the events, which is newer than the snapshot's."""
    beat: Shown[int] = Shown(0)
    """Counts the updates; turns the spinner while the user waits."""
    is_leaving: Shown[bool] = Shown(False)
    """Whether the dashboard ends as soon as the run has."""

    is_elsewhere: Shown[bool] = Shown(False)
    """Whether another process goes on with the run that is shown."""

    def watch_beat(self) -> None:
        if self.state in _WAITING:
            self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        """What does not fit whole is left out, the state last of all."""
        state = self._state(width)
        room = width - sum(cell_len(text) for text, _ in state) - 2
        # The run's name says more than the program's, where there is room for one.
        name = "mnist-tui" if room >= (20 if self.run else 9) else ""
        run = shorten(self.run, room - len(name) - (2 if name else 0))
        left: Line = [(name, "accent"), ("  " if name and run else "", ""), (run, "")]
        used = sum(cell_len(text) for text, _ in [*left, *state])
        return [[*left, (" " * max(width - used, 0), ""), *state]]

    def _state(self, width: int) -> list[Piece]:
        if self.is_elsewhere:
            return [(fit(["●", "training in another process"], width, between=" "), "good")]
        glyph, tone = _GLYPHS[self.state]
        if self.state in _WAITING:
            glyph = _SPINNER[self.beat % len(_SPINNER)]
        word = self._word()
        numbers = []
        if self.progress.total_batches and self.state.is_live:
            numbers = [formatting.whole_percent(self.progress.run_fraction).strip()]
        text = fit([glyph, word, *numbers], width, between=" ")
        return [(text, tone)]

    def _word(self) -> str:
        progress = self.progress
        if self.state is State.STOPPING:
            if progress.blocked_on:
                return progress.activity
            return "saving, then quitting …" if self.is_leaving else STATE_WORDS[self.state]
        if self.state in (State.LOADING, State.RUNNING) and progress.state is self.state:
            return progress.activity or STATE_WORDS[self.state]
        return STATE_WORDS[self.state]


class Facts(FlashLine):
    """One line: the dataset, the device and the network; or, for a while, a message.

    Where a narrow screen has no other place for it, the speed of a live run is here instead.
    """

    DEFAULT_CSS = """
    Facts {
        height: 1;
        padding: 0 1;
        background: $panel;
    }
    """
    NARROW = 98
    """With fewer columns than these, this line has the speed."""
    ROOMY = 76
    """With fewer columns than these, the speed is in fewer words."""

    facts: Shown[tuple[str, ...]] = Shown(())
    """What the run works with, the most important first."""
    progress: Shown[Progress] = Shown(Progress())
    """The snapshot whose speed is shown."""

    def watch_progress(self) -> None:
        """Redraw where the speed is shown."""
        if self.content_size.width < self.NARROW:
            self.redraw()

    def usual(self, width: int) -> Line:
        progress = self.progress
        if width < self.NARROW and progress.state.is_live and progress.step_s is not None:
            has_room = width >= self.ROOMY
            facts = fit_lines(speed_facts(progress), width)
            return facts if has_room else _short_speed(progress, width)
        text = fit(self.facts, width) or (shorten(self.facts[0], width) if self.facts else "")
        return [(text, "muted")]


def _short_speed(progress: Progress, width: int) -> Line:
    """Speed, the time left, the time of a batch, the learning rate: the most important first."""
    left = formatting.duration(progress.remaining_s)
    facts = (
        formatting.throughput(progress.samples_per_second),
        *((f"{left} left",) if progress.remaining_s is not None else ()),
        f"{formatting.short_time(progress.step_s)} per batch",
        f"lr {formatting.learning_rate(progress.lr)}",
    )
    return [(fit(facts, width), "muted")]


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
