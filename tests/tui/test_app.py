"""The dashboard under a pilot, with a run that each test drives step by step."""

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events

from mnist_tui.config import TrainConfig
from mnist_tui.run.events import (
    SaveFailed,
    Warned,
)
from mnist_tui.run.plan import NewRun
from mnist_tui.run.requests import Stop
from mnist_tui.run.state import State
from mnist_tui.tui.app import DashboardApp
from mnist_tui.tui.run.thread import RunThread
from mnist_tui.tui.screens.help import HelpScreen
from mnist_tui.tui.text.exit_summary import exit_report
from tests.run.values import epoch_row
from tests.tui.app_harness import on_stage
from tests.tui.fake_runner import ScriptedRunner

pytestmark = pytest.mark.asyncio


async def test_it_opens_ready_and_starts_nothing() -> None:
    async with on_stage() as stage:
        await stage.sees("ready")
        assert "Start" in stage.footer
        assert stage.runners == []
        assert exit_report(stage.app.run_controller.log) == ""


async def test_start_at_once_needs_no_key() -> None:
    async with on_stage(start=True) as stage:
        await stage.until(lambda: stage.runners, "a run")


async def test_loading_says_what_is_being_done() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("space")
        await stage.sees("loading torch")


def no_folder() -> Path:
    """The folder of a user who has never downloaded anything."""
    return Path("/nowhere")


def no_home() -> Path:
    """What becomes of it for a user without a home."""
    raise RuntimeError("could not determine the home directory")


@pytest.mark.parametrize("downloads", [no_folder, no_home])
async def test_a_screenshot_is_saved_where_it_can_be_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, downloads: Callable[[], Path]
) -> None:
    monkeypatch.setattr("platformdirs.user_downloads_path", downloads)
    monkeypatch.chdir(tmp_path)
    async with on_stage((120, 30)) as stage:
        await stage.sees("Ready. Space: start.")
        stage.app.deliver_screenshot()
        [file] = tmp_path.glob("*.svg")
        await stage.sees(f"screenshot saved as ./{file.name}")
        assert "<svg" in file.read_text()
        file.unlink()
        monkeypatch.chdir("/proc")
        stage.app.deliver_screenshot()
        await stage.sees("no screenshot: cannot write to /proc")


async def test_a_signal_ends_a_run_that_waits_for_the_disk() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.wait_for_disk()
        stage.app.shut_down(Stop(reason="Ended by SIGTERM", exit_code=143))
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert not runner.is_alive


async def test_a_dashboard_that_breaks_does_not_wait_for_the_disk() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.wait_for_disk()
        stage.app.run_controller.leave(Stop())
        assert runner.is_alive, "it waits, as somebody wants it"
        threading.Thread(target=stage.app.end_run, daemon=True).start()
        await stage.until(lambda: not runner.is_alive, "the end of its thread")


async def test_shut_down_saves_and_gives_the_exit_code() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(10)
        stop = Stop(reason="Ended by SIGTERM", exit_code=143)
        threading.Thread(target=stage.app.shut_down, args=(stop,)).start()
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.run_controller.exit_code == 143
        assert not runner.is_alive


async def test_shut_down_without_a_run_ends_at_once() -> None:
    async with on_stage() as stage:
        stage.app.shut_down(Stop(exit_code=129))
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.run_controller.exit_code == 129


async def test_shut_down_while_paused_ends_the_run() -> None:
    async with on_stage() as stage:
        await stage.start()
        await stage.pilot.press("space")
        await stage.sees("‖ paused")
        stage.app.shut_down(Stop(exit_code=130))
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.run_controller.exit_code == 130


async def test_a_lost_terminal_ends_the_dashboard_and_not_its_run() -> None:
    async with on_stage(outlives_terminal=True) as stage:
        runner = await stage.start()
        threading.Thread(target=stage.app.lose_terminal).start()
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.goes_on
        assert runner.is_alive
        stage.app.shut_down(Stop(reason="ended by SIGTERM", exit_code=143))
        await asyncio.to_thread(stage.app.end_run)
        ended = stage.app.run_controller.log.ended
        assert ended is not None
        assert ended.exit_code == 143


@pytest.mark.parametrize("outlives_terminal", [True, False])
async def test_a_lost_terminal_ends_what_nobody_wants_to_go_on(outlives_terminal: bool) -> None:
    async with on_stage(outlives_terminal=outlives_terminal) as stage:
        if not outlives_terminal:
            await stage.start()
        stage.app.lose_terminal()
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert not stage.app.goes_on
        assert stage.app.run_controller.exit_code == 129


class Broken(ScriptedRunner):
    """A runner that does not keep its promise."""

    def run(self) -> None:
        raise ZeroDivisionError("by zero")


async def test_a_thread_that_outlives_the_dashboard_ends_in_peace() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("q")
        await stage.until(lambda: not stage.app.is_running, "the end")
    runner = Broken(NewRun())
    thread = RunThread(runner, stage.app.call_later, lambda *_: None, lambda _: None)
    await asyncio.to_thread(thread.run)
    assert runner.session.state is State.FAILED
    stage.app.shut_down(Stop())


