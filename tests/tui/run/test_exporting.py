"""Exports from the dashboard, by the command in a process of its own."""

from pathlib import Path

import pytest

from mnist_tui.run.plan import NewRun
from mnist_tui.tui.run.exporting import FORMATS
from mnist_tui.tui.runs.screen import RunsScreen
from tests.tui.app_harness import Stage, on_stage
from tests.tui.runs.written_runs import write_run


async def choose(stage: Stage, key: str) -> None:
    """Open the list of runs, and choose a format for the first one."""
    await stage.pilot.press("r")
    await stage.until(lambda: isinstance(stage.app.screen, RunsScreen), "the runs")
    await stage.sees("a  ")
    await stage.pilot.press("x")
    await stage.sees("In which format?")
    await stage.pilot.press(key)


@pytest.mark.slow
async def test_a_run_of_the_list_is_written_as_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs", "a", [0.5, 0.4])
    async with on_stage(plan=NewRun(runs_dir=tmp_path / "runs")) as stage:
        await choose(stage, "1")
        await stage.sees("CSV: the curves as tables")
        await stage.pilot.press("enter")
        await stage.sees("written: a-csv")
    assert (tmp_path / "a-csv/epochs.csv").read_text().count("\n") == 3


def test_a_home_that_nobody_has_is_part_of_the_name_while_it_is_typed() -> None:
    assert FORMATS["3"].problem("~nobody-of-that-name/a.png") is None


@pytest.mark.slow
async def test_what_goes_wrong_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "runs", "a", [0.5])
    (tmp_path / "a.onnx").write_text("")
    async with on_stage(plan=NewRun(runs_dir=tmp_path / "runs")) as stage:
        await choose(stage, "5")
        await stage.sees("a.onnx is already there")
        await stage.pilot.press("escape")
        await choose_again(stage)
        await stage.sees("run a has no checkpoint last.pt")


async def choose_again(stage: Stage) -> None:
    """Ask for the weights, in a file that is proposed."""
    await stage.pilot.press("x", "6")
    await stage.sees("safetensors: the weights")
    await stage.pilot.press("enter")


@pytest.mark.slow
async def test_the_palette_exports_the_run_that_is_shown() -> None:
    async with on_stage() as stage:
        assert not stage.app.check_action("export", ())
        await stage.start()
        await stage.pilot.press("ctrl+p", *"export")
        await stage.sees("CSV, TensorBoard, PNG")
        await stage.pilot.press("down", "enter")
        await stage.sees("Export 20260102-030405-tutorial")


@pytest.mark.slow
async def test_a_run_is_exported_to_the_home_folder_after_the_current_one_was_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, gone = tmp_path / "home", tmp_path / "gone"
    for folder in (home, gone):
        folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(gone)
    gone.rmdir()
    write_run(tmp_path / "runs", "a", [0.5, 0.4])
    async with on_stage(plan=NewRun(runs_dir=tmp_path / "runs")) as stage:
        await choose(stage, "1")
        await stage.sees("has been deleted.")
        await stage.pilot.press("enter")
        await stage.sees("written: ")
    assert (home / "a-csv/epochs.csv").exists()
