"""What can be done now: in the footer and in the command palette, in every state of a run."""

import threading
from typing import Any

import pytest
from textual.command import CommandPalette

from mnist_tui.config import TrainConfig
from mnist_tui.run.events import SaveFailed, Warned
from mnist_tui.run.plan import NewRun
from mnist_tui.run.state import State
from mnist_tui.tui import DisplayOptions
from mnist_tui.tui.charts import Chart
from tests.run.values import epoch_row
from tests.tui.app_harness import Stage, on_stage

pytestmark = pytest.mark.asyncio

RUN_KEYS = {"Start", "Pause", "Resume", "Save", "Stop", "New run", "Edit", "lr÷2", "lr×2"}
RUN_KEYS |= {"Train on"}
ONE_EPOCH = NewRun(config=TrainConfig(epochs=1))
OFFERED = {
    State.READY: {"Start", "Edit"},
    State.LOADING: {"Stop"},
    State.RUNNING: {"Pause", "Save", "Stop", "Edit", "lr÷2", "lr×2"},
    State.PAUSED: {"Resume", "Save", "Stop", "Edit", "lr÷2", "lr×2"},
    State.STOPPING: set(),
    State.STOPPED: {"Resume", "New run", "Edit"},
    State.FINISHED: {"Train on", "New run", "Edit"},
    State.FAILED: {"New run", "Edit"},
}
TITLES_OF = {
    "Train on": "Train for longer",
    "Edit": "Settings",
    "lr÷2": "Halve the learning rate",
    "lr×2": "Double the learning rate",
}


async def lead_to(stage: Stage, state: State) -> None:
    """Bring the dashboard's run into `state`."""
    if state is State.READY:
        return
    await stage.pilot.press("space")
    await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
    runner = stage.runner
    await stage.until(lambda: runner.session.state is State.LOADING, "loading")
    if state is not State.LOADING:
        runner.prepare()
        await stage.until(lambda: "Pause" in stage.text, "a run that can be paused")
        runner.train(5)
    if state is State.PAUSED:
        await stage.pilot.press("space")
    if state in (State.STOPPING, State.STOPPED):
        runner.holds_save = threading.Event() if state is State.STOPPING else None
        await stage.pilot.press("x")
    if state is State.FINISHED:
        runner.finish_epoch()
        runner.finish()
    if state is State.FAILED:
        runner.fail("the loss became nan")
    await stage.until(lambda: runner.session.state is state, str(state))
    if state.is_over:
        await stage.until(lambda: not runner.is_alive, "the thread's end")


def run_keys(stage: Stage) -> set[str]:
    """Of the keys that steer a run, those in the footer."""
    return {key for key in RUN_KEYS if f" {key} " in f"{stage.footer} "}


def titles(stage: Stage) -> set[str]:
    """What the palette offers."""
    return {command.title for command in stage.app.get_system_commands(stage.app.screen)}


@pytest.mark.slow
@pytest.mark.parametrize("state", State)
async def test_footer_and_palette_offer_what_can_be_done_now_and_other_keys_say_why_not(
    state: State,
) -> None:
    async with on_stage((160, 40), ONE_EPOCH) as stage:
        await lead_to(stage, state)
        await stage.until(lambda: run_keys(stage) == OFFERED[state], f"{OFFERED[state]}")
        assert "Quit" in stage.footer
        assert "Help" in stage.footer
        all_titles = {TITLES_OF.get(key, key) for key in RUN_KEYS}
        now = {TITLES_OF.get(key, key) for key in OFFERED[state]}
        if "Resume" in OFFERED[state] and state.is_over:
            now.add("Train for longer")  # whose key is that of resuming it here
        assert titles(stage) & all_titles == now
        for key, offers in (("s", "Save"), ("e", "Edit"), ("left_square_bracket", "lr÷2")):
            if offers not in OFFERED[state]:
                await stage.pilot.press(key)
                await stage.sees("› cannot ")
        if stage.runners and stage.runner.holds_save is not None:
            stage.runner.holds_save.set()


async def test_the_palette_has_everything_else_that_a_key_can_do() -> None:
    async with on_stage((140, 40)) as stage:
        await stage.start()
        offered = titles(stage)
        for title in (
            *("Pane: Loss", "Pane: Accuracy", "Pane: Batches", "Pane: Epochs", "Pane: Log"),
            *("Theme", "Help", "Quit", "Full screen", "Logarithmic axis", "Smoothing"),
            *("Filter the log", "Copy the log", "Screenshot"),
        ):
            assert title in offered
        for command in stage.app.get_system_commands(stage.app.screen):
            assert command.help


