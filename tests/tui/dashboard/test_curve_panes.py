"""The keys of the charts in the whole dashboard, and the run that is compared with."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.run.history import LossHistory
from mnist_tui.run.plan import NewRun
from mnist_tui.store.history_file import BatchCurves, history_bytes
from mnist_tui.tui.charts import Chart, ChartData
from mnist_tui.tui.dashboard.previous_run import find_previous
from tests.run.values import epoch_row
from tests.tui.app_harness import Stage, on_stage


def chart(stage: Stage, name: str) -> Chart:
    return stage.app.screen.query_one(f"#{name}", Chart)


def data(stage: Stage, name: str) -> ChartData:
    return chart(stage, name).data


def shows_newest(stage: Stage) -> bool:
    return stage.app.dashboard.progress == stage.runner.session.progress


def names(stage: Stage, name: str) -> list[str]:
    return [series.name for series in data(stage, name).series]


async def train(stage: Stage, epochs: int = 2) -> None:
    """Train whole epochs and a part of the next."""
    for _ in range(epochs):
        stage.runner.train(1875)
        await stage.until(lambda: shows_newest(stage), "a look")
        stage.runner.finish_epoch()
    stage.runner.train(500)
    await stage.until(lambda: shows_newest(stage), "a look")
    await stage.until(lambda: len(stage.app.run_controller.log.rows) == epochs, "the rows")
    await stage.until(lambda: data(stage, "batches").series, "batches")


@pytest.mark.slow
async def test_b_turns_the_x_axis_of_the_chart_in_focus() -> None:
    async with on_stage((140, 40)) as stage:
        await stage.start()
        await train(stage)
        await stage.pilot.press("1", "b")
        assert data(stage, "loss").series[0].xs == (1875, 3750)
        assert data(stage, "accuracy").x_label == "batch"
        assert data(stage, "batches").x_label == "batch"
        await stage.pilot.press("b")
        assert data(stage, "loss").series[0].xs == (12.4, 24.9)
        await stage.pilot.press("3", "b")
        assert data(stage, "batches").x_label == "time"
        await stage.pilot.press("b")
        assert data(stage, "batches").x_label == "epoch"
        assert data(stage, "loss").x_label == "time"


@pytest.mark.slow
async def test_the_batches_are_plotted_at_their_times() -> None:
    async with on_stage((140, 40)) as stage:
        await stage.start()
        await train(stage)
        await stage.pilot.press("3", "b")
        envelope = data(stage, "batches").series[-1]
        assert abs(envelope.xs[-1] - 0.0065 * 4250) < 0.5


@pytest.mark.slow
async def test_the_keys_reach_the_chart_in_sight_from_another_pane() -> None:
    async with on_stage((140, 40)) as stage:
        await stage.start()
        await train(stage)
        await stage.pilot.press("1", "4", "l", "plus")
        assert chart(stage, "loss").view.is_log
        await stage.pilot.press("0", "l")
        assert not chart(stage, "loss").view.is_log
        await stage.pilot.press("3", "5", "plus")
        assert chart(stage, "batches").view.window is not None
        await stage.pilot.press("minus", "minus")
        assert chart(stage, "batches").view.window is None
        await stage.pilot.press("c", "m")
        assert chart(stage, "batches").cursor is not None
        assert data(stage, "batches").note == "smoothing 0.6"


@pytest.mark.slow
async def test_a_zoomed_view_of_all_batches_follows_the_newest_one_in_full_detail() -> None:
    async with on_stage((140, 40)) as stage:
        runner = await stage.start()
        await train(stage)
        await stage.pilot.press("3", "plus", "plus", "plus")
        before = chart(stage, "batches").view.window
        assert before is not None
        runner.train(1000)
        newest = len(runner.session.history)
        assert newest > before[1], "it would be out of sight"

        def window() -> tuple[float, float]:
            return chart(stage, "batches").view.window or (0.0, 0.0)

        await stage.until(lambda: window()[0] < newest <= window()[1], "the newest batch")
        xs = [x for x in data(stage, "batches").series[0].xs if window()[0] <= x <= newest]
        assert max(xs) > newest - 20
        assert len(xs) > 50


@pytest.mark.slow
async def test_the_cursor_never_reads_out_half_a_batch() -> None:
    async with on_stage((80, 24)) as stage:
        await stage.start()
        await train(stage)
        await stage.pilot.press("3", "c", *["left"] * 9)
        cursor = chart(stage, "batches").cursor
        assert cursor is not None
        assert cursor % 1 == 0.5, "between the middle two of an even number"
        first, last = data(stage, "batches").span_at(cursor)
        await stage.sees(f"batches {first:,}-{last:,}")
        await stage.pilot.press(*["plus"] * 10)
        await stage.sees(f"batch {cursor - 0.5:,.0f} ")


async def test_l_with_the_accuracy_in_focus_shows_the_error_on_a_logarithmic_axis() -> None:
    async with on_stage((140, 40)) as stage:
        await stage.pilot.press("2", "l")
        assert chart(stage, "accuracy").view.is_log
        assert not chart(stage, "loss").view.is_log
        await stage.sees("Error (log)")


@pytest.mark.slow
async def test_where_no_chart_is_in_sight_its_keys_do_nothing() -> None:
    async with on_stage((80, 24)) as stage:
        await stage.start()
        await train(stage)
        await stage.pilot.press("4")
        await stage.pilot.pause()
        assert "Smooth" not in stage.footer
        await stage.pilot.press("l", "plus", "m", "b", "c")
        assert not chart(stage, "loss").view.is_log
        assert data(stage, "batches").note == ""


@pytest.mark.slow
async def test_the_best_epoch_and_learning_rate_changes_are_marked_on_every_chart() -> None:
    async with on_stage((140, 40)) as stage:
        await stage.start()
        await train(stage)
        await stage.pilot.press("left_square_bracket")
        await stage.until(lambda: len(data(stage, "loss").marks) == 2, "two marks")
        await stage.until(lambda: len(data(stage, "batches").marks) == 2, "two marks")
        assert [mark.x for mark in data(stage, "batches").marks] == [3750, 4250]
        assert [mark.label for mark in data(stage, "loss").marks] == ["best", "lr 0.005"]


def write_run(
    folder: Path, epochs: int, ended_s: float, state: str = "finished", **settings: object
) -> None:
    folder.mkdir(parents=True)
    config = {"recipe": "tutorial", "dataset": "mnist", "model": "mnist_net", **settings}
    (folder / "config.json").write_text(json.dumps({"config": config}))
    status = {"state": state, "updated": ended_s, "batches": 1875}
    (folder / "status.json").write_text(json.dumps(status))
    rows = [{**asdict(epoch_row(epoch)), "val_loss": None} for epoch in range(1, epochs + 1)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.slow
async def test_an_earlier_run_is_named_until_p_hides_it(tmp_path: Path) -> None:
    write_run(tmp_path / "old", 3, 100)
    write_run(tmp_path / "mine", 1, 200)
    async with on_stage((140, 40), NewRun(runs_dir=tmp_path, name="mine")) as stage:
        await stage.start()
        await train(stage, 1)
        await stage.until(lambda: len(data(stage, "accuracy").series) == 3, "the run on disk")
        before = data(stage, "accuracy").series[0]
        assert (before.name, before.xs) == ("old", (1, 2, 3))
        await stage.pilot.press("p")
        assert len(data(stage, "accuracy").series) == 2


@pytest.mark.slow
async def test_another_run_is_compared_batch_by_batch(tmp_path: Path) -> None:
    write_run(tmp_path / "a", 2, 100)
    history = LossHistory()
    history.extend(2.0 - i / 4000 for i in range(2 * 1875))
    curves = BatchCurves(history.snapshot(), ())
    (tmp_path / "a/history.npz").write_bytes(history_bytes(curves))
    write_run(tmp_path / "b", 1, 50)
    async with on_stage((140, 40), NewRun(runs_dir=tmp_path, name="b")) as stage:
        await stage.start()
        await train(stage, 1)
        await stage.until(lambda: names(stage, "batches") == ["a", "training"], "the other run")
        assert data(stage, "loss").series[0].xs == (1.0, 2.0)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, None),
        ({"a": (100, {})}, "a"),
        ({"a": (100, {}), "lab/b": (200, {})}, "b"),
        ({"a": (100, {}), "b": (400, {"state": "stopped"})}, "a"),
        ({"a": (100, {}), "later": (400, {})}, "later"),
        ({"a": (100, {"dataset": "sample"})}, None),
        ({"a": (100, {"recipe": "fast"})}, "a"),
        ({"a": (100, {"model": "fast_net"})}, None),
    ],
)
def test_the_newest_finished_run_of_the_same_data_and_network_is_compared(
    tmp_path: Path, others: dict[str, tuple[float, dict[str, Any]]], expected: str | None
) -> None:
    write_run(tmp_path / "mine", 1, 300)
    (tmp_path / "empty").mkdir()
    for name, (ended_s, settings) in others.items():
        write_run(tmp_path / name, 2, ended_s, **settings)
    found = find_previous(tmp_path / "mine", tmp_path)
    assert (found and found.name) == expected


def test_data_are_told_apart_by_their_fingerprint(tmp_path: Path) -> None:
    for name, fingerprint in (("mine", "1"), ("same", "1"), ("other", "2")):
        write_run(tmp_path / name, 1, 100 + ord(name[0]))
        record = json.loads((tmp_path / name / "config.json").read_text())
        record["dataset"] = {"fingerprint": fingerprint}
        (tmp_path / name / "config.json").write_text(json.dumps(record))
    found = find_previous(tmp_path / "mine", tmp_path)
    assert found is not None
    assert found.name == "same"
