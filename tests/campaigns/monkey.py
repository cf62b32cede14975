"""Anything a person does: random keys, text, clicks, wheel, sizes and themes while it trains.

    python -m tests.campaigns.monkey --count 25 --seed 0

A state machine of hypothesis drives the real dashboard with a real run on few digits behind it,
so that every request crosses the threads. Whenever something ends the dashboard, it is opened
again, every other time to resume the newest run. After each action nothing has been raised, the
screen is whole, and the run has gone from state to state as engine/state.py allows. At the end
of each run the counts of batches add up, in memory and on disk.

Each attempt is one dull session (the first key over and over) and four random ones.
"""

import asyncio
import random
import shutil
import string
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, NoReturn
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from textual.errors import NoWidget
from textual.events import MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp
from textual.pilot import OutOfBounds, Pilot

from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.process.successor import SuccessorError
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    RunEnded,
    RunPrepared,
    SaveFailed,
    StateChanged,
)
from mnist_tui.run.plan import NewRun, ResumedRun, RunPlan, ShownRun, TrainedRun
from mnist_tui.run.requests import Pause, Request, Resume, Save, Stop
from mnist_tui.run.state import TRANSITIONS, State
from mnist_tui.store.atomic import read_lines
from mnist_tui.store.catalog import list_runs
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.tui.app import DashboardApp
from mnist_tui.tui.insight.screen import TITLES, InsightScreen
from tests.campaigns.campaign import few_digits, main
from tests.training_helpers import few_config

STEPS, SESSIONS = 100, 5
LIMIT_S = 120.0
"""How long an answer may take on a busy machine before it counts as none."""

OWN_KEYS = (
    *"  xsenqiidd[]t?flmb+-0cpovyO123456789",
    *("enter", "escape", "tab", "up", "down", "left", "right", "home", "end", "ctrl+p"),
)
"""The keys that mean something somewhere in the dashboard; those twice come more often."""
OTHER_KEYS = (
    *string.ascii_letters,
    *string.punctuation,
    *("shift+tab", "pageup", "pagedown", "backspace", "delete", "insert", "f1", "f5", "ctrl+c"),
    *("ctrl+a", "ctrl+u", "ctrl+z", "ctrl+home", "ctrl+end", "shift+left", "alt+x", "ctrl+l"),
)
INSIGHT_KEYS = (
    *("comma", "full_stop", "enter", "up", "down", "left", "right", "home", "end", "p", "h", "r"),
    *("g", "R", "G", "a", "v", "k", "K", "pageup", "pagedown", "space", "e", "c", "u", "1", "9"),
    *("3", "4", "6", "escape", "shift+left", "shift+down", "backspace", "question_mark"),
)
"""Those that mean something on the screen of what was learned."""
WORDS = (
    *("0", "-1", "1e9", "nan", "inf", "1", "3", "0.5", "100000", "1e-300", "x", "../a", "a b"),
    *(
        "cuda",
        "cuda:7",
        "mps",
        "cpu",
        "sample",
        "ü",
        "日本語",
        "\u202e",
        "[b]",
        "[/]",
        "$x",
        "    ",
    ),
    *("halve", "pane", "theme", "stop", "new run", "settings", "screenshot", "nord", "log"),
)
"""What is typed into forms and the palette, where one is open, and is keys elsewhere."""
SIZES = ((1, 1), (2, 1), (1, 40), (20, 5), (50, 12), (80, 24), (100, 30), (140, 40), (200, 60))

done_actions = dull_actions = ended_runs = 0
seen: Counter[str] = Counter()
"""What has been tried in all, and where, for the campaign's last lines."""


