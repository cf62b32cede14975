"""All runs in a folder, on a screen over the dashboard."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from mnist_tui import formatting
from mnist_tui.run.requests import Answer
from mnist_tui.store.comparison import MOST, PickedRun
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.labels import Labels, write_labels
from mnist_tui.store.summary import RunSummary
from mnist_tui.store.tidying import DeletedRun, contents_of, delete_run, rename_run, restore_run
from mnist_tui.sweep.record import SweepFolder
from mnist_tui.tui.insight.pasted_path import pasted_path
from mnist_tui.tui.run.actions import RunActions
from mnist_tui.tui.runs.overlay import NO_RUN_KEYS, ListScreen, attempt
from mnist_tui.tui.runs.query import EXAMPLES, HELP, Query, parse_query
from mnist_tui.tui.runs.reader import Changes, RunsReader
from mnist_tui.tui.runs.table import RunTable
from mnist_tui.tui.screens.question import Question, TextEntry
from mnist_tui.tui.widgets.key_bar import ScreenKeys


class RunsScreen(ListScreen):
    """Finds, compares and tidies runs. Enter opens one in the dashboard."""

    DEFAULT_CSS = """
    RunsScreen {
        layout: vertical;
        background: $background;
        RunTable { height: 1fr; padding: 0 1; }
        Input { height: 1; border: none; padding: 0 1; background: $surface; }
        Input.-hidden { display: none; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("r", "dismiss", show=False),
        Binding("enter", "open", "Open", tooltip="Show the run in the dashboard"),
        Binding("space", "mark", "Mark", tooltip="Mark the run, to compare it with others"),
        Binding("c", "compare", "Compare", tooltip="Lay the marked runs over each other"),
        Binding("l", "leaderboard", "Sweep", tooltip="The leaderboard of the sweep it belongs to"),
        Binding("slash", "filter", "Filter", key_display="/", tooltip=HELP),
        Binding("g", "train_on", "Train on", tooltip="Resume the run, or train it for longer"),
        Binding("D,delete", "delete", "Delete", key_display="D"),
        Binding("u", "undo", "Undo"),
        Binding("R", "rename", "Rename", key_display="R"),
        Binding("t", "tag", "Tags"),
        Binding("n", "note", "Note"),
        Binding("x", "export", "Export", tooltip="Write it for other programs"),
        NO_RUN_KEYS,
    ]
    AUTO_FOCUS = "RunTable"
    _reader: RunsReader

    def __init__(self, runs_dir: Path, current: Path | None, actions: RunActions) -> None:
        """Make a screen about the runs in a folder.

        Args:
            runs_dir: The folder.
            current: The directory of the run that the dashboard shows, if any.
            actions: Opens, resumes and exports runs.
        """
        super().__init__("Runs", str(runs_dir), actions)
        self._runs_dir: Final = runs_dir
        self._current = current
        self._table = RunTable()
        self._filter = Input(placeholder=f"filter: {EXAMPLES}", compact=True, classes="-hidden")
        self._query = Query()
        self._reader = RunsReader(runs_dir, self.receive, lambda: actions.run_controller.is_busy)
        self._is_reading = True
        """For the first time."""
        self._deleted: list[DeletedRun] = []
        """What was deleted in this screen, the newest at the end."""

    def compose(self) -> ComposeResult:
        yield self._line
        yield self._filter
        yield self._table
        yield self._detail
        yield ScreenKeys()

    def on_mount(self) -> None:
        if self._current is not None:
            self._table.select(str(self._current))

    def on_screen_resume(self) -> None:
        """Follow what changes while the screen is shown."""
        self._reader.go_on()

    def on_screen_suspend(self) -> None:
        """Leave the disk alone while it is not."""
        self._reader.rest()

    def show_found(self, found: Changes) -> None:
        runs, gone = found
        if not runs and not gone:
            self._is_reading = False
        self._table.change(runs, gone)

    def on_cursor_list_cursor_moved(self) -> None:
        """Show what is known of the run under the cursor."""
        run, shown, total = self._table.current, self._table.count, self._table.total
        nothing = "No run yet: esc, then space starts one."
        if total:
            nothing = self._query.problem or "No run matches."
        self._detail.run = run
        self._detail.instead = ("" if run is not None or self._is_reading else nothing, "muted")
        count = f"{total:,}" if shown == total else f"{shown:,} of {total:,}"
        reading = ", reading …" if self._is_reading else ""
        self._line.counts = (f"{count} run{'s' if total != 1 else ''}{reading}",)
        self.refresh_bindings()

    def on_run_table_full(self) -> None:
        """Say why the run was not marked."""
        self.say(f"{MOST} runs are the most that can be compared", is_problem=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action == "filter":
            return self._table.total > 0
        if action in ("open", "mark", "train_on", "rename", "tag", "note", "export", "delete"):
            return self._table.current is not None
        if action == "leaderboard":
            return self._sweep is not None
        if action == "compare":
            return bool(self._table.marked_runs)
        return bool(self._deleted) if action == "undo" else True

    # What the user asks for.

    def action_back(self) -> None:
        """Take the filter back, and then the screen."""
        if self._filter.value or not self._filter.has_class("-hidden"):
            self._filter.value = ""
            self._filter.add_class("-hidden")
            self.set_focus(self._table)
        else:
            self.dismiss(None)

    def action_filter(self) -> None:
        self._filter.remove_class("-hidden")
        self.set_focus(self._filter)

    def on_paste(self, event: events.Paste) -> None:
        """Filter by what comes at once and begins with the filter's key: it looks like a paste."""
        typed = event.text.partition("/")[2] if event.text.startswith("/") else ""
        if typed and self._table.total and pasted_path(event.text) is None:
            event.stop()
            self.action_filter()
            self._filter.insert_text_at_cursor(typed.splitlines()[0])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        self._query = parse_query(event.value)
        self._table.filter(self._query)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on in the table."""
        self.set_focus(self._table)

    @property
    def _chosen(self) -> RunSummary:
        """The run under the cursor; what needs one is offered only while there is one."""
        assert self._table.current is not None
        return self._table.current

    @property
    def path(self) -> Path | None:
        return Path(self._table.current.path) if self._table.current is not None else None

    def action_train_on(self) -> None:
        """Ask for how many epochs, and resume the run under the cursor."""
        run, path = self._chosen, Path(self._chosen.path)
        if run.is_live:
            self.say(f"{run.name} is live: enter attaches to it, e there changes its epochs")
        elif not RunDirectory(path).last.exists():
            self.say(f"{run.name} has no checkpoint to train on from", is_problem=True)
        else:
            self._actions.ask_for_epochs(
                run.name,
                run.epochs_done,
                run.epochs,
                lambda epochs: self._actions.open_run(path, self.opened, epochs=epochs),
            )

    def action_mark(self) -> None:
        """Mark the run under the cursor, or no longer."""
        self._table.mark()

    def action_compare(self) -> None:
        """Lay the marked runs over each other."""
        from mnist_tui.tui.runs.compare_screen import CompareScreen

        picked = [
            PickedRun(number, run.name, RunDirectory(Path(run.path)))
            for number, run in self._table.marked_runs
        ]
        self.app.push_screen(CompareScreen(picked))

    def action_export(self) -> None:
        """Write the curves or the network of the run under the cursor."""
        self._actions.export_run(Path(self._chosen.path), self.answer)

    @property
    def _sweep(self) -> SweepFolder | None:
        """The sweep that the run under the cursor belongs to, if any."""
        folder = SweepFolder(self.path.parent) if self.path is not None else None
        return folder if folder is not None and folder.record.exists() else None

    def action_leaderboard(self) -> None:
        """Show the sweep that the run under the cursor belongs to."""
        if (sweep := self._sweep) is not None:
            self.show_sweep(sweep)

    def show_sweep(self, folder: SweepFolder) -> None:
        """Show a sweep as a leaderboard; this screen goes where a run of it is opened."""
        from mnist_tui.tui.runs.leaderboard import LeaderboardScreen

        def go_too(is_opened: bool | None) -> None:
            if is_opened:
                self.dismiss()

        self.app.push_screen(LeaderboardScreen(folder, self._actions), go_too)

    def action_rename(self) -> None:
        run = self._chosen
        directory = RunDirectory(Path(run.path))

        def rename(name: str) -> str | None:
            if not name or name == directory.name:
                return None
            problem = attempt(lambda: rename_run(directory, name))
            if problem is None:
                self._table.select(str(directory.path.parent / name))
                self.tell(Answer(True, f"{run.name} is {name} now"))
            return problem

        text = f"{run.name} becomes"
        self.app.push_screen(TextEntry("Rename", text, directory.name, take=rename))

    def action_tag(self) -> None:
        run = self._chosen
        text = f"Words about {run.name}, with spaces between them"
        self._label(
            TextEntry("Tags", text, " ".join(run.tags)),
            lambda typed: Labels(tuple(dict.fromkeys(typed.replace(",", " ").split())), run.note),
        )

    def action_note(self) -> None:
        run = self._chosen
        entry = TextEntry("Note", f"What there is to remember of {run.name}", run.note)
        self._label(entry, lambda typed: Labels(run.tags, typed))

    def _label(self, entry: TextEntry, labels_of: Callable[[str], Labels]) -> None:
        directory = RunDirectory(Path(self._chosen.path))

        def write(typed: str | None) -> None:
            if typed is not None:
                self.try_to(lambda: write_labels(directory, labels_of(typed)), "written")

        self.app.push_screen(entry, write)

    def action_delete(self) -> None:
        """Ask, and move the run under the cursor into the trash."""
        run = self._chosen
        if run.is_live:
            self.say(f"{run.name} is live: stop it first", is_problem=True)
            return
        directory = RunDirectory(Path(run.path))
        text = (
            f"{run.name}: {formatting.counted(run.epochs_done, 'epoch')}, "
            f"{contents_of(directory)}. "
            "u brings it back; the first deletion after a day deletes it for good."
        )

        def delete(answer: str | None) -> None:
            if answer == "D":
                self.try_to(
                    lambda: self._deleted.append(delete_run(directory, self._runs_dir)),
                    f"{run.name} is deleted; u brings it back",
                )

        self.app.push_screen(Question("Delete this run?", text, {"D": "Delete it"}), delete)

    def action_undo(self) -> None:
        """Bring back what was deleted last."""
        deleted = self._deleted[-1]

        def restore() -> None:
            try:
                restore_run(deleted)
            finally:
                if not deleted.trashed.exists():
                    self._deleted.remove(deleted)

        self.try_to(restore, f"{deleted.path.name} is back")
        self._table.select(str(deleted.path))
