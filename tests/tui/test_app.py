"""The dashboard under a pilot, with a run that each test drives step by step."""

import asyncio
import json
import logging
import threading
import time
from pathlib import Path

import pytest
from textual.geometry import Region
from textual.widget import Widget

from mnist_tui.config import TrainConfig
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    LearningRateChanged,
    Notice,
    RunEnded,
    SaveFailed,
    SaveReason,
    Warned,
)
from mnist_tui.run.plan import NewRun, ResumedRun, ShownRun
from mnist_tui.run.requests import Stop
from mnist_tui.run.state import State
from mnist_tui.tui.app import DashboardApp
from mnist_tui.tui.charts import Chart
from mnist_tui.tui.dashboard.header import Facts
from mnist_tui.tui.dashboard.outcome import Outcome
from mnist_tui.tui.dashboard.screen import Dashboard
from mnist_tui.tui.insight.screen import InsightScreen
from mnist_tui.tui.run.thread import RunThread
from mnist_tui.tui.screens.help import HelpScreen
from mnist_tui.tui.screens.question import QuitDialog
from mnist_tui.tui.screens.settings import SettingsScreen
from tests.run.values import epoch_row
from tests.tui.app_harness import Stage, on_stage
from tests.tui.fake_runner import ScriptedRunner
from tests.tui.insight.pane_harness import Mouse

pytestmark = pytest.mark.asyncio

GUESSED = {"val_loss": 2.303, "val_accuracy": 0.098}
SIZES = [(200, 60), (140, 40), (100, 30), (80, 24), (50, 12), (20, 5), (1, 1)]


async def test_it_opens_ready_and_starts_nothing() -> None:
    async with on_stage() as stage:
        await stage.sees("ready")
        assert "Start" in stage.footer
        assert stage.runners == []
        assert stage.app.exit_report() == ""


async def test_start_at_once_needs_no_key() -> None:
    async with on_stage(start=True) as stage:
        await stage.until(lambda: stage.runners, "a run")


async def test_loading_says_what_is_being_done() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("space")
        await stage.sees("loading torch")


async def test_numbers_of_a_training_run_are_on_the_screen() -> None:
    async with on_stage((80, 24)) as stage:
        runner = await stage.start()
        runner.train(1204)
        await stage.sees("1,204/1,875")
        for text in ("epoch 1 of 19", "64 %", "12,346/s", "learning rate 0.01"):
            await stage.sees(text)


async def test_epochs_that_follow_fast_are_drawn_once_from_look_to_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with on_stage() as stage:
        await stage.start()
        drawn: list[None] = []
        presenter = stage.app.presenter
        monkeypatch.setattr(Dashboard, "show_epochs", lambda self: drawn.append(None))
        presenter.follow(draws_losses=False)
        for after in (1, 1, 1):
            presenter.take(EpochFinished(row=epoch_row(1), is_best=False))
            assert len(drawn) == after
        for after in (2, 2):
            presenter.follow(draws_losses=False)
            assert len(drawn) == after
        presenter.take(EpochFinished(row=epoch_row(2), is_best=False))
        assert len(drawn) == 3


async def test_space_pauses_and_resumes() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(10)
        await stage.pilot.press("space")
        await stage.sees("‖ paused")
        assert "Resume" in stage.footer
        assert "Pause" not in stage.footer
        await stage.sees("10/1,875")
        await stage.pilot.press("space")
        await stage.sees("● training")
        assert "Pause" in stage.footer


async def test_save_answers_with_path_batch_size_and_time() -> None:
    async with on_stage((100, 30)) as stage:
        runner = await stage.start()
        runner.train(10)
        await stage.pilot.press("s")
        await stage.sees("saved checkpoints/step-10.pt · epoch 1, batch 10 · 187 kB, 12 ms")


async def test_stop_saves_and_says_so_and_a_new_run_can_start() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(10)
        await stage.pilot.press("x")
        await stage.sees("stopped in epoch 1, batch 10, saved")
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        assert "Start" not in stage.footer
        await stage.pilot.press("n", "n")
        await stage.until(lambda: len(stage.runners) == 2, "a second run")
        assert stage.runner.plan.name is None
        assert isinstance(stage.runner.plan, NewRun)


