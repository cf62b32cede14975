"""The screen of all runs, under a pilot."""

import json
from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input

from mnist_tui.run.events import HandOverFailed
from mnist_tui.run.plan import AttachedRun, NewRun, ResumedRun, ShownRun
from mnist_tui.run.requests import Detach, Stop
from mnist_tui.store.comparison import MOST
from mnist_tui.store.directory import RunDirectory
from mnist_tui.tui.runs.screen import RunsScreen
from mnist_tui.tui.screens.question import TextEntry
from mnist_tui.tui.terminal.input import TerminalInput
from tests.tui.app_harness import Stage, on_stage
from tests.tui.runs.written_runs import write_run


@pytest.fixture
def runs_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    write_run(folder, "first", [0.5, 0.4], updated=1_700_000_003.0)
    write_run(folder, "lab/second", [0.3], updated=1_700_000_002.0, lr=0.1, state="failed")
    write_run(folder, "third", [], updated=1_700_000_001.0)
    return folder


async def opened(stage: Stage) -> RunsScreen:
    await stage.pilot.press("r")
    await stage.until(lambda: isinstance(stage.app.screen, RunsScreen), "the runs")
    await stage.until(lambda: "reading" not in stage.text and "third" in stage.text, "all runs")
    screen = stage.app.screen
    assert isinstance(screen, RunsScreen)
    return screen


def shown(stage: Stage) -> list[str]:
    """The names in the table, in order."""
    first_words = [(line.split() or [""])[0] for line in stage.text.splitlines()]
    return [word for word in first_words if word in ("first", "lab/second", "third", "renamed")]


async def test_all_runs_are_listed_the_newest_first(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        assert shown(stage) == ["first", "lab/second", "third"]
        assert "96.00 %" in stage.text
        assert "tutorial · " in stage.text
        assert "epoch 2 of 19 · best 96.00 % in epoch 2 · validation loss 0.4000" in stage.text
        await stage.pilot.press("down")
        await stage.sees("sgd, learning rate 0.1")
        await stage.pilot.press("escape")
        await stage.sees("press space to start")


@pytest.mark.slow
async def test_the_table_is_sorted_by_keys_and_filtered_as_one_types(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        await stage.pilot.press("O")
        await stage.until(lambda: shown(stage) == ["third", "lab/second", "first"], "reversed")
        await stage.pilot.press("slash", "l", "r", "greater_than_sign", "0", "full_stop", "0", "5")
        await stage.until(lambda: shown(stage) == ["lab/second"], "the filtered run")
        assert "1 of 3 runs" in stage.text
        await stage.pilot.press("escape")
        await stage.until(lambda: len(shown(stage)) == 3, "all runs again")


@pytest.mark.slow
async def test_a_filter_shows_examples_and_says_what_it_does_not_understand(
    runs_dir: Path,
) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir), size=(80, 24)) as stage:
        screen = await opened(stage)
        await stage.pilot.press("slash")
        await stage.sees("filter: words, lr<0.01, accuracy>98, data:fashion, tag:demo")
        screen.query_one(Input).value = "lr<abc"
        await stage.sees("lr<abc: abc is not a number")
        screen.query_one(Input).value = "nowhere"
        await stage.sees("No run matches.")


@pytest.mark.slow
async def test_the_column_that_is_sorted_by_is_in_sight(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir), size=(80, 24)) as stage:
        await opened(stage)
        for heading in ("loss", "lr", "optimiz", "bat", "seed"):
            await stage.pilot.press("o")
            await stage.sees(f"▴{heading}")
        for _ in range(6):
            await stage.pilot.press("o")
        await stage.sees("▴name")
        await stage.sees("state")
        await stage.pilot.press("o")
        await stage.sees("▴state")


