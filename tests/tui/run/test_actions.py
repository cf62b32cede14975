"""The keys that steer a run, in the whole dashboard with a scripted run."""

import threading

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.run.events import (
    HandOverFailed,
    LearningRateChanged,
    RunEnded,
    SettingsChanged,
)
from mnist_tui.run.log import CaughtUp
from mnist_tui.run.plan import AttachedRun, NewRun, ResumedRun, ShownRun
from mnist_tui.run.requests import Detach
from mnist_tui.run.state import State
from mnist_tui.tui.dashboard.header import Facts
from mnist_tui.tui.insight.screen import InsightScreen
from mnist_tui.tui.screens.question import QuitDialog
from mnist_tui.tui.screens.settings import SettingsScreen
from mnist_tui.tui.text.exit_summary import exit_report
from tests.run.values import epoch_row
from tests.tui.app_harness import Stage, on_stage
from tests.tui.fake_runner import ScriptedRunner

pytestmark = pytest.mark.asyncio

ONE_EPOCH = NewRun(config=TrainConfig(epochs=1), name="mine")


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


@pytest.mark.slow
async def test_stop_saves_and_says_so_and_a_new_run_can_start() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.train(10)
        await stage.pilot.press("x")
        await stage.sees("Stopped by you in epoch 1, batch 10. Saved.")
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


@pytest.mark.slow
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


@pytest.mark.slow
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
        assert "Stopped by you in epoch 1, batch 10" in exit_report(stage.app.run_controller.log)
        assert ("mnist-tui resume 20260102" in exit_report(stage.app.run_controller.log)) is saves


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


@pytest.mark.slow
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
        assert stage.app.run_controller.exit_code == 0


@pytest.mark.slow
async def test_a_run_that_another_process_trains_is_not_called_over() -> None:
    async with on_stage((100, 30)) as stage:
        runner = await stage.start()
        runner.go_on_elsewhere()
        await stage.sees("─● being trained by process 4711─")
        header = stage.text.splitlines()[0]
        assert header.rstrip().endswith("● training in another process"), header
        await stage.pilot.press("i")
        await stage.until(lambda: isinstance(stage.app.screen, InsightScreen), "the insight")
        await stage.sees("● training in another process")
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


@pytest.mark.slow
async def test_space_trains_a_finished_run_for_the_epochs_asked_for() -> None:
    async with on_stage(plan=ONE_EPOCH) as stage:
        runner = await one_epoch(stage)
        assert "Resume" not in stage.footer
        assert "space Train on" in stage.footer
        await stage.pilot.press("space")
        await stage.sees("has trained 1 of 1 epoch. How many in all?")
        await stage.pilot.press("backspace", "1", "enter")
        await stage.sees("more than 1, which are done")
        assert stage.runners == [runner]
        await stage.pilot.press("backspace", "5", "enter")
        await stage.until(lambda: len(stage.runners) == 2, "a second run")
        plan = stage.runner.plan
        assert isinstance(plan, ResumedRun)
        assert (plan.name, plan.overrides) == ("mine", {"epochs": 5})
        assert plan.config.epochs == 5


@pytest.mark.slow
async def test_a_stopped_run_can_be_trained_for_longer_than_planned_by_the_palette() -> None:
    plan = NewRun(config=TrainConfig(epochs=3), name="mine")
    async with on_stage(plan=plan) as stage:
        await stage.start()
        await stage.pilot.press("x")
        await stage.until(lambda: "Resume" in stage.footer, "the end")
        await stage.pilot.press("ctrl+p", *"train for")
        await stage.sees("for as many epochs as you say")
        await stage.pilot.press("down", "enter")
        await stage.sees("mine has trained 0 of 3 epochs")
        await stage.pilot.press("backspace", *"12", "enter")
        await stage.until(lambda: len(stage.runners) == 2, "a second run")
        assert stage.runner.plan.config.epochs == 12


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
        assert not stage.app.check_action("begin", ("continue",))


async def test_a_run_without_a_checkpoint_cannot_be_resumed() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        runner.fail("the loss became nan")
        await stage.until(lambda: "New run" in stage.footer, "the key n")
        await stage.pilot.press("space")
        await stage.sees("the run has no checkpoint to resume from: n starts a new run")
        assert len(stage.runners) == 1


@pytest.mark.slow
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


@pytest.mark.slow
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


async def test_ctrl_z_without_a_live_run_says_so() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("ctrl+z")
        await stage.sees("nothing is training that could be left running")