async def test_no_second_run_starts_while_the_first_ones_thread_lives() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        for key in ("n", "space", "space", "n"):
            await stage.pilot.press(key)
        assert stage.runners == [runner]


async def test_brackets_halve_and_double_the_learning_rate() -> None:
    async with on_stage((100, 30)) as stage:
        runner = await stage.start()
        runner.train(5)
        await stage.pilot.press("left_square_bracket", "left_square_bracket")
        await stage.sees("0.01 → 0.005")
        await stage.until(lambda: runner.session.progress.lr == 0.0025, "two halvings")
        await stage.pilot.press("right_square_bracket")
        await stage.until(lambda: runner.session.progress.lr == 0.005, "a doubling")


async def test_a_key_that_can_do_nothing_says_why() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("s")
        await stage.sees("cannot save: the run has not started")


async def test_the_footer_offers_only_what_can_be_done() -> None:
    async with on_stage((140, 40)) as stage:
        assert "Save" not in stage.footer
        assert "Stop" not in stage.footer
        await stage.start()
        assert "Save" in stage.footer
        assert "Start" not in stage.footer
        await stage.pilot.press("x")
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        assert "Save" not in stage.footer


async def test_q_quits_at_once_without_a_run() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("q")
        await stage.until(lambda: not stage.app.is_running, "the end")


@pytest.mark.parametrize(("key", "saves"), [("s", True), ("w", False), ("enter", True)])
async def test_q_asks_while_running_and_ends_the_run_first(key: str, saves: bool) -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(10)
        await stage.pilot.press("q")
        await stage.until(lambda: isinstance(stage.app.screen, QuitDialog), "the question")
        await stage.pilot.press(key)
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert not runner.is_alive
        assert stage.app.run_controller.log.ended is not None
        assert stage.app.run_controller.log.ended.saved is saves
        assert "stopped in epoch 1, batch 10" in stage.app.exit_report()
        assert ("mnist-tui resume 20260102" in stage.app.exit_report()) is saves


async def test_cancel_goes_on_with_the_run() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        await stage.pilot.press("q")
        await stage.until(lambda: isinstance(stage.app.screen, QuitDialog), "the question")
        await stage.pilot.press("escape")
        await stage.until(lambda: not isinstance(stage.app.screen, QuitDialog), "no question")
        assert runner.session.state is State.RUNNING


async def test_quitting_says_that_it_is_saving_until_it_has() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.holds_save = threading.Event()
        runner.train(10)
        await stage.pilot.press("q", "s")
        await stage.sees("saving, then quitting")
        assert stage.app.is_running
        runner.holds_save.set()
        await stage.until(lambda: not stage.app.is_running, "the end")


async def test_a_run_that_ends_under_the_question_is_not_asked_about_again() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        await stage.pilot.press("q")
        await stage.until(lambda: isinstance(stage.app.screen, QuitDialog), "the question")
        runner.finish()
        await stage.until(lambda: not runner.is_alive, "the thread's end")
        await stage.pilot.press("s")
        await stage.until(lambda: not stage.app.is_running, "the end")


async def test_q_asks_nothing_of_a_run_that_is_over_while_its_thread_ends() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        goes = threading.Event()
        runner.session.subscribe(lambda event: isinstance(event, RunEnded) and goes.wait(60))
        threading.Thread(target=runner.finish).start()
        await stage.sees("✓ finished")
        await stage.pilot.press("q")
        await stage.pilot.pause()
        assert not isinstance(stage.app.screen, QuitDialog)
        assert stage.app.is_running
        goes.set()
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.exit_code == 0


async def test_a_run_that_another_process_trains_is_not_called_over() -> None:
    async with on_stage((100, 30)) as stage:
        runner = await stage.start()
        runner.go_on_elsewhere()
        await stage.sees("─● being trained by process 4711─")
        header = stage.text.splitlines()[0]
        assert header.rstrip().endswith("● training elsewhere"), header
        await stage.pilot.press("i")
        await stage.until(lambda: isinstance(stage.app.screen, InsightScreen), "the insight")
        await stage.sees("● training elsewhere")
        await stage.pilot.press("escape", "x")
        await stage.sees("another process trains this run: it can't be controlled from here")
        await stage.pilot.press("n", "n")
        await stage.until(lambda: len(stage.runners) == 2, "a second run")
        await stage.until(lambda: "elsewhere" not in stage.text, "its own state")


