"""Nothing that the dashboard shows is cut in the middle of a number, whatever its size."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from textual.screen import Screen

from mnist_tui.config import TrainConfig
from mnist_tui.run.machine import GpuSample, MachineSample
from mnist_tui.run.plan import NewRun
from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State
from mnist_tui.tui.dashboard.bars import Bars, Tally
from mnist_tui.tui.dashboard.epoch_table import EpochTable
from mnist_tui.tui.dashboard.header import Facts, Header
from mnist_tui.tui.widgets.follow_list import FollowList
from mnist_tui.tui.widgets.lines import Lines, width_of
from tests.tui.app_harness import on_stage
from tests.tui.fake_runner import epoch_row as make_row

SIZES = (
    (20, 8),
    (24, 10),
    (40, 10),
    (50, 12),
    (80, 24),
    (80, 50),
    (100, 30),
    (120, 36),
    (140, 40),
    (200, 60),
)

LARGE = Progress(
    state=State.RUNNING,
    epoch=99_999,
    epochs=100_000,
    batch=1_234_567_890,
    batches=9_876_543_210,
    global_batch=123_456_789_012,
    validation_batches=1_234_567_890,
    elapsed_s=2e7,
    remaining_s=3e8,
    samples_per_second=123_456_789.0,
    mean_samples_per_second=98_765_432.0,
    step_s=1_234.5,
    lr=0.0001954526,
    batch_loss=1e23,
    train_loss=1e23,
    train_accuracy=1.0,
)
MACHINE = MachineSample(
    cores=256,
    cpu=1.0,
    process_cpu=256.0,
    memory_bytes=999_000_000,
    total_bytes=12_345_678_901_234,
    process_bytes=123_456_789_012,
    gpus=tuple(
        GpuSample(
            index=index,
            name="NVIDIA A Name Of A Device That Is Much Longer Than Any Screen Is Wide " * 3,
            use=1.0,
            memory_bytes=999_000_000,
            total_bytes=1_234_567_890_123,
            temperature_c=12_345.0,
            power_w=12_345.0,
            power_limit_w=123_456.0,
            clock_mhz=1_234_567.0,
        )
        for index in (0, 1_000)
    ),
)
NAMES = ("a-run-of-many-letters-" * 12, "名前" * 70)


def too_wide(screen: Screen[Any]) -> Iterator[str]:
    """The lines that are wider than their widget, and would be cut at its right edge."""
    for widget in screen.query(Lines):
        if type(widget).lines is Lines.lines:
            continue  # it draws strips
        width, height = widget.content_size
        for line in widget.lines(width, height) if width and height else ():
            if width_of(line) > width:
                yield f"{widget!r} has {width}: {line}"
    for table in screen.query(FollowList):
        width = table.content_size.width
        for index in range(table.count if width > 14 else 0):
            if width_of(table.line(index, width)) > width:
                yield f"{table!r} has {width}: {table.line(index, width)}"


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES, ids=["letters", "wide letters"])
async def test_no_line_is_wider_than_its_place_at_any_size(name: str) -> None:
    plan = NewRun(config=TrainConfig(epochs=100_000))
    async with on_stage((80, 24), plan, sample_machine=lambda: MACHINE) as stage:
        runner = await stage.start()
        dashboard = stage.app.dashboard
        dashboard.query_one(Header).run = name
        dashboard.query_one(Facts).facts = (f"MNIST {name}", f"NVIDIA {name}")
        rows = [
            make_row(99_998, train_loss=math.nan, val_loss=1e23, lr=0.0001954526, seconds=3e6),
            make_row(99_999, train_loss=1e23, samples_per_second=1_234_567_890.0),
        ]
        dashboard.query_one(EpochTable).show(rows, rows[1])
        for progress in (Progress(), LARGE, replace(LARGE, state=State.FINISHED)):
            runner.session.publish(progress)
            stage.app.presenter.follow(draws_losses=False)
            for size in SIZES:
                await stage.pilot.resize_terminal(*size)
                await stage.pilot.pause()
                assert not list(too_wide(dashboard)), f"{size}, {progress.state}"
                is_wide = size[0] >= 40 and progress.epoch
                assert not is_wide or "epoch 99999 of 100000 " in stage.text
                assert name[:2] in stage.text or size[0] < 24


@pytest.mark.slow
async def test_no_line_of_the_insight_panes_is_wider_than_its_place() -> None:
    async with on_stage((80, 24), NewRun(config=TrainConfig(epochs=100_000))) as stage:
        runner = await stage.start()
        runner.train(1875)
        runner.finish_epoch(make_row(1, val_loss=1e23, train_loss=1e23))
        runner.session.publish(LARGE)
        stage.app.presenter.follow(draws_losses=False)
        await stage.pilot.press("i")
        for size in ((50, 12), (80, 24), (140, 40)):
            await stage.pilot.resize_terminal(*size)
            for key in "123456":
                await stage.pilot.press(key)
                await stage.pilot.pause()
                assert not list(too_wide(stage.app.screen)), f"{size}, {key}"


@pytest.mark.parametrize("epochs", [9, 10, 99, 100, 100_000])
def test_the_epoch_of_a_long_run_is_written_in_full(epochs: int) -> None:
    bars = Bars()
    bars.set_reactive(Bars.progress, Progress(epoch=epochs, epochs=epochs, batches=10))
    for width in range(34, 100):
        for height in (2, 4):
            lines = bars.lines(width, height)
            text = "".join(text for text, _ in lines[0])
            assert f"epoch {epochs} of {epochs} " in text


def test_the_batches_of_a_long_epoch_are_written_in_full_at_any_width() -> None:
    tally = Tally()
    tally.set_reactive(Tally.progress, LARGE)
    for width in range(27, 60):
        assert "1,234,567,890/9,876,543,210" in tally.lines(width, 2)[0][0][0]
