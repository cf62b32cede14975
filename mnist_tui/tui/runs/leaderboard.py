"""A sweep as a leaderboard, on a screen over that of all runs."""

from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from mnist_tui import formatting
from mnist_tui.store.comparison import MOST, PickedRun
from mnist_tui.sweep import background
from mnist_tui.sweep.record import SweepFolder
from mnist_tui.sweep.standing import WAITING, Entry, Group, Standing
from mnist_tui.tui.run.actions import RunActions
from mnist_tui.tui.runs.board import Board, Row, describe_values
from mnist_tui.tui.runs.overlay import NO_RUN_KEYS, ListScreen
from mnist_tui.tui.runs.reader import SweepReader
from mnist_tui.tui.screens.question import Question
from mnist_tui.tui.widgets.key_bar import ScreenKeys

_LEFT: Final = (WAITING, "stopped", "interrupted")
"""The states of trials that resuming the sweep would train."""


class LeaderboardScreen(ListScreen):
    """The groups of a sweep by their mean accuracy, while it is trained and afterwards."""

    DEFAULT_CSS = "LeaderboardScreen { layout: vertical; background: $background; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("enter", "open", "Open", tooltip="Show the run in the dashboard"),
        Binding("x", "stop", "Stop", tooltip="Stop the sweep; what is trained is saved"),
        Binding("space", "resume", "Resume", tooltip="Train what is not finished"),
        Binding("f", "retry", "Retry failed", tooltip="Train again what has failed"),
        Binding("c", "compare", "Compare", tooltip="Lay the best run of each over the others"),
        Binding("q", "leave", "Leave it running", tooltip="The sweep goes on without you"),
        NO_RUN_KEYS,
    ]
    AUTO_FOCUS = "Board"

    def __init__(self, folder: SweepFolder, actions: RunActions) -> None:
        """Make a screen about the sweep in `folder`; `actions` opens its runs."""
        super().__init__("Sweep", folder.path.name, actions)
        self._folder: Final = folder
        self._board = Board()
        self._reader = SweepReader(folder, self.receive)
        self._standing = Standing()

    def compose(self) -> ComposeResult:
        yield self._line
        yield self._board
        yield self._detail
        yield ScreenKeys()

    def show_found(self, found: Standing) -> None:
        self._standing = found
        self._line.counts = describe_counts(found)
        self._board.show(found)

    def on_cursor_list_cursor_moved(self) -> None:
        """Show what is known of the line under the cursor."""
        row = self._board.current
        entry = row.shown if row is not None else None
        self._detail.run = entry.run if entry is not None else None
        self._detail.instead = (describe(row), "")
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        is_idle = not self._standing.trainer
        states = {entry.state for entry in self._standing.entries}
        match action:
            case "open":
                return self.path is not None
            case "stop" | "leave":
                return not is_idle
            case "resume":
                return is_idle and bool(states & set(_LEFT))
            case "retry":
                return is_idle and "failed" in states
            case "compare":
                return any(group.best for group in self._standing.groups)
        return True

    @property
    def path(self) -> Path | None:
        """The directory of the run under the cursor; on a group's line its best, or first, one."""
        row = self._board.current
        if row is None:
            return None
        entries = [row.entry] if row.entry else [row.group.best, *row.group.entries]
        runs = [entry.run for entry in entries if entry is not None and entry.run is not None]
        return Path(runs[0].path) if runs else None

    def action_compare(self) -> None:
        """Lay the best run of each group over each other."""
        from mnist_tui.tui.runs.compare_screen import CompareScreen

        best = [group.best for group in self._standing.groups if group.best is not None]
        picked = [
            PickedRun(number, entry.trial.name, self._folder.run(entry.trial))
            for number, entry in enumerate(best[:MOST], 1)
        ]
        self.app.push_screen(CompareScreen(picked))

    def action_stop(self) -> None:
        """Ask, and have the sweep stopped."""
        text = "What is trained now is saved; the sweep can be resumed later."

        def stop(answer: str | None) -> None:
            if answer == "x":
                self.try_to(lambda: background.stop(self._folder), "stopping; runs are saved")

        self.app.push_screen(Question("Stop this sweep?", text, {"x": "Stop it"}), stop)

    async def action_leave(self) -> None:
        """Quit the dashboard, which the sweep does not need."""
        await self.app.run_action("quit")

    def action_resume(self) -> None:
        """Have what is not finished trained by a process without a terminal."""
        self._start()

    def action_retry(self) -> None:
        """Have what has failed trained again, and what is not finished."""
        self._start("--retry-failed")

    def _start(self, *arguments: str) -> None:
        def start() -> None:
            done = "resumed, in a process without a terminal"
            self.try_to(lambda: background.start(self._folder, *arguments), done)

        self.say("starting …")
        self.run_worker(start, thread=True, exclusive=True, exit_on_error=False, group="start")


def describe_counts(standing: Standing) -> tuple[str, ...]:
    """How far a sweep is, the most important first."""
    states = [entry.state for entry in standing.entries]
    live = sum(group.live for group in standing.groups)
    is_left = any(state in _LEFT for state in states)
    counts = (
        formatting.counted(len(states), "run"),
        f"{states.count('finished')} finished",
        f"{live} training" if live else "",
        *(f"{states.count(state)} {state}" for state in ("failed", *_LEFT) if state in states),
        "nobody trains it" if is_left and not standing.trainer else "",
    )
    return tuple(filter(None, counts))


def describe(row: Row | None) -> str:
    """What the detail says of a line; empty where it has a run to describe."""
    if row is None:
        return "reading …"
    entry = row.shown
    if entry is not None:
        return _describe_entry(entry)
    group, best = row.group, row.group.best
    values = describe_values(group)
    if best is None or best.run is None:
        return f"{values}: no epoch yet"
    place = f"in epoch {best.run.best_epoch} with seed {best.trial.config.seed}"
    if group.spread is None:
        of_all = f"{formatting.percent(best.accuracy)} {place}, {_count(group)}"
        return f"{values}: best validation accuracy {of_all}"
    return (
        f"{values}: best validation accuracy {formatting.percent(group.mean)} ± "
        f"{100 * group.spread:.2f}, mean and standard deviation of {_count(group)}; the best is "
        f"{formatting.percent(best.accuracy)} {place}"
    )


def _describe_entry(entry: Entry) -> str:
    if entry.state == "failed":
        return f"{entry.trial.name} failed: {entry.failure or 'its log says why'}"
    return "" if entry.run is not None else f"{entry.trial.name} is waiting for its turn"


def _count(group: Group) -> str:
    """How many runs a mean is of."""
    known, all_runs = len(group.accuracies), len(group.entries)
    runs = formatting.counted(all_runs, "run")
    return runs if known == all_runs else f"{known} of {runs} so far"