async def one_epoch(stage: Stage) -> ScriptedRunner:
    """Run all of a plan with one epoch."""
    runner = await stage.start()
    runner.train(1875)
    runner.finish_epoch()
    runner.finish()
    await stage.until(lambda: "New run" in stage.footer, "the key n")
    return runner


ONE_EPOCH = NewRun(config=TrainConfig(epochs=1), name="mine")


async def test_space_says_how_a_finished_run_goes_on() -> None:
    async with on_stage(plan=ONE_EPOCH) as stage:
        runner = await one_epoch(stage)
        assert "Resume" not in stage.footer
        await stage.pilot.press("space")
        await stage.sees("the run is finished: e, more epochs, then space; or n for a new run")
        assert stage.runners == [runner]


async def test_space_resumes_a_stopped_run_where_it_stopped() -> None:
    plan = NewRun(config=TrainConfig(epochs=3, lr=0.02), name="mine")
    async with on_stage((80, 24), plan) as stage:
        runner = await stage.start()
        runner.train(1875)
        runner.finish_epoch()
        runner.train(7)
        await stage.pilot.press("4", "x")
        await stage.until(lambda: "space Resume" in stage.footer, "the key")
        await stage.pilot.press("space")
        await stage.until(lambda: len(stage.runners) == 2 and stage.runner.thread, "its thread")
        assert stage.runner.plan == ResumedRun(
            name="mine", config=plan.config, runs_dir=plan.runs_dir
        )
        await stage.sees("★     1")
        assert "■" not in stage.text, "the panel is gone, and the epochs are not"
        stage.runner.prepare(rows=runner.rows)
        await stage.until(lambda: "Pause" in stage.footer, "a run that can be paused")
        assert len(stage.app.run_controller.log.rows) == 1


async def test_a_finished_run_is_made_longer_with_e_and_goes_on_with_space() -> None:
    async with on_stage((80, 24), ONE_EPOCH) as stage:
        await one_epoch(stage)
        draft = stage.app.run_controller.draft()
        draft.write("epochs", "3")
        stage.app.run_controller.apply(draft)
        stage.app.presenter.show_state()
        await stage.until(lambda: "space Resume" in stage.footer, "the key")
        await stage.pilot.press("space")
        await stage.until(lambda: len(stage.runners) == 2 and stage.runner.thread, "its thread")
        longer = TrainConfig(epochs=3)
        assert stage.runner.plan == ResumedRun(name="mine", config=longer, overrides={"epochs": 3})


@pytest.mark.parametrize(("field", "text"), [("batch_size", "64"), ("name", "other")])
async def test_a_setting_that_makes_another_run_does_not_make_a_finished_one_longer(
    field: str, text: str
) -> None:
    async with on_stage(plan=ONE_EPOCH) as stage:
        await one_epoch(stage)
        draft = stage.app.run_controller.draft()
        draft.write("epochs", "30")
        draft.write(field, text)
        answer = stage.app.run_controller.apply(draft)
        assert answer.message == "changed: n starts a new run"
        assert not stage.app.run_controller.offers("continue")


async def test_a_run_without_a_checkpoint_cannot_be_resumed() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.fail("the loss became nan")
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        await stage.pilot.press("space")
        await stage.sees("the run has no checkpoint to resume from: n starts a new run")
        assert len(stage.runners) == 1


async def test_n_asks_before_it_takes_the_place_of_a_run() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.finish()
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        await stage.pilot.press("n")
        await stage.sees("Start a new run?")
        await stage.pilot.press("escape")
        await stage.until(lambda: "Start a new run?" not in stage.text, "no question")
        assert stage.runners == [runner]
        await stage.pilot.press("n", "e")
        await stage.until(lambda: isinstance(stage.app.screen, SettingsScreen), "the settings")