class Watched:
    """One run of the dashboard's, with all that it told and was asked."""

    def __init__(self, plan: TrainedRun) -> None:
        self.runner = TrainingRunner(plan)
        self.events: list[Event] = []
        self.runner.session.subscribe(self.events.append)
        self.is_checked = False

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def check_states(self) -> None:
        """Every move so far is one that the design has."""
        state = State.READY
        for event in self.of(StateChanged):
            assert event.previous is state, f"{event.previous} is told after {state}"
            assert event.state in TRANSITIONS[state], f"{state} became {event.state}"
            state = event.state
        assert isinstance(self.runner.session.state, State)

    def check_end(self) -> None:
        """The counts of batches add up, in memory and on disk."""
        self.check_states()
        assert [type(e) for e in self.events if isinstance(e, RunEnded)] == [RunEnded]
        ended = self.events[-1]
        assert isinstance(ended, RunEnded), f"{ended} came after the end"
        if not self.of(RunPrepared):
            return
        [prepared] = self.of(RunPrepared)
        session, directory = self.runner.session, RunDirectory(Path(prepared.directory))
        progress, rows = session.progress, read_lines(directory.metrics)
        finished = [*prepared.rows, *(event.row for event in self.of(EpochFinished))]
        assert [row["epoch"] for row in rows] == [row.epoch for row in finished]
        assert [row.epoch for row in finished] == list(range(1, len(finished) + 1))
        done = len(session.history)
        opened = done - len(finished) * prepared.batches
        assert 0 <= opened <= prepared.batches, f"{done} batches, {len(finished)} epochs"
        if ended.state is not State.FAILED:
            assert progress.global_batch == done, f"{progress.global_batch} of {done}"
            assert progress.batch == (opened or progress.batch), f"{progress}"
        saved = [event.global_batch for event in self.of(CheckpointSaved)]
        assert saved == sorted(saved), "an older checkpoint followed a newer one"
        assert not self.of(SaveFailed)
        if directory.last.exists():
            checkpoint = read_checkpoint(directory.last)
            batches = (checkpoint.epoch - 1) * prepared.batches + checkpoint.batch
            assert checkpoint.global_batch == batches
            assert checkpoint.global_batch <= done
            assert len(checkpoint.rows) == checkpoint.epoch - 1
            if ended.saved:
                assert checkpoint.global_batch == done
        else:
            assert not ended.saved
        told = read_lines(directory.events)
        mine = told[max(i for i, e in enumerate(told) if e["event"] == "run_prepared") :]
        assert [e["event"] for e in mine].count("run_ended") == 1
        assert mine[-1]["event"] == "run_ended"
        on_disk = [e["global_batch"] for e in mine if e["event"] == "checkpoint_saved"]
        assert on_disk == saved