async def test_letters_typed_right_after_the_filters_key_are_its(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        screen = await opened(stage)
        for key, character in (("slash", "/"), ("l", "l"), ("r", "r")):
            stage.app.post_message(Key(key, character))
        await stage.until(lambda: screen.query_one(Input).value == "lr", "what was typed")
        assert stage.app.screen is screen


@pytest.mark.parametrize("typed", [("/lr>0.05 sgd\r",), ("/", "lr>0.05 sgd")])
async def test_what_is_typed_at_once_with_the_filters_key_is_its(
    runs_dir: Path, typed: tuple[str, ...]
) -> None:
    terminal = TerminalInput()
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        screen = await opened(stage)
        for text in typed:
            for message in terminal.feed(text.encode()):
                stage.app.post_message(message)
        await stage.until(lambda: shown(stage) == ["lab/second"], "the filtered run")
        assert screen.query_one(Input).value == "lr>0.05 sgd"


async def test_a_click_sorts_by_a_heading_and_moves_the_cursor(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        heading = stage.text.splitlines()[1]
        await stage.pilot.click("RunTable", offset=(heading.index("name"), 0))
        await stage.until(lambda: shown(stage) == ["first", "lab/second", "third"], "by name")
        await stage.pilot.click("RunTable", offset=(5, 3))
        await stage.sees("no epoch yet")
        assert isinstance(stage.app.screen, RunsScreen), "a click opens nothing"


async def test_enter_shows_a_run_in_the_dashboard(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        await stage.pilot.press("down", "enter")
        await stage.until(lambda: stage.runners, "a runner")
        plan = stage.runner.plan
        assert isinstance(plan, ShownRun)
        assert (plan.name, plan.runs_dir, plan.config.lr) == ("lab/second", runs_dir, 0.1)
        assert not isinstance(stage.app.screen, RunsScreen)


async def test_enter_attaches_to_a_live_run(runs_dir: Path) -> None:
    path = write_run(runs_dir, "renamed", [0.5], state="running", updated=1_800_000_000.0)
    with RunDirectory(path).lock.hold():
        async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
            await opened(stage)
            await stage.pilot.press("enter")
            await stage.until(lambda: stage.runners, "a runner")
            assert isinstance(stage.runner.plan, AttachedRun)


async def test_another_run_is_opened_in_place_of_an_attached_one(runs_dir: Path) -> None:
    attached = AttachedRun(name="third", runs_dir=runs_dir)
    async with on_stage(plan=attached, start=True) as stage:
        await stage.until(lambda: stage.runners and stage.runner.is_alive, "the attached run")
        stage.runner.outlives_viewer = True  # type: ignore[misc]
        stage.runner.prepare()
        await opened(stage)
        await stage.pilot.press("home", "enter")
        await stage.until(lambda: len(stage.runners) == 2, "the other run")
        assert stage.runner.plan.name == "first"
        await stage.until(lambda: stage.app.run_controller.is_busy, "the other run's thread")
        # What the run says that was left does not reach the dashboard any more.
        stage.runners[0].finish()
        await stage.pilot.pause()
        assert stage.app.run_controller.log.ended is None


@pytest.mark.slow
async def test_a_run_that_trains_here_is_ended_before_another_is_opened(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await stage.start()
        await opened(stage)
        await stage.pilot.press("down", "enter")
        await stage.sees("Open lab/second?")
        await stage.pilot.press("escape")
        assert isinstance(stage.app.screen, RunsScreen)
        await stage.pilot.press("enter", "s")
        await stage.until(lambda: len(stage.runners) == 2, "the other run")
        assert isinstance(stage.runners[0].requests[-1], Stop)
        assert stage.runner.plan.name == "lab/second"
        assert not isinstance(stage.app.screen, RunsScreen)


@pytest.mark.slow
async def test_a_run_that_trains_here_is_left_running_before_another_is_opened(
    runs_dir: Path,
) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        runner = await stage.start()
        await opened(stage)
        await stage.pilot.press("enter", "l")
        await stage.until(lambda: runner.requests, "a request")
        assert isinstance(runner.requests[-1], Detach)
        await stage.sees("Pause")
        assert len(stage.runners) == 1, "it trains on until the other process has it"
        runner.go_on_elsewhere()
        await stage.until(lambda: len(stage.runners) == 2, "the other run")
        assert stage.runner.plan.name == "first"
        await stage.sees("goes on without this dashboard")


@pytest.mark.slow
async def test_a_run_that_cannot_be_left_stays_in_the_dashboard(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        runner = await stage.start()
        await opened(stage)
        await stage.pilot.press("enter", "l")
        runner.emit(HandOverFailed(message="it could not be started"))
        await stage.sees("it could not be started")
        runner.finish()
        await stage.until(lambda: "New run" in stage.footer, "its end")
        assert len(stage.runners) == 1


@pytest.mark.slow
async def test_g_trains_a_run_of_the_list_for_the_epochs_asked_for(runs_dir: Path) -> None:
    (runs_dir / "lab/second/checkpoints/last.pt").write_bytes(b"")
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        await stage.pilot.press("g")
        await stage.sees("first has no checkpoint to train on from")
        await stage.pilot.press("down", "g")
        await stage.sees("lab/second has trained 1 of 19 epochs")
        await stage.pilot.press("backspace", "backspace", *"30", "enter")
        await stage.until(lambda: stage.runners, "a runner")
        plan = stage.runner.plan
        assert isinstance(plan, ResumedRun)
        assert (plan.name, plan.overrides) == ("lab/second", {"epochs": 30})
        assert (plan.config.lr, plan.config.epochs) == (0.1, 30)


async def test_a_list_without_runs_offers_nothing_to_do_with_them(tmp_path: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=tmp_path), size=(140, 40)) as stage:
        await stage.pilot.press("r")
        await stage.sees("0 runs")
        await stage.sees("No run yet: esc, then space starts one.")
        for what in ("Open", "Mark", "Compare", "Filter", "Train on", "Delete", "Sort"):
            assert what not in stage.footer


async def test_the_footer_names_the_most_important_keys_first(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        first = "esc Back  ⏎ Open  space Mark  / Filter  g Train on  D Delete"
        assert stage.footer.strip().startswith(first)


@pytest.mark.slow
async def test_a_run_is_renamed_tagged_and_noted(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        await stage.pilot.press("t", *"keep,", "space", *"May,now", "enter")
        await stage.sees("#keep #May #now")
        await stage.pilot.press("n", *"good", "enter")
        await stage.sees("#keep #May #now  good")
        await stage.pilot.press("R", *["backspace"] * 5, *"renamed", "enter")
        await stage.until(lambda: shown(stage)[:1] == ["renamed"], "the new name")
        labels = json.loads((runs_dir / "renamed/labels.json").read_text())
        assert labels == {"tags": ["keep", "May", "now"], "note": "good"}


@pytest.mark.parametrize("name", ["a/b", ".", "..", "-a"])
async def test_a_name_that_cannot_be_one_is_refused(runs_dir: Path, name: str) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        before = shown(stage)
        await stage.pilot.press("R")
        await stage.until(lambda: stage.app.screen.query(Input), "the question")
        stage.app.screen.query_one(Input).value = name
        await stage.pilot.press("enter")
        await stage.sees("cannot be a folder's name")
        assert shown(stage) == before


@pytest.mark.parametrize("size", [(80, 24), (50, 12)])
async def test_a_refused_name_stays_to_be_mended_with_all_of_the_reason(
    runs_dir: Path, size: tuple[int, int]
) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir), size=size) as stage:
        await opened(stage)
        await stage.pilot.press("R", *["backspace"] * 5, *"third", "enter")
        await stage.until(lambda: isinstance(stage.app.screen, TextEntry), "the question")
        assert stage.app.screen.query_one(Input).value == "third"
        said = " ".join(stage.text.replace("│", " ").split())
        assert "third is already in" in said
        assert "choose another name, or resume it" in said
        await stage.pilot.press("x", "enter")
        await stage.until(lambda: (runs_dir / "thirdx").exists(), "the new name")
        await stage.until(lambda: isinstance(stage.app.screen, RunsScreen), "no question")


@pytest.mark.slow
async def test_a_run_is_deleted_after_a_question_and_brought_back(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        await stage.pilot.press("D")
        await stage.sees("Delete this run?")
        await stage.pilot.press("escape")
        assert (runs_dir / "first").exists()
        await stage.pilot.press("D")
        await stage.sees("2 epochs, 0 checkpoints")
        await stage.pilot.press("D")
        await stage.until(lambda: shown(stage) == ["lab/second", "third"], "one run less")
        assert not (runs_dir / "first").exists()
        await stage.pilot.press("u")
        await stage.until(lambda: len(shown(stage)) == 3, "the run again")
        assert (runs_dir / "first/metrics.jsonl").exists()


@pytest.mark.slow
async def test_a_run_whose_name_was_taken_meanwhile_is_brought_back_later(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        await stage.pilot.press("D")
        await stage.sees("Delete this run?")
        await stage.pilot.press("D")
        await stage.until(lambda: shown(stage) == ["lab/second", "third"], "one run less")
        other = write_run(runs_dir, "first", [0.9])
        await stage.pilot.press("u")
        await stage.sees("rename that one first")
        other.rename(runs_dir / "renamed")
        await stage.pilot.press("u")
        await stage.until(lambda: len(shown(stage)) == 4, "the run again")
        assert (runs_dir / "first/metrics.jsonl").exists()


async def test_a_live_run_is_not_deleted(runs_dir: Path) -> None:
    path = write_run(runs_dir, "renamed", [0.5], state="running", updated=1_800_000_000.0)
    with RunDirectory(path).lock.hold():
        async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
            await opened(stage)
            await stage.pilot.press("D")
            await stage.sees("renamed is live: stop it first")
    assert path.exists()


async def test_at_most_eight_runs_are_marked(runs_dir: Path) -> None:
    for number in range(MOST + 1):
        write_run(runs_dir, f"more{number}", [0.5], updated=1_800_000_000.0 - number)
    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        await stage.pilot.press(*["space"] * (MOST + 1))
        await stage.sees("8 runs are the most that can be compared")
        numbers = [line.split()[0] for line in stage.text.splitlines()[2:10]]
        assert numbers == list("12345678")


@pytest.mark.slow
async def test_a_marked_run_keeps_its_number_when_others_are_marked_no_more(
    runs_dir: Path,
) -> None:
    def numbers() -> dict[str, str]:
        lines = [line.split() for line in stage.text.splitlines()[2:5]]
        return {words[1]: words[0] for words in lines if words[0].isdigit()}

    async with on_stage(plan=NewRun(runs_dir=runs_dir)) as stage:
        await opened(stage)
        await stage.pilot.press("space", "space", "space")
        await stage.until(lambda: len(numbers()) == 3, "three marks")
        await stage.pilot.press("home", "space")
        await stage.until(lambda: numbers() == {"lab/second": "2", "third": "3"}, "two marks")
        await stage.pilot.press("escape", "r")
        await stage.until(lambda: numbers() == {"lab/second": "2", "third": "3"}, "the same marks")


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (40, 12)])
async def test_it_fits_any_terminal(runs_dir: Path, size: tuple[int, int]) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir), size=size) as stage:
        await opened(stage)
        assert "first" in stage.text
        assert "esc Back" in stage.footer


async def test_the_dashboard_can_begin_with_all_runs(runs_dir: Path) -> None:
    async with on_stage(plan=NewRun(runs_dir=runs_dir), opens_runs=True) as stage:
        await stage.until(lambda: isinstance(stage.app.screen, RunsScreen), "the runs")
        await stage.sees("lab/second")