async def test_a_run_that_is_shown_has_the_log_of_its_own_time(tmp_path: Path) -> None:
    run = tmp_path / "20260102-030405-tutorial"
    run.mkdir()
    saved = CheckpointSaved(
        path="a/last.pt",
        reason=SaveReason.MANUAL,
        epoch=1,
        batch=7,
        global_batch=7,
        size_bytes=1,
        milliseconds=1.0,
    )
    lines = [{"time": 1e9, **saved.to_dict()}, {"time": 1e9 + 1, "event": "of_a_newer_version"}]
    (run / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    plan = ShownRun(name=run.name, runs_dir=tmp_path)
    async with on_stage(plan=plan, start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        stage.runner.prepare()
        log = stage.app.dashboard.log_pane
        await stage.until(lambda: "saved a/last.pt" in log.text, "what happened then")
        at = time.strftime("%H:%M:%S", time.localtime(1e9))
        first, second = log.text.splitlines()
        assert first == f"{at} on {time.strftime('%d %B %Y', time.localtime(1e9))}"
        assert second.startswith(f"{at} saved a/last.pt"), "and nothing of today"


async def test_a_run_that_is_shown_is_resumed_only_when_that_is_confirmed() -> None:
    plan = ShownRun(name="mine", config=TrainConfig(epochs=3))
    async with on_stage(plan=plan, start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        stage.runner.prepare(rows=[epoch_row(1)])
        await stage.pilot.press("x")
        await stage.until(lambda: "space Resume" in stage.footer, "the key")
        await stage.pilot.press("space")
        await stage.sees("Resume this run?")
        assert len(stage.runners) == 1
        await stage.pilot.press("space")
        await stage.until(lambda: len(stage.runners) == 2 and stage.runner.thread, "its thread")
        assert isinstance(stage.runner.plan, ResumedRun)


async def test_the_end_takes_three_lines_says_nothing_twice_and_closes_with_escape() -> None:
    async with on_stage((80, 24), NewRun(config=TrainConfig(epochs=2))) as stage:
        runner = await stage.start()
        for _ in range(2):
            runner.train(1875)
            runner.finish_epoch()
        runner.finish()
        outcome = stage.app.screen.query_one(Outcome)
        await stage.until(lambda: outcome.region.height == 3, "three lines")
        await stage.until(lambda: "esc Close" in stage.footer, "the key")
        text = stage.text
        assert "─✓ finished all epochs─" in text
        assert "last and best epoch 2: 96.10 %, loss 0.1350 · in 0:24, 11,987 images/s" in text
        assert "saved last.pt in runs/20260102-030405-tutorial" in text
        assert text.count("finished") == 2, "in the title of the panel, and as the run's state"
        await stage.pilot.press("escape")
        await stage.until(lambda: not outcome.region.area, "no panel")
        assert "esc" not in stage.footer


async def test_a_screenshot_is_saved_where_it_can_be_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_downloads_path", lambda: tmp_path / "none")
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


async def test_ctrl_z_says_what_to_do_instead() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("ctrl+z")
        await stage.sees("ctrl+z: not yet; q, then s, saves and leaves; mnist-tui resume goes on")


async def test_a_press_that_comes_while_an_older_one_is_answered_counts() -> None:
    async with on_stage((100, 30)) as stage:
        runner = await stage.start()
        controller = stage.app.run_controller
        controller.scale_lr(2.0)
        # The answer to the first press arrives after the second one.
        controller.scale_lr(2.0)
        controller.take(LearningRateChanged(lr=0.02, previous=0.01, epoch=1, global_batch=0))
        controller.scale_lr(2.0)
        await stage.until(lambda: runner.session.progress.lr == 0.08, "three doublings")


async def test_an_epoch_that_is_no_better_than_guessing_says_what_to_do_once() -> None:
    async with on_stage((120, 36)) as stage:
        runner = await stage.start()
        for _ in range(2):
            runner.train(1875)
            runner.finish_epoch(epoch_row(runner.session.progress.epoch, **GUESSED))
        await stage.sees("› no better than guessing: try a lower learning rate ([ halves it)")
        await stage.pilot.press("5")
        await stage.sees("epoch 2: validation accuracy 9.80 %")
        log = stage.app.dashboard.log_pane.text
        assert log.count("no better than guessing") == 1
        assert "★" not in log.splitlines()[-2]


async def test_a_run_that_waits_for_the_disk_says_so_and_can_be_left_without_it() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.wait_for_disk()
        await stage.sees(" waiting for the disk")
        await stage.sees("› not saved yet (No space left on device): make room")
        facts = stage.app.screen.query_one(Facts)
        said = facts.message
        assert said is not None
        await stage.until(lambda: facts.message is not said, "that it is said again")
        facts._forget(said)
        assert facts.message == said, "it stays as long as the run waits"
        await stage.pilot.press("q")
        await stage.until(lambda: isinstance(stage.app.screen, QuitDialog), "the question")
        await stage.pilot.press("s")
        await stage.until(lambda: stage.app.run_controller.leaving, "the wish to leave")
        await stage.sees("› not saved yet")
        assert runner.is_alive, "it still waits"
        await stage.pilot.press("q")
        await stage.until(lambda: isinstance(stage.app.screen, QuitDialog), "the question again")
        await stage.pilot.press("w")
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.exit_code == 1


async def test_a_signal_ends_a_run_that_waits_for_the_disk() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.wait_for_disk()
        stage.app.shut_down(Stop(reason="ended by SIGTERM", exit_code=143))
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert not runner.is_alive


async def test_a_dashboard_that_breaks_does_not_wait_for_the_disk() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.wait_for_disk()
        stage.app.run_controller.leave(Stop(reason="quit"))
        assert runner.is_alive, "it waits, as somebody wants it"
        threading.Thread(target=stage.app.end_run, daemon=True).start()
        await stage.until(lambda: not runner.is_alive, "the end of its thread")


async def test_shut_down_saves_and_gives_the_exit_code() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(10)
        stop = Stop(reason="ended by SIGTERM", exit_code=143)
        threading.Thread(target=stage.app.shut_down, args=(stop,)).start()
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.exit_code == 143
        assert not runner.is_alive


async def test_shut_down_without_a_run_ends_at_once() -> None:
    async with on_stage() as stage:
        stage.app.shut_down(Stop(exit_code=129))
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.exit_code == 129


async def test_shut_down_while_paused_ends_the_run() -> None:
    async with on_stage() as stage:
        await stage.start()
        await stage.pilot.press("space")
        await stage.sees("‖ paused")
        stage.app.shut_down(Stop(exit_code=130))
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.exit_code == 130


class Broken(ScriptedRunner):
    """A runner that does not keep its promise."""

    def run(self) -> None:
        raise ZeroDivisionError("by zero")


async def test_a_thread_that_outlives_the_dashboard_ends_in_peace() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("q")
        await stage.until(lambda: not stage.app.is_running, "the end")
    runner = Broken(NewRun())
    await asyncio.to_thread(RunThread(runner, stage.app.post_message).run)
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
        assert stage.app.exit_code == 1
        await stage.pilot.press("4")
        await stage.sees("the loss became nan")
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        assert "try a smaller" in stage.app.exit_report()


async def test_a_runner_that_raises_is_told_as_a_failure() -> None:
    app = DashboardApp(NewRun(), Broken)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space")
        for _ in range(2000):
            await pilot.pause(0.01)
            if app.exit_code:
                break
        assert app.exit_code == 1
        assert "ZeroDivisionError: by zero" in app.exit_report()


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
        report = stage.app.exit_report()
        assert "last and best epoch  2: accuracy 96.10 %" in report
        assert "continue for longer  mnist-tui resume 20260102-030405-tutorial --epochs 3" in report


async def test_a_notice_stays_in_sight() -> None:
    async with on_stage() as stage:
        runner = await stage.start(notice="training on the 5,000 digits")
        await stage.sees("! training on the 5,000 digits")
        runner.train(10)
        runner.tell(Notice(message="another set under that name"))
        await stage.sees("! another set under that name")
        assert "! training on the 5,000 digits" in stage.text


async def test_a_warning_pops_up_and_is_in_the_log() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.tell(Warned(message="the disk is nearly full"))
        await stage.sees("the disk is nearly full")
        runner.tell(SaveFailed(path="a/b/last.pt", message="no space left"))
        await stage.pilot.press("5")
        await stage.sees("could not save b/last.pt: no space left")


async def test_epochs_fill_the_table_and_mark_the_best() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        await stage.pilot.press("4")
        for epoch, accuracy in ((1, 0.93), (2, 0.97), (3, 0.95)):
            runner.train(1875)
            runner.finish_epoch(epoch_row(epoch, val_accuracy=accuracy))
        await stage.sees("95.00 %")
        stars = [line for line in stage.text.splitlines() if "★" in line and "97.00 %" in line]
        assert any("12." in line for line in stars)


async def test_a_resumed_run_shows_its_earlier_epochs() -> None:
    async with on_stage() as stage:
        await stage.start(rows=[epoch_row(1), epoch_row(2)])
        await stage.pilot.press("4")
        await stage.sees("96.10 %")
        await stage.sees("93.70 %")


async def test_number_keys_bring_each_pane_into_sight() -> None:
    async with on_stage((80, 24)) as stage:
        for key, pane in zip(
            "123456", ("loss", "accuracy", "batches", "epochs", "log", "machine"), strict=True
        ):
            await stage.pilot.press(key)
            await stage.pilot.pause()
            focused = stage.app.focused
            assert focused is not None
            assert focused.id == pane
            shown = [w.id for w in stage.app.screen.query(".pane") if w.region.area]
            assert shown == [pane]


@pytest.mark.parametrize("title", ["1 Loss", "2 Accuracy", "4 Epochs", "5 Log", "6 Machine"])
async def test_a_click_on_a_tab_shows_its_pane_and_moves_nothing_else(title: str) -> None:
    async with on_stage((80, 24)) as stage:
        footer = stage.footer
        row = next(y for y, line in enumerate(stage.text.splitlines()) if "3 Batches" in line)
        await stage.pilot.click(offset=(stage.text.splitlines()[row].index(title), row))
        await stage.until(
            lambda: stage.app.focused and stage.app.focused.border_title == title[2:], "the pane"
        )
        await stage.pilot.pause()
        assert not stage.app.dashboard.is_full
        assert footer.split()[:4] == stage.footer.split()[:4]


async def test_a_click_does_not_press_a_key_that_came_there_after_the_button_went_down() -> None:
    async with on_stage((80, 24)) as stage:
        mouse, x = Mouse(stage), stage.footer.index("Edit")
        await mouse.send(Mouse.LEFT, x, 23)
        stage.app.dashboard.action_full()  # its way back comes first in the footer
        await stage.until(lambda: "space Start" in stage.footer[x - 6 : x + 6], "Start there")
        await mouse.send(Mouse.LEFT, x, 23, end="m")
        back = stage.footer.index("Back")
        await mouse.drag((back, 23))
        await stage.until(lambda: "esc Back" not in stage.footer, "a click in one place")
        assert stage.runners == []


async def test_a_click_on_a_key_presses_it() -> None:
    async with on_stage((80, 24)) as stage:
        await stage.pilot.click("KeyBar", offset=(3, 0))
        await stage.until(lambda: stage.runners, "a run")


async def test_f_fills_the_screen_with_the_pane_and_gives_it_back() -> None:
    async with on_stage((140, 40)) as stage:
        await stage.pilot.press("1", "f")
        await stage.pilot.pause()
        assert [w.id for w in stage.app.screen.query(".pane") if w.region.area] == ["loss"]
        await stage.pilot.press("f")
        await stage.pilot.pause()
        assert len([w for w in stage.app.screen.query(".pane") if w.region.area]) == 6


async def over(stage: Stage) -> None:
    """Train an epoch and let the run end."""
    runner = await stage.start()
    runner.train(1875)
    runner.finish_epoch()
    runner.finish()
    await stage.until(lambda: stage.app.run_controller.log.ended, "the end")
    await stage.pilot.pause()


@pytest.mark.parametrize("height", [16, 18, 19, 20])
async def test_the_lines_that_the_end_of_a_run_leaves_show_a_pane(height: int) -> None:
    async with on_stage((40, height)) as stage:
        await over(stage)
        await stage.sees("3 Batches")
        await stage.pilot.press("4")
        await stage.sees("4 Epochs")
        await stage.sees("★     1")
        assert "best epoch" in stage.text
        assert not stage.app.dashboard.is_full


@pytest.mark.parametrize("size", [(40, 12), (40, 14), (80, 9)])
async def test_a_pane_without_room_fills_the_screen_until_a_person_goes_back(
    size: tuple[int, int],
) -> None:
    async with on_stage(size) as stage:
        await over(stage)
        assert "esc Back" not in stage.footer
        await stage.pilot.press("4")
        await stage.sees("★     1")
        await stage.until(
            lambda: stage.app.focused is not None and stage.app.focused.id == "epochs", "the focus"
        )
        assert stage.footer.strip().startswith("esc Back")
        await stage.pilot.press("escape")
        await stage.until(lambda: "★     1" not in stage.text, "the way back")
        assert "esc Back" not in stage.footer


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_shows_a_whole_run_without_failing(size: tuple[int, int]) -> None:
    async with on_stage(size, start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        stage.runner.prepare(notice="a notice that is long enough to be wrapped in small places")
        stage.runner.train(1875)
        stage.runner.finish_epoch()
        stage.runner.train(100)
        await stage.pilot.press("1", "2", "3", "4", "5", "f", "f")
        await stage.pilot.press("question_mark", "escape", "q", "escape")
        stage.runner.fail("the loss became nan", "try a smaller learning rate")
        await stage.until(lambda: stage.app.run_controller.log.ended, "the end")
        await stage.pilot.pause()
        lines = stage.text.splitlines()
        assert len(lines) == size[1]


async def test_the_terminal_may_be_resized_through_all_sizes() -> None:
    async with on_stage((140, 40)) as stage:
        runner = await stage.start()
        for size in [*SIZES, *reversed(SIZES)]:
            await stage.pilot.resize_terminal(*size)
            runner.train(3)
            await stage.pilot.pause()
        await stage.sees("epoch 1 of 19")


@pytest.mark.parametrize("size", [(200, 60), (140, 40), (100, 30), (80, 24)])
async def test_nothing_overlaps_and_nothing_scrolls(size: tuple[int, int]) -> None:
    async with on_stage(size) as stage:
        await stage.start()
        screen = stage.app.screen
        assert not screen.show_vertical_scrollbar
        assert not screen.show_horizontal_scrollbar
        leaves = [w for w in screen.walk_children(Widget) if not w.children and w.region.area]
        for i, one in enumerate(leaves):
            for other in leaves[i + 1 :]:
                assert not one.region.overlaps(other.region), (one, other)
        bottom = max(w.region.bottom for w in leaves)
        assert bottom == size[1]


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


async def test_smoothing_zoom_and_log_axis_stay_while_batches_are_trained() -> None:
    async with on_stage((140, 40)) as stage:
        runner = await stage.start()
        runner.train(1875)
        runner.finish_epoch()
        await stage.pilot.press("3", "m", "plus", "l")
        chart = stage.app.screen.query_one("#batches", Chart)
        await stage.until(lambda: chart.view.window and chart.view.is_log, "a part of the run")
        runner.train(500)
        stage.app.presenter.follow(draws_losses=True)
        await stage.until(lambda: chart.data.last_x == 2375, "the new batches")
        assert chart.view.window is not None
        assert chart.view.is_log
        assert "smooth" in chart.data.note
        await stage.pilot.press("0", "l", "m", "m")
        await stage.until(lambda: not chart.view.is_log, "a linear axis")
        assert chart.view.window is None
        assert not chart.data.note


async def test_an_unchanged_progress_repaints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(10)
        await stage.sees("10/1,875")
        stage.app.presenter.follow(draws_losses=True)
        await stage.pilot.pause()
        painted: list[Widget] = []
        refresh = Widget.refresh

        def counted(widget: Widget, *regions: Region, **options: bool) -> Widget:
            painted.append(widget)
            return refresh(widget, *regions, **options)

        monkeypatch.setattr(Widget, "refresh", counted)
        for _ in range(3):
            stage.app.presenter.follow(draws_losses=True)
            await stage.pilot.pause()
        assert painted == []
        runner.train(1)
        stage.app.presenter.follow(draws_losses=True)
        assert painted