class Anything(RuleBasedStateMachine):
    """A person at the dashboard, and what must hold whatever they do."""

    steps: ClassVar[int]
    folder: ClassVar[Path]
    failure: ClassVar[BaseException | None] = None
    """The first one; hypothesis would try to repeat it, which threads do not allow."""
    sessions: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        kind = type(self)
        if kind.failure is not None:
            raise kind.failure
        kind.sessions += 1
        self._is_dull = kind.sessions == 1
        self._folder = kind.folder / str(kind.sessions)
        self._done: deque[str] = deque(maxlen=40)
        self._asyncio = asyncio.Runner()
        self._opened = 0
        self._runs: list[Watched] = []
        self._open()

    def _open(self) -> None:
        """Open a dashboard: for a new run, or every other time to resume the newest one."""
        self._opened += 1
        runs = self._folder / "runs"
        config = few_config(few_digits(), batch_size=32, epochs=30, checkpoint_every_s=0.2)
        plan: RunPlan = NewRun(config=config, runs_dir=runs)
        newest = list_runs(runs)[:1]
        if newest and self._opened % 2 == 0:
            plan = ResumedRun(config=config, runs_dir=runs, name=newest[0].name)
        self._app = DashboardApp(
            plan, self._make, start=isinstance(plan, ResumedRun), theme_file=self._folder / "theme"
        )
        self._actions: asyncio.Queue[Callable[[Pilot[None]], Coroutine[Any, Any, None]]]
        self._actions = asyncio.Queue()
        self._asyncio.run(self._begin())

    def _make(self, plan: RunPlan) -> TrainingRunner:
        assert not isinstance(plan, ShownRun)
        self._runs.append(Watched(plan))
        return self._runs[-1].runner

    async def _begin(self) -> None:
        ready = asyncio.Event()

        async def fly(pilot: Pilot[None]) -> None:
            ready.set()
            while not self._app._exit:
                try:
                    action = await asyncio.wait_for(self._actions.get(), 0.1)
                except TimeoutError:
                    continue
                await action(pilot)
                self._actions.task_done()

        self._task = asyncio.create_task(
            self._app.run_async(headless=True, size=(80, 24), auto_pilot=fly)
        )
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((self._task, waiting), return_when=asyncio.FIRST_COMPLETED)

    def _act(self, what: str, action: Callable[[Pilot[None]], Coroutine[Any, Any, None]]) -> None:
        """Do something in the dashboard, and open it again if that was its end."""
        global done_actions, dull_actions
        self._done.append(what)
        done_actions += 1
        dull_actions += self._is_dull

        async def act() -> None:
            self._actions.put_nowait(action)
            joined = asyncio.create_task(self._actions.join())
            await asyncio.wait((self._task, joined), return_when=asyncio.FIRST_COMPLETED)
            joined.cancel()

        with self._noted():
            self._asyncio.run(act())
            if not self._is_dull and not self._app._exit:
                seen[self._where()] += 1
            if self._app._exit:
                self._finish()
                self._open()

    def _where(self) -> str:
        """What a person looks at, in words."""
        screen = self._app.screen
        if isinstance(screen, InsightScreen):
            return f"InsightScreen {self._app.insight_memory.title}"
        return type(screen).__name__

    def _finish(self) -> None:
        """See the dashboard and its runs to their ends."""
        self._asyncio.run(asyncio.wait_for(self._task, LIMIT_S))
        for run in self._runs:
            if not run.is_checked:
                self._check_run(run)

    def _check_run(self, run: Watched) -> None:
        global ended_runs
        run.check_end()
        run.is_checked = True
        ended_runs += 1

    @rule(key=st.sampled_from(OWN_KEYS))
    def press(self, key: str) -> None:
        self._act(f"press {key}", lambda pilot: pilot.press(key))

    @rule(key=st.sampled_from(OWN_KEYS), times=st.integers(2, 5))
    def press_fast(self, key: str, times: int) -> None:
        self._act(f"press {key} x{times}", lambda pilot: pilot.press(*[key] * times))

    @rule(keys=st.lists(st.sampled_from(OWN_KEYS), min_size=2, max_size=4))
    def press_some(self, keys: list[str]) -> None:
        self._act(f"press {keys}", lambda pilot: pilot.press(*keys))

    @rule(key=st.sampled_from(OTHER_KEYS))
    def press_other(self, key: str) -> None:
        self._act(f"press {key}", lambda pilot: pilot.press(key))

    @rule(word=st.sampled_from(WORDS), end=st.sampled_from(("", "tab", "enter", "escape")))
    def type(self, word: str, end: str) -> None:
        keys = [*word, end] if end else [*word]
        self._act(f"type {word!r} {end}", lambda pilot: pilot.press(*keys))

    @rule(word=st.sampled_from(WORDS), end=st.sampled_from(("enter", "escape")))
    def use_the_palette(self, word: str, end: str) -> None:
        async def use(pilot: Pilot[None]) -> None:
            await pilot.press("ctrl+p", *word)
            await pilot.pause(0.02)
            await pilot.press("down", end)

        self._act(f"palette {word!r} {end}", use)

    @rule(presses=st.integers(0, 12), word=st.sampled_from(WORDS), end=st.booleans())
    def fill_in_the_settings(self, presses: int, word: str, end: bool) -> None:
        keys = ["e", *["down"] * presses, "home", *word, "enter" if end else "escape"]
        self._act(f"settings {presses} {word!r} {end}", lambda pilot: pilot.press(*keys))

    @rule(
        pane=st.integers(1, len(TITLES)),
        keys=st.lists(st.sampled_from(INSIGHT_KEYS), max_size=6),
    )
    def look_at_what_was_learned(self, pane: int, keys: list[str]) -> None:
        keys = ["escape", "i", str(pane), *keys]
        self._act(f"insight {keys}", lambda pilot: pilot.press(*keys))

    @rule(
        strokes=st.lists(
            st.lists(st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)), min_size=1, max_size=6),
            max_size=3,
        ),
        end=st.sampled_from(("", "u", "c", "enter", "escape", "space", "e")),
    )
    def draw_a_digit(self, strokes: list[list[tuple[float, float]]], end: str) -> None:
        async def draw(pilot: Pilot[None]) -> None:
            await pilot.press("escape", "d")
            for places in strokes:
                await self._drag(pilot, places)
            await pilot.press(*([end] if end else []))

        self._act(f"draw {strokes} {end}", lambda pilot: self._at_mouse(draw, pilot))

    @rule()
    def think_about_quitting(self) -> None:
        live = self._runs and self._runs[-1].runner.session.state.is_live
        keys = ("q", "escape") if live else ("question_mark", "escape")
        self._act(f"press {keys}", lambda pilot: pilot.press(*keys))

    @rule(
        x=st.floats(0, 1, exclude_max=True),
        y=st.floats(0, 1, exclude_max=True),
        button=st.sampled_from((1, 1, 1, 2, 3)),
        times=st.sampled_from((1, 1, 2, 3)),
    )
    def click(self, x: float, y: float, button: int, times: int) -> None:
        async def click(pilot: Pilot[None]) -> None:
            await pilot.click(offset=self._place(x, y), button=button, times=times)

        self._act(f"click {self._place(x, y)}", lambda pilot: self._at_mouse(click, pilot))

    @rule(places=st.lists(st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)), max_size=3))
    def drag(self, places: list[tuple[float, float]]) -> None:
        async def drag(pilot: Pilot[None]) -> None:
            await self._drag(pilot, places)

        self._act(f"drag {places}", lambda pilot: self._at_mouse(drag, pilot))

    async def _drag(self, pilot: Pilot[None], places: list[tuple[float, float]]) -> None:
        """Press the button at the first place, move through the others, let it go."""
        for number, (x, y) in enumerate(places):
            kind = MouseDown if number == 0 else MouseMove
            await pilot._post_mouse_events([kind], offset=self._place(x, y), button=1)
        if places:
            await pilot._post_mouse_events([MouseUp], offset=self._place(*places[-1]), button=1)

    @rule(x=st.floats(0, 0.99), y=st.floats(0, 0.99), up=st.booleans(), times=st.integers(1, 5))
    def wheel(self, x: float, y: float, up: bool, times: int) -> None:
        kind = MouseScrollUp if up else MouseScrollDown

        async def turn(pilot: Pilot[None]) -> None:
            await pilot._post_mouse_events([kind] * times, offset=self._place(x, y), button=0)

        self._act(f"wheel {kind.__name__}", lambda pilot: self._at_mouse(turn, pilot))

    @rule(
        size=st.one_of(st.sampled_from(SIZES), st.tuples(st.integers(1, 400), st.integers(1, 120)))
    )
    def resize(self, size: tuple[int, int]) -> None:
        self._act(f"resize {size}", lambda pilot: pilot.resize_terminal(*size))

    @rule(number=st.integers(0, 1000))
    def change_theme(self, number: int) -> None:
        async def change(pilot: Pilot[None]) -> None:
            names = sorted(self._app.available_themes)
            self._app.theme = names[number % len(names)]
            await pilot.pause()

        self._act(f"theme {number}", change)

    @rule(seconds=st.sampled_from((0.0, 0.02, 0.1, 0.3)))
    def wait(self, seconds: float) -> None:
        self._act(f"wait {seconds}", lambda pilot: pilot.pause(seconds))

    @rule(number=st.integers(0, 2))
    def ask_from_outside(self, number: int) -> None:
        """Whoever else follows the run asks, too; what was accepted is done."""
        if not self._runs:
            return
        run = self._runs[-1]
        request: Request = (Pause(), Resume(), Save())[number]
        before = len(run.events)
        answer = run.runner.session.request(request)
        self._done.append(f"ask {request}: {answer.message}")
        if answer.is_accepted:
            with self._noted():
                self._until(lambda: self._has_answered(run, request, before), f"{request}")

    @staticmethod
    def _has_answered(run: Watched, request: Request, before: int) -> bool:
        wanted = {Pause: State.PAUSED, Resume: State.RUNNING}.get(type(request))
        for event in run.events[before:]:
            if isinstance(event, RunEnded):
                return True
            is_by_hand = isinstance(event, CheckpointSaved) and event.reason == "manual"
            if isinstance(request, Save) and is_by_hand:
                return True
            if isinstance(event, StateChanged) and event.state is wanted:
                return True
        return run.runner.session.state is wanted

    def _until(self, is_so: Callable[[], bool], what: str) -> None:
        """Let the dashboard work until `is_so`."""
        end = time.monotonic() + LIMIT_S
        while not is_so():
            assert time.monotonic() < end, f"no answer to {what}"
            self._asyncio.run(asyncio.sleep(0.01))
        if self._app._exit:
            self._finish()
            self._open()

    def _place(self, x: float, y: float) -> tuple[int, int]:
        width, height = self._app.size
        return int(x * width), int(y * height)

    @staticmethod
    async def _at_mouse(
        action: Callable[[Pilot[None]], Coroutine[Any, Any, None]], pilot: Any
    ) -> None:
        # The screen under the mouse may be smaller by now, or not laid out yet.
        with suppress(OutOfBounds, NoWidget):
            await action(pilot)

    @invariant()
    def nothing_is_broken(self) -> None:
        with self._noted():
            self._check()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Keep what is raised in here, with what led to it."""
        try:
            yield
        except BaseException as error:
            if type(self).failure is None:
                error.add_note("done before: " + "; ".join(self._done))
                type(self).failure = error
            raise

    def _check(self) -> None:
        app = self._app
        if app._exception is not None:
            raise app._exception
        assert not app._exit or self._task.done()
        for run in self._runs:
            run.check_states()
        live = [run for run in self._runs if run.runner.session.state.is_live]
        assert len(live) <= 1, "two runs are alive"
        # Asked again and again: the trainer may move between two looks.
        self._until(lambda: app._exit or self._is_in_step(), "what the dashboard says of its run")
        self._until(lambda: app._exit or self._is_whole(), f"a screen of {app.size}")

    def _is_in_step(self) -> bool:
        """Whether the dashboard says of the newest run what the run says of itself."""
        run, viewers = self._app.run_controller, self._app.presenter.viewers
        state = self._runs[-1].runner.session.state if run.thread else State.READY
        is_open = any(isinstance(screen, InsightScreen) for screen in self._app.screen_stack)
        return run.session.state is state and is_open is (len(viewers) == 2)

    def _is_whole(self) -> bool:
        """Whether every line of the screen is there, from the left edge to the right one."""
        width, height = self._app.size
        # Made outside the app's own task, where widgets would not know which app is theirs.
        with self._app._context():
            strips = self._app.screen._compositor.render_strips()
        return [strip.cell_length for strip in strips] == [width] * height

    def teardown(self) -> None:
        """End the dashboard in one of the ways there are; the runs' counts add up."""
        try:
            if type(self).failure is None:
                with self._noted():
                    self._leave()
        finally:
            for run in self._runs:
                run.runner.session.request(Stop(save=False))
            if not self._task.done():
                self._app.exit()
                self._asyncio.run(asyncio.wait((self._task,), timeout=LIMIT_S))
            self._asyncio.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _leave(self) -> None:
        if self._sessions_way() and self._app.run_controller.is_busy:
            # As a signal handler does, from another thread.
            stop = Stop(reason="Ended by SIGTERM", exit_code=143)
            threading.Thread(target=self._app.shut_down, args=(stop,)).start()
            self._asyncio.run(asyncio.wait((self._task,), timeout=LIMIT_S))
            assert self._task.done(), "no answer to the last stop"
            assert self._app.exit_code in (143, 0, 1), self._app.exit_code
        else:
            for run in self._runs:
                run.runner.session.request(Stop())
            self._app.exit()
        self._finish()

    def _sessions_way(self) -> bool:
        return type(self).sessions % 2 == 0


