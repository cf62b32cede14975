"""The machine pane: what it shows, and when it samples."""

import threading
from dataclasses import replace

import pytest

from mnist_tui.run.machine import GpuSample, MachineSample
from mnist_tui.tui.dashboard.machine import MachinePane, machine_lines
from mnist_tui.tui.widgets.lines import width_of
from mnist_tui.tui.widgets.meters import sparkline
from tests.tui.app_harness import IDLE, on_stage

GPU = GpuSample(
    index=0,
    name="H200",
    use=0.87,
    memory_bytes=4_200_000_000,
    total_bytes=80_000_000_000,
    temperature_c=61,
    power_w=412.3,
    power_limit_w=700,
    clock_mhz=1980,
)
BUSY = replace(IDLE, gpus=(GPU,), no_gpu="")


def text(samples: list[MachineSample | None], width: int = 76, height: int = 20) -> list[str]:
    return ["".join(t for t, _ in line) for line in machine_lines(tuple(samples), width, height)]


def test_each_figure_has_a_line_and_a_curve_where_there_is_room() -> None:
    lines = text([replace(IDLE, cpu=0.0), IDLE])
    assert lines[0] == "no NVIDIA GPU, or no driver for it"
    assert lines[1].split() == ["CPU", "45", "%", "▁▄"]
    assert lines[2].split()[:3] == ["process", "80", "%"]
    assert lines[3].split()[:5] == ["memory", "2.1", "of", "16.8", "GB"]
    assert lines[4].split()[:3] == ["process", "912", "MB"]


def test_a_gpu_comes_first_with_all_its_figures() -> None:
    lines = text([BUSY])
    assert [" ".join(line.split()[:-1]) for line in lines[:5]] == [
        "GPU 0 87 %",
        "memory 4.2 of 80.0 GB",
        "heat 61 °C",
        "power 412 of 700 W",
        "clock 1,980 MHz",
    ]


def test_little_room_has_several_figures_in_a_line() -> None:
    lines = text([BUSY], 38, 4)
    assert [" ".join(line.rstrip("▁▂▃▄▅▆▇█").split()) for line in lines] == [
        "GPU 0 87 % · 4.2 of 80.0 GB",
        "CPU 45 % · process 80 %",
        "memory 2.1 of 16.8 GB · process 912 MB",
        "61 °C · 412 of 700 W · 1,980 MHz",
    ]


@pytest.mark.parametrize("width", [1, 8, 20, 38, 76, 200])
@pytest.mark.parametrize("height", [1, 4, 6, 20])
def test_no_line_is_wider_than_the_pane_where_it_can_be_read(width: int, height: int) -> None:
    samples = tuple([BUSY] * 120)
    lines = machine_lines(samples, width, height)
    assert len(lines) <= height
    if width >= 38:
        assert all(width_of(line) <= width for line in lines)


def test_a_missing_figure_is_a_gap_and_a_dash() -> None:
    blind = replace(BUSY, gpus=(replace(GPU, power_w=None),))
    assert "–" in text([BUSY, blind])[3]
    assert sparkline((0.0, None, 1.0)) == "▁ █"
    assert text([BUSY, IDLE])[0] == "no NVIDIA GPU, or no driver for it"


async def test_it_samples_only_while_it_is_in_sight_and_never_on_the_ui_thread() -> None:
    threads: list[threading.Thread] = []

    def sample() -> MachineSample:
        threads.append(threading.current_thread())
        return IDLE

    async with on_stage((80, 24), sample_machine=sample) as stage:
        pane = stage.app.screen.query_one(MachinePane)
        pane.tick()
        await stage.pilot.pause(0.05)
        assert threads == []
        await stage.pilot.press("6")
        await stage.sees("2.1 of 16.8 GB")
        assert threading.main_thread() not in threads
        await stage.pilot.press("3")
        await stage.pilot.pause()
        pane.tick()
        looks = len(threads)
        await stage.pilot.press("6")
        await stage.until(lambda: len(threads) > looks, "another look")
        await stage.until(lambda: None in pane.samples, "a gap for the time out of sight")


@pytest.mark.slow
async def test_it_is_in_sight_in_the_wide_and_the_normal_arrangement() -> None:
    for size in ((140, 40), (100, 30)):
        async with on_stage(size) as stage:
            await stage.sees("16.8 GB")


async def test_a_sample_that_fails_is_tried_again() -> None:
    answers = iter([OSError("gone"), IDLE, IDLE, IDLE])

    def sample() -> MachineSample:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with on_stage((140, 40), sample_machine=sample) as stage:
        pane = stage.app.screen.query_one(MachinePane)
        await stage.pilot.pause(0.05)
        pane.tick()
        await stage.sees("16.8 GB")
