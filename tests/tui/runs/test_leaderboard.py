"""A sweep as a leaderboard, under a pilot."""

from pathlib import Path

import pytest

from mnist_tui.run.plan import AttachedRun, NewRun, ShownRun
from mnist_tui.store.directory import RunDirectory
from mnist_tui.sweep.grid import Grid
from mnist_tui.sweep.record import SweepFolder
from mnist_tui.tui.runs.compare_screen import CompareScreen
from mnist_tui.tui.runs.leaderboard import LeaderboardScreen, describe_counts
from mnist_tui.tui.runs.reader import SweepReader
from mnist_tui.tui.runs.screen import RunsScreen
from tests.sweep.written_sweeps import write_half_a_sweep, write_sweep, write_trial
from tests.tui.app_harness import Stage, on_stage


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return write_half_a_sweep(tmp_path / "runs")


def plan(folder: SweepFolder) -> NewRun:
    return NewRun(runs_dir=folder.path.parent)


async def opened(stage: Stage) -> None:
    await stage.until(lambda: isinstance(stage.app.screen, LeaderboardScreen), "the board")
    await stage.sees("0.001")


def first_words(stage: Stage, words: int = 2) -> list[str]:
    """How the lines of the board begin."""
    return [" ".join(line.split()[:words]) for line in stage.text.splitlines()[2:14]]


@pytest.mark.slow
async def test_a_sweep_stands_in_groups_with_mean_and_spread(folder: SweepFolder) -> None:
    async with on_stage(plan=plan(folder), opens_sweep=folder) as stage:
        await opened(stage)
        assert first_words(stage) == [
            "1 0.1", "seed 0", "seed 1", "seed 2",
            "2 0.01", "seed 0", "seed 1", "seed 2",
            "3 0.001", "seed 0", "seed 1", "seed 2",
        ]  # fmt: skip
        assert "98.60 % ± 0.28" in stage.text
        assert "96.90 % ± 0.36" in stage.text
        assert "mean and standard deviation of 2 of 3 runs so far" in " ".join(stage.text.split())
        await stage.pilot.press("down", "down", "down")
        await stage.sees("lr=0.1,seed=2 failed: the loss is not a number")
        await stage.pilot.press("g")
        await stage.until(
            lambda: first_words(stage)[:3] == ["1 0.1", "2 0.01", "3 0.001"], "groups"
        )


def test_each_run_is_counted_in_the_state_that_its_line_has(folder: SweepFolder) -> None:
    counts = describe_counts(SweepReader(folder, lambda found: None).look())
    assert counts == (
        "9 runs",
        "4 finished",
        "1 failed",
        "2 waiting",
        "1 stopped",
        "1 interrupted",
        "nobody trains it",
    )


async def test_a_group_with_one_result_has_no_deviation(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "runs")
    write_trial(folder, "lr=0.1,seed=1", [0.3], "stopped")
    async with on_stage(plan=plan(folder), opens_sweep=folder) as stage:
        await opened(stage)
        said = "lr 0.1: best validation accuracy 97.00 % in epoch 1 with seed 1, 1 of 3 runs so far"
        await stage.until(lambda: said in " ".join(stage.text.split()), said)


@pytest.mark.slow
async def test_the_order_follows_the_runs_and_the_cursor_stays_on_its_line(
    folder: SweepFolder,
) -> None:
    async with on_stage(plan=plan(folder), opens_sweep=folder) as stage:
        await opened(stage)
        await stage.pilot.press("g", "down", "down")
        write_trial(folder, "lr=0.001,seed=1", [0.05], "finished")
        write_trial(folder, "lr=0.001,seed=2", [0.05], "finished")
        (folder.path / "lr=0.001,seed=0" / "metrics.jsonl").unlink()
        await stage.until(lambda: first_words(stage)[0] == "1 0.001", "the new first")
        await stage.sees("lr 0.001: best validation accuracy")


async def test_enter_opens_a_run_in_the_dashboard(folder: SweepFolder) -> None:
    async with on_stage(plan=plan(folder), opens_sweep=folder) as stage:
        await opened(stage)
        await stage.pilot.press("down", "enter")
        await stage.until(lambda: stage.runners, "a runner")
        opened_plan = stage.runner.plan
        assert isinstance(opened_plan, ShownRun)
        assert (opened_plan.name, opened_plan.runs_dir) == (
            "rates/lr=0.1,seed=0",
            folder.path.parent,
        )
        await stage.until(lambda: len(stage.app.screen_stack) == 1, "the dashboard")