@contextmanager
def impatient_pilots() -> Iterator[None]:
    """Let pilots go on once the screen has worked off what came.

    Textual's own wait until the process is idle, which one that trains never is.
    """

    async def give_way(*_: object, **__: object) -> None:
        await asyncio.sleep(0)

    with (
        patch("textual.app.wait_for_idle", give_way),
        patch("textual.pilot.wait_for_idle", give_way),
    ):
        yield


def no_process(*_: object) -> NoReturn:
    """Start no process without a terminal, so that every run ends in sight."""
    raise SuccessorError("no process could be started: this campaign wants none")


def attempt(
    dice: random.Random, folder: Path, *, steps: int = STEPS, sessions: int = SESSIONS
) -> None:
    """Some sessions of random actions."""
    machine = type("Anything", (Anything,), {"folder": folder, "failure": None, "sessions": 0})
    seed(dice.getrandbits(64))(machine)
    try:
        with impatient_pilots(), patch("mnist_tui.engine.hand_over.Successor", no_process):
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=sessions,
                    stateful_step_count=steps,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate],
                    report_multiple_bugs=False,
                    print_blob=False,
                    verbosity=Verbosity.quiet,
                    suppress_health_check=list(HealthCheck),
                ),
            )
    except BaseException:
        if machine.failure is not None:
            raise machine.failure from None
        raise


def told() -> tuple[str, ...]:
    """What has been tried in all, and where."""
    return (
        f"{done_actions:,} actions, {done_actions - dull_actions:,} of them random; "
        f"{ended_runs:,} runs begun and ended",
        "in sight after them: " + ", ".join(f"{where} {n:,}" for where, n in seen.most_common()),
    )


if __name__ == "__main__":
    main(attempt, 25, measured=told)