async def choose(stage: Stage, words: str) -> None:
    """Pick a command from the palette by typing."""
    await stage.pilot.press("ctrl+p")
    await stage.until(lambda: CommandPalette.is_open(stage.app), "the palette")
    await stage.pilot.press(*(key if key != " " else "space" for key in words))
    await stage.pilot.app.workers.wait_for_complete(
        [w for w in stage.app.workers if w.node is stage.app.screen]
    )
    await stage.pilot.pause(0.3)
    await stage.pilot.press("enter")
    await stage.until(lambda: not CommandPalette.is_open(stage.app), "no palette")


@pytest.mark.parametrize("key", ["ctrl+p", "t"])
async def test_a_palette_that_is_closed_twice_closes_once(key: str) -> None:
    async with on_stage() as stage:
        await stage.pilot.press(key)
        await stage.until(lambda: isinstance(stage.app.screen, CommandPalette), "the palette")
        palette: Any = stage.app.screen
        palette.dismiss()
        palette.dismiss()
        await stage.until(lambda: stage.app.screen is stage.app.dashboard, "no palette")


async def test_a_search_that_comes_back_to_a_closing_palette_harms_nothing() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("ctrl+p")
        await stage.until(lambda: CommandPalette.is_open(stage.app), "the palette")
        palette: Any = stage.app.screen
        await palette.query("*").remove()
        # What the search does when it ends.
        palette._list_visible = not palette._list_visible
        palette._show_busy = not palette._show_busy
        await stage.pilot.pause()
        await stage.pilot.press("escape")
        await stage.until(lambda: not CommandPalette.is_open(stage.app), "no palette")


@pytest.mark.slow
async def test_a_run_can_be_steered_from_the_palette() -> None:
    async with on_stage((100, 30)) as stage:
        runner = await stage.start()
        runner.train(5)
        await choose(stage, "halve")
        await stage.until(lambda: runner.session.progress.lr == 0.005, "half the rate")
        await choose(stage, "pane log")
        await stage.until(lambda: stage.app.focused and stage.app.focused.id == "log", "the log")
        await choose(stage, "logarithmic")
        await stage.until(
            lambda: any(chart.view.is_log for chart in stage.app.screen.query(Chart)), "a log axis"
        )
        await choose(stage, "pause")
        await stage.sees("‖ paused")


@pytest.mark.slow
async def test_a_new_run_with_n_has_the_same_settings() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(1875)
        runner.finish_epoch(epoch_row(1))
        await stage.pilot.press("x")
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        await stage.pilot.press("n", "n")
        await stage.until(lambda: len(stage.runners) == 2, "a second run")
        assert stage.runner.plan.config == runner.plan.config


async def test_the_log_filters_by_level_by_key_and_by_mouse_and_copies_what_it_shows() -> None:
    async with on_stage((99, 24)) as stage:
        runner = await stage.start()
        runner.emit(Warned(message="the disk is nearly full"))
        await stage.pilot.press("5")
        await stage.sees("the disk is nearly full")
        await stage.until(lambda: "v Filter" in stage.footer, "the key v")
        await stage.pilot.click("KeyBar", offset=(stage.footer.index("v Filter"), 0))
        await stage.sees("warnings and errors")
        await stage.until(lambda: "Ready. Space: start" not in stage.text, "no news")
        await stage.pilot.press("y")
        await stage.until(lambda: "nearly full" in stage.app.clipboard, "a copy")
        assert len(stage.app.clipboard.splitlines()) == 1
        await stage.pilot.press("v")
        await stage.until(lambda: "! the disk" not in stage.text, "errors only")
        await stage.pilot.press("v", "v")
        await stage.sees("Ready. Space: start")


async def test_saves_and_warnings_are_one_line_and_nothing_covers_the_newest_data() -> None:
    async with on_stage((100, 30)) as stage:
        runner = await stage.start()
        runner.train(1875)
        runner.finish_epoch(epoch_row(1, val_accuracy=0.9123))
        await stage.pilot.press("s")
        await stage.sees("› saved checkpoints/step-")
        runner.emit(SaveFailed(path="a/last.pt", message="no space left"))
        await stage.sees("› could not save a/last.pt: no space left")
        runner.emit(Warned(message="a/last.pt was deleted"))
        await stage.sees("› a/last.pt was deleted")
        stage.app.dashboard.notify("copied", severity="error")
        await stage.sees("› copied")
        assert not stage.app.screen.query("Toast")


@pytest.mark.parametrize("rings", [True, False])
async def test_the_bell_rings_and_the_terminal_notifies_only_when_asked_to(
    rings: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    async with on_stage(look=DisplayOptions(rings=rings)) as stage:
        monkeypatch.setattr(stage.app.presenter, "_write", written.append)
        monkeypatch.setattr(stage.app, "bell", lambda: written.append("\a"))
        runner = await stage.start()
        runner.finish()
        await stage.until(lambda: stage.app.run_controller.log.ended, "the end")
        rung = [text for text in written if "]2;" not in text]
        assert rung == (["\a", "\x1b]9;mnist-tui: Finished all epochs.\x07"] if rings else [])