@pytest.mark.parametrize("keys", [("ctrl+z",), ("q", "l")])
async def test_a_run_that_is_left_running_ends_the_dashboard_with_the_way_back(
    keys: tuple[str, ...],
) -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        for key in keys:
            await stage.pilot.press(key)
        await stage.sees("starting a process without a terminal")
        await stage.until(lambda: Detach() in runner.requests, "the request")
        assert stage.app.is_running, "until the other process is ready, all is as before"
        await stage.pilot.press("space")
        await stage.sees("paused")
        runner.go_on_elsewhere()
        await stage.until(lambda: not stage.app.is_running, "the end")
        assert stage.app.run_controller.exit_code == 0
        assert "come back to it: mnist-tui attach a" in exit_report(stage.app.run_controller.log)


async def test_a_run_that_could_not_be_handed_over_stays_and_says_why() -> None:
    async with on_stage() as stage:
        runner = await stage.start()
        await stage.pilot.press("ctrl+z")
        runner.emit(HandOverFailed(message="the other process ended by signal 9"))
        await stage.sees("the run goes on here: the other process ended by signal 9")
        runner.go_on_elsewhere()
        await stage.until(lambda: not runner.is_alive, "its end, asked for by somebody else")
        assert stage.app.is_running


async def test_ctrl_z_while_it_loads_counts_once_it_can() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("space")
        await stage.until(lambda: stage.runners and stage.runner.thread, "a training thread")
        await stage.pilot.press("ctrl+z")
        await stage.sees("once it is loaded")
        assert Detach() not in stage.runner.requests
        stage.runner.prepare()
        await stage.until(lambda: Detach() in stage.runner.requests, "the request")


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


@pytest.mark.slow
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
        assert stage.app.run_controller.exit_code == 1


@pytest.mark.parametrize("key", ["e", "n", "space"])
@pytest.mark.parametrize("kind", [ShownRun, AttachedRun])
async def test_keys_do_not_act_on_a_next_run_before_the_run_to_be_shown_is_there(
    kind: type[ShownRun] | type[AttachedRun], key: str
) -> None:
    async with on_stage(plan=kind(name="mine")) as stage:
        await stage.pilot.press(key)
        await stage.sees("the run is not there yet")
        assert len(stage.app.screen_stack) == 1
        assert stage.runners == []


async def test_e_shows_the_live_settings_once_an_attached_run_is_there() -> None:
    async with on_stage(plan=AttachedRun(name="mine"), start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        stage.runner.prepare()
        await stage.sees("● training")
        await stage.pilot.press("e")
        await stage.sees("Settings of the live run")


async def test_the_form_has_what_was_changed_before_the_attached_run_was_there() -> None:
    plan = AttachedRun(name="mine", config=TrainConfig(epochs=19, checkpoint_every_s=30.0))
    changed = SettingsChanged(
        epochs=70,
        checkpoint_every_s=5.0,
        previous_epochs=19,
        previous_checkpoint_every_s=30.0,
        epoch=1,
        global_batch=10,
    )
    async with on_stage(plan=plan, start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        stage.runner.prepare()
        log = stage.runner.session.log
        log.add(changed)
        stage.runner.do(lambda: stage.runner.session.mirror(CaughtUp(log=log)))
        run = stage.app.run_controller
        await stage.until(lambda: run.log.settings == changed, "the log")
        draft = run.draft()
        assert (draft.value("epochs"), draft.value("checkpoint_every_s")) == (70, 5.0)
        assert draft.adjustment() is None


@pytest.mark.slow
@pytest.mark.parametrize("kind", [ShownRun, AttachedRun])
async def test_a_read_only_view_offers_nothing_that_starts_or_changes_a_run(
    kind: type[ShownRun] | type[AttachedRun],
) -> None:
    plan = kind(name="mine", config=TrainConfig(epochs=3), is_read_only=True)
    async with on_stage(plan=plan, start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.thread, "a thread")
        stage.runner.prepare()
        stage.runner.finish()
        await stage.sees("finished")
        await stage.until(lambda: not stage.app.run_controller.is_busy, "the end")
        for key in ("n", "e", "r", "space"):
            await stage.pilot.press(key)
        assert len(stage.app.screen_stack) == 1
        assert len(stage.runners) == 1
        assert not {"New run", "Edit", "Runs"} & set(stage.footer.split("  "))