@pytest.mark.slow
async def test_enter_attaches_to_a_live_run_of_a_sweep(folder: SweepFolder) -> None:
    path = write_trial(folder, "lr=0.001,seed=1", [2.0], "running")
    with RunDirectory(path).lock.hold():
        async with on_stage(plan=plan(folder), opens_sweep=folder) as stage:
            await opened(stage)
            await stage.sees("1 training")
            await stage.pilot.press("end", "up", "enter")
            await stage.until(lambda: stage.runners, "a runner")
            assert isinstance(stage.runner.plan, AttachedRun)


async def test_enter_on_a_group_without_an_epoch_opens_the_run_that_has_begun(
    tmp_path: Path,
) -> None:
    folder = write_sweep(tmp_path / "runs")
    path = write_trial(folder, "lr=0.1,seed=1", [], "running")
    with RunDirectory(path).lock.hold():
        async with on_stage(plan=plan(folder), opens_sweep=folder) as stage:
            await opened(stage)
            await stage.sees("1 training")
            await stage.pilot.press("enter")
            await stage.until(lambda: stage.runners, "a runner")
            assert isinstance(stage.runner.plan, AttachedRun)


@pytest.mark.slow
async def test_the_best_of_each_group_are_compared(folder: SweepFolder) -> None:
    async with on_stage(plan=plan(folder), opens_sweep=folder) as stage:
        await opened(stage)
        await stage.pilot.press("c")
        await stage.until(lambda: isinstance(stage.app.screen, CompareScreen), "the comparison")
        for name in ("lr=0.1,seed=0", "lr=0.01,seed=1", "lr=0.001,seed=0"):
            await stage.sees(name)


@pytest.mark.slow
async def test_only_what_can_be_done_is_offered(folder: SweepFolder) -> None:
    async with on_stage(plan=plan(folder), opens_sweep=folder) as stage:
        await opened(stage)
        await stage.until(lambda: "Resume" in stage.footer, "resuming")
        assert "Stop" not in stage.footer
        assert "Leave" not in stage.footer
        with folder.lock():
            await stage.until(lambda: "x Stop" in stage.footer, "stopping")
            assert "Resume" not in stage.footer
            assert "q Leave it running" in stage.footer
            await stage.pilot.press("x")
            await stage.sees("Stop this sweep?")
            await stage.pilot.press("escape")


@pytest.mark.slow
async def test_a_sweep_is_resumed_where_its_command_had_it_trained(folder: SweepFolder) -> None:
    again = SweepFolder(folder.path, {"ray": "127.0.0.1:1"})
    async with on_stage(plan=plan(folder), opens_sweep=again, size=(160, 40)) as stage:
        await opened(stage)
        await stage.pilot.press("space")
        await stage.until(
            lambda: (
                "the Ray cluster at 127.0.0.1:1 does not answer" in stage.text
                or "ray is not installed" in stage.text
            ),
            "why Ray does not train it",
        )


@pytest.mark.slow
async def test_the_list_of_runs_leads_to_the_sweep_and_back(folder: SweepFolder) -> None:
    async with on_stage(plan=plan(folder)) as stage:
        await stage.pilot.press("r")
        await stage.sees("rates/lr=0")
        await stage.pilot.press("l")
        await opened(stage)
        await stage.pilot.press("escape")
        await stage.until(lambda: isinstance(stage.app.screen, RunsScreen), "all runs")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (140, 40), (40, 12)])
async def test_the_board_fits_any_terminal(folder: SweepFolder, size: tuple[int, int]) -> None:
    async with on_stage(plan=plan(folder), opens_sweep=folder, size=size) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, LeaderboardScreen), "the board")
        await stage.sees("98.60 %")
        assert "esc Back" in stage.footer


@pytest.mark.parametrize(
    ("columns", "heading", "first"),
    [
        (50, "recipe lr ▾mean ± dev runs", "1 fast 0.025 98.00 % 1/1"),
        (64, "recipe lr ▾mean ± dev runs state", "1 fast 0.025 98.00 % 1/1 finished"),
        (
            75,
            "recipe lr ▾mean ± dev runs trained state",
            "1 fast 0.025 98.00 % 1/1 ━━━━━━━━━━ finished",
        ),
    ],
)
async def test_progress_and_state_give_way_before_the_values_are_cut(
    tmp_path: Path, columns: int, heading: str, first: str
) -> None:
    folder = write_sweep(
        tmp_path / "runs", grid=Grid({"recipe": ("fast", "tutorial"), "lr": (0.1, 0.025)})
    )
    write_trial(folder, "recipe=fast,lr=0.025", [0.2], "finished")
    async with on_stage(plan=plan(folder), opens_sweep=folder, size=(columns, 12)) as stage:
        await stage.sees("1/1")
        lines = [" ".join(line.split()) for line in stage.text.splitlines()[1:3]]
        assert lines == [heading, first]
