"""What the campaigns found, one by one."""

import errno
import json
import logging
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from math import nan
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import OptionList

from mnist_tui.config import TrainConfig
from mnist_tui.engine.learner import Learner
from mnist_tui.errors import UsageError
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    Event,
    LearningRateChanged,
    SaveFailed,
    Warned,
)
from mnist_tui.run.requests import Stop
from mnist_tui.run.state import State
from mnist_tui.store import atomic
from mnist_tui.store.atomic import append_lines, read_lines, write_json, write_lines
from mnist_tui.store.catalog import list_runs
from mnist_tui.store.checkpoint import Checkpoint, read_checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.logfile import log_to
from mnist_tui.store.new_run import check_place, create_run
from mnist_tui.tui.dashboard.screen import Dashboard
from mnist_tui.tui.insight.panes.inside import InsidePane
from mnist_tui.tui.insight.panes.pane import InsightMemory
from mnist_tui.tui.insight.screen import InsightScreen
from mnist_tui.tui.screens.question import QuitDialog
from mnist_tui.tui.screens.settings import SettingsScreen
from tests.campaigns.command import assert_refused, run_command
from tests.run.values import epoch_row
from tests.training_helpers import RecordedRun, few_config, resume, train
from tests.tui.app_harness import on_stage
from tests.tui.insight.fake_insight import insight_of

pytestmark = pytest.mark.slow


def stop_in_second_epoch(run: RecordedRun, event: Event) -> None:
    if isinstance(event, EpochFinished):
        run.session.request(Stop())


def test_lines_that_are_written_again_appear_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "metrics.jsonl"
    append_lines(path, [{"epoch": 1}])

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            append_lines(path, [{"epoch": 2}, {"epoch": 3}])
    append_lines(path, [{"epoch": 2}, {"epoch": 3}])
    assert [row["epoch"] for row in read_lines(path)] == [1, 2, 3]


def test_a_log_that_cannot_be_written_shows_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with log_to(tmp_path / "missing" / "log.txt"):
        logging.getLogger("test").warning("lost")
    assert capsys.readouterr().err == ""


def test_a_process_killed_while_it_makes_a_run_leaves_its_name_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path, value: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("mnist_tui.store.new_run.write_json", killed)
        patch.setattr(shutil, "rmtree", lambda *args, **rest: None)
        with pytest.raises(KeyboardInterrupt):
            create_run(tmp_path, "a", TrainConfig())
    assert list_runs(tmp_path) == []
    check_place(tmp_path, "a")
    assert create_run(tmp_path, "a", TrainConfig()).read_config() == TrainConfig()
    with pytest.raises(UsageError, match="already"):
        create_run(tmp_path, "a", TrainConfig())