async def test_a_failure_stays_in_sight_and_the_dashboard_lives() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(5)
        runner.fail("the loss became nan in epoch 1, batch 6", "try a smaller learning rate")
        await stage.sees("✗ failed")
        await stage.sees("the loss became nan in epoch 1, batch 6")
        await stage.sees("try a smaller learning rate")
        assert stage.app.run_controller.exit_code == 1
        await stage.pilot.press("4")
        await stage.sees("the loss became nan")
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        assert "try a smaller" in exit_report(stage.app.run_controller.log)


async def test_a_runner_that_raises_is_shown_as_a_failure() -> None:
    app = DashboardApp(NewRun(), Broken)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space")
        for _ in range(2000):
            await pilot.pause(0.01)
            if app.run_controller.exit_code:
                break
        assert app.run_controller.exit_code == 1
        assert "ZeroDivisionError: by zero" in exit_report(app.run_controller.log)


@pytest.mark.slow
async def test_the_end_of_a_run_is_summed_up() -> None:
    async with on_stage((100, 30), NewRun(config=TrainConfig(epochs=2))) as stage:
        runner = await stage.start()
        for _ in range(2):
            runner.train(1875)
            runner.finish_epoch()
        runner.finish()
        await stage.sees("✓ finished")
        await stage.sees("last and best epoch 2")
        await stage.sees("runs/20260102-030405-tutorial")
        report = exit_report(stage.app.run_controller.log)
        assert "last and best epoch  2: accuracy 96.10 %" in report
        assert "continue for longer  mnist-tui resume 20260102-030405-tutorial --epochs 3" in report


async def test_a_warning_pops_up_and_is_in_the_log() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.emit(Warned(message="the disk is nearly full"))
        await stage.sees("the disk is nearly full")
        runner.emit(SaveFailed(path="a/b/last.pt", message="no space left"))
        await stage.pilot.press("5")
        await stage.sees("could not save b/last.pt: no space left")


async def test_a_resumed_run_shows_its_earlier_epochs() -> None:
    async with on_stage() as stage:
        await stage.start(rows=[epoch_row(1), epoch_row(2)])
        await stage.pilot.press("4")
        await stage.sees("96.10 %")
        await stage.sees("93.70 %")


@pytest.mark.slow
async def test_a_theme_is_shown_at_once_and_remembered(tmp_path: Path) -> None:
    file = tmp_path / "settings" / "theme"
    async with on_stage(theme_file=file) as stage:
        await stage.start()
        for name in ("digits-light", "textual-light", "nord"):
            stage.app.theme = name
            await stage.pilot.pause()
        await stage.until(file.exists, "the file")
        assert file.read_text().strip() == "nord"
    async with on_stage(theme_file=file) as stage:
        assert stage.app.theme == "nord"


@pytest.mark.slow
async def test_help_opens_scrolls_and_closes() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("question_mark")
        await stage.until(lambda: isinstance(stage.app.screen, HelpScreen), "the help")
        await stage.sees("Your first run")
        await stage.pilot.press("end")
        await stage.sees("the eraser; again: lift it")
        await stage.pilot.press("escape")
        await stage.until(lambda: not isinstance(stage.app.screen, HelpScreen), "no help")


async def test_the_palette_offers_what_can_be_done_now() -> None:
    async with on_stage() as stage:
        titles = {command.title for command in stage.app.get_system_commands(stage.app.screen)}
        assert "Start" in titles
        assert "Save" not in titles
        await stage.start()
        titles = {command.title for command in stage.app.get_system_commands(stage.app.screen)}
        assert {"Pause", "Save", "Stop", "Halve the learning rate"} <= titles


async def test_what_is_logged_in_any_thread_lands_in_the_log_pane() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("5")
        log = logging.getLogger("somewhere")
        await asyncio.to_thread(log.warning, "from another %s", "thread")
        await stage.sees("from another thread")


async def test_what_is_printed_lands_in_the_log_pane() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("5")
        print("a stray line")
        await stage.sees("a stray line")


async def test_pasted_text_steers_nothing_and_a_message_says_so() -> None:
    async with on_stage((120, 30)) as stage:
        await stage.sees("Ready. Space: start.")
        stage.app.post_message(events.Paste("x [ [ q n"))
        await stage.sees("pasted text is ignored")
        assert stage.runners == []


@pytest.mark.slow
async def test_a_dropped_photograph_that_is_not_read_is_named_with_its_kind(
    tmp_path: Path,
) -> None:
    photograph = tmp_path / "three.heic"
    photograph.write_bytes(b"\0\0\0\x24ftypheic" + bytes(100))
    async with on_stage((120, 40), start=True) as stage:
        await stage.until(lambda: stage.runners, "a run")
        stage.app.post_message(events.Paste(str(photograph)))
        await stage.sees("is a HEIC file, which is not read")
