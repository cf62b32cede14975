"""The speed of a run, in each place that it has."""

from dataclasses import replace

import pytest

from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State
from mnist_tui.tui.dashboard.header import Facts
from mnist_tui.tui.dashboard.pace import Pace
from tests.tui.app_harness import plain


def test_a_narrow_screen_has_the_speed_of_a_live_run_in_place_of_its_facts() -> None:
    facts = Facts()
    facts.set_reactive(Facts.facts, ("MNIST, 60,000 + 10,000 digits", "CPU, 2 threads"))
    assert plain(facts.lines(48, 1)[0]).startswith("MNIST")
    running = Progress(
        state=State.RUNNING,
        samples_per_second=1_234.0,
        mean_samples_per_second=449.0,
        step_s=0.026,
        remaining_s=123.0,
        lr=0.01,
    )
    facts.set_reactive(Facts.progress, running)
    assert plain(facts.lines(48, 1)[0]) == "1,234/s · 2:03 left · 26 ms per batch · lr 0.01"
    assert (
        plain(facts.lines(78, 1)[0])
        == "speed 1,234/s (average 449/s) · 26 ms per batch · learning rate 0.01"
    )
    assert plain(facts.lines(98, 1)[0]).startswith("MNIST")
    facts.set_reactive(Facts.progress, replace(running, state=State.FINISHED))
    assert plain(facts.lines(78, 1)[0]).startswith("MNIST")


@pytest.mark.parametrize("width", [41, 44, 58, 80])
def test_the_speed_now_and_on_average_reads_in_one_line(width: int) -> None:
    pace = Pace()
    progress = Progress(
        samples_per_second=999_999.0,
        mean_samples_per_second=11_987.0,
        step_s=0.00032,
        lr=0.00125,
        batch_loss=0.5,
    )
    pace.set_reactive(Pace.progress, progress)
    first, second, _ = map(plain, pace.lines(width, 3))
    assert first.startswith("speed 999,999/s (average 11,987/s)")
    assert "320 µs per batch" in first + second
    assert "learning rate 0.00125" in second
    assert ("batch loss 0.5000" in second) == (width > 55)


@pytest.mark.parametrize("width", [21, 41])
def test_the_last_save_is_described_in_words(width: int) -> None:
    pace = Pace()
    pace.set_reactive(Pace.saved, (13, 0))
    assert "last save" in plain(pace.lines(width, 3)[-1 if width > 40 else 1])
    assert plain(pace.lines(width, 3)[2]).endswith("end of epoch 12")
    pace.set_reactive(Pace.saved, (13, 1204))
    assert plain(pace.lines(width, 3)[2]).endswith("epoch 13, batch 1,204")