def test_what_a_killed_process_was_writing_is_deleted_by_the_next(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    half = run.checkpoints / ".last.pt-0123456789ab"
    half.write_bytes(b"half")
    mine = run.checkpoints / ".mine"
    mine.write_bytes(b"")
    with run.lock.hold():
        pass
    assert not half.exists()
    assert mine.exists()


def test_rows_ahead_of_the_last_checkpoint_do_not_make_a_run_finished(
    few_digits: Path, tmp_path: Path
) -> None:
    run = train(few_config(few_digits), tmp_path, "a", on_event=stop_in_second_epoch)
    assert run.ended.state is State.STOPPED
    [row] = read_lines(run.directory.metrics)
    # As after a kill between the row of the last epoch and its checkpoint.
    write_lines(run.directory.metrics, [row, {**row, "epoch": 2}])
    write_json(run.directory.status, {"state": "running"})
    done = run_command("resume", run.directory.path, "--headless")
    assert done.code == 0
    assert run.directory.is_over(2)
    assert read_checkpoint(run.directory.last).global_batch == 22


def test_a_loss_that_is_no_number_can_be_listed(tmp_path: Path) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    losses = (1, nan), (2, 9.0)
    rows = [epoch_row(epoch, val_accuracy=0.1, val_loss=loss) for epoch, loss in losses]
    write_lines(run.metrics, [asdict(row) for row in rows])
    [listed] = list_runs(tmp_path)
    assert listed.best_epoch == 2


def test_weights_broken_by_an_epochs_last_step_make_no_row(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Learner.train

    def breaking(self: Learner, start: int, rates: Sequence[float]) -> None:
        real(self, start, rates)
        if start == 10:
            next(iter(self.model.parameters())).data.fill_(float("nan"))

    monkeypatch.setattr(Learner, "train", breaking)
    run = train(few_config(few_digits), tmp_path, "a")
    assert run.ended.state is State.FAILED
    assert "after batch 11 of epoch 1" in run.ended.message
    assert not run.of(EpochFinished)


def test_a_writer_that_runs_out_of_memory_lives_on(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(self: Checkpoint) -> bytes:
        raise MemoryError

    monkeypatch.setattr(Checkpoint, "to_bytes", too_large)
    run = train(few_config(few_digits), tmp_path, "a")
    assert run.ended.state is State.FINISHED
    assert (run.ended.saved, run.ended.exit_code) == (False, 1)
    assert "last.pt" in run.ended.hint or "best.pt" in run.ended.hint
    assert "MemoryError" in run.of(SaveFailed)[0].message


def test_a_run_whose_directory_is_deleted_makes_it_again(few_digits: Path, tmp_path: Path) -> None:
    def delete(run: RecordedRun, event: Event) -> None:
        if isinstance(event, CheckpointSaved) and event.reason == "best" and not deleted:
            shutil.rmtree(run.directory.path)
            deleted.append(run.directory.path)

    deleted: list[Path] = []
    run = train(few_config(few_digits, epochs=4), tmp_path, "a", on_event=delete)
    assert deleted
    assert run.ended.saved
    assert any("deleted" in event.message for event in run.of(Warned))
    assert run.directory.read_config().epochs == 4
    assert [row["epoch"] for row in read_lines(run.directory.metrics)] == [1, 2, 3, 4]


def test_a_broken_last_checkpoint_is_answered_with_the_command_that_goes_on(
    few_digits: Path, tmp_path: Path
) -> None:
    run = train(few_config(few_digits), tmp_path, "a").directory
    run.last.write_bytes(b"broken")
    done = run_command("resume", run.path, "--headless", "--epochs", 3)
    assert_refused(done, 4, "last.pt", f"mnist-tui resume {run.path} --checkpoint best.pt")
    best = read_checkpoint(run.best)
    again = run_command("resume", run.path, "--headless", "--checkpoint", "best.pt")
    assert again.code == 0, again
    assert best.epoch > 1
    assert read_checkpoint(run.last).global_batch == 22
    assert [row["epoch"] for row in read_lines(run.metrics)] == [1, 2]


@pytest.mark.parametrize(
    ("name", "instead"),
    [("step-7.pt", "last.pt"), ("../a/config.json", "those are in"), ("none", "last.pt")],
)
def test_a_checkpoint_that_the_run_has_not_is_refused(
    name: str, instead: str, few_digits: Path, tmp_path: Path
) -> None:
    run = train(few_config(few_digits), tmp_path, "a").directory
    done = run_command("resume", run.path, "--headless", "--checkpoint", name)
    assert_refused(done, 4, Path(name).name, instead)


def test_a_checkpoint_of_another_run_is_refused(few_digits: Path, tmp_path: Path) -> None:
    run = train(few_config(few_digits, epochs=1), tmp_path, "a").directory
    other = train(few_config(few_digits, epochs=1, seed=5), tmp_path, "b").directory
    shutil.copy(other.last, run.last)
    done = run_command("resume", run.path, "--headless", "--epochs", 2)
    assert_refused(done, 4, "belongs to another run", "its seed is 5, not 0")


def test_resume_with_another_learning_rate_takes_it_from_its_first_batch(
    few_digits: Path, tmp_path: Path
) -> None:
    train(few_config(few_digits), tmp_path, "a", on_event=stop_in_second_epoch)
    before = read_checkpoint(RunDirectory(tmp_path / "a").last)
    resumed = resume(tmp_path, "a", {"lr": 0.025})
    [change] = resumed.of(LearningRateChanged)
    assert (change.lr, change.previous) == (pytest.approx(0.025), pytest.approx(0.05))
    assert change.global_batch == before.global_batch
    after = read_checkpoint(resumed.directory.last)
    assert after.lr_scale == pytest.approx(0.5)
    assert after.config.lr == 0.05


def test_files_are_made_without_touching_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It belongs to the whole process: what another thread makes meanwhile would be for all.
    def touched(mask: int) -> int:
        raise AssertionError("the umask was changed")

    monkeypatch.setattr(os, "umask", touched)
    write_json(tmp_path / "file", {})
    assert json.loads((tmp_path / "file").read_text()) == {}
    assert not re.search(r"\.file", str(list(tmp_path.iterdir())))


@pytest.mark.asyncio
async def test_a_screen_that_another_one_covers_is_not_closed_in_its_place() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("e", "ctrl+p")
        await stage.until(lambda: isinstance(stage.app.screen, CommandPalette), "the palette")
        form = stage.app.screen_stack[-2]
        assert isinstance(form, SettingsScreen)
        for _ in range(2):
            form.dismiss()
        assert isinstance(stage.app.screen, CommandPalette)
        await stage.pilot.press("escape")
        await stage.until(lambda: stage.app.screen is form, "the form")


@pytest.mark.asyncio
async def test_a_screen_that_is_closed_twice_opens_again() -> None:
    async with on_stage() as stage:
        dashboard = stage.app.screen
        for _ in range(2):
            await stage.pilot.press("i")
            await stage.until(lambda: isinstance(stage.app.screen, InsightScreen), "what it knows")
            screen = stage.app.screen
            assert isinstance(screen, InsightScreen)
            for _ in range(2):
                await screen.action_back()
            await stage.until(lambda: stage.app.screen is dashboard, "the dashboard")


@pytest.mark.asyncio
async def test_a_pane_that_is_gone_may_be_asked_to_show_itself() -> None:
    async with on_stage() as stage:
        await stage.pilot.press("i", "4")
        await stage.until(lambda: stage.app.screen.query(InsidePane), "the pane")
        pane = stage.app.screen.query_exactly_one(InsidePane)
        await stage.pilot.press("1")
        await stage.until(lambda: not pane.is_attached, "another pane")
        pane.show_results(insight_of(1))


@pytest.mark.asyncio
async def test_a_pane_is_requested_before_the_screen_is_mounted_or_after_it_is_closed() -> None:
    memory = InsightMemory()
    async with on_stage() as stage:
        screen = InsightScreen(stage.app.run_controller, memory, lambda _: None)
        await screen.show_pane("Draw")
        stage.app.push_screen(screen)
        await stage.until(lambda: screen.query("DrawPane"), "the pane")
        screen.dismiss()
        await stage.until(lambda: not screen.is_attached, "its end")
        await screen.show_pane("Data")
    assert memory.title == "Data"


@pytest.mark.asyncio
async def test_the_palette_and_the_dialogs_open_however_narrow_the_terminal_is() -> None:
    async with on_stage() as stage:
        await stage.start()
        for width in (6, 5, 3, 1):
            await stage.pilot.resize_terminal(width, 19)
            for key, kind in (("ctrl+p", CommandPalette), ("q", QuitDialog)):
                await stage.pilot.press(key)
                await stage.until(lambda kind=kind: isinstance(stage.app.screen, kind), key)
                options = stage.app.screen.query_exactly_one(OptionList)
                await stage.until(lambda options=options: options.option_count, "options")
                await stage.pilot.press("escape")
                await stage.until(lambda: isinstance(stage.app.screen, Dashboard), "the dashboard")
