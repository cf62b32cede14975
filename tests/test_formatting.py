"""Numbers as people read them."""

import math

import pytest

from mnist_tui import formatting


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.13344, "0.1334"),
        (2.302585, "2.3026"),
        (12.3456, "12.35"),
        (1234.5, "1234.50"),
        (123456.0, "1.2e+05"),
        (math.nan, "nan"),
        (math.inf, "inf"),
    ],
)
def test_a_loss_takes_at_most_seven_columns(value: float | None, text: str) -> None:
    assert formatting.loss(value) == text
    assert len(text) <= 7


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0:00"),
        (7.4, "0:07"),
        (59.6, "1:00"),
        (754.0, "12:34"),
        (3723.0, "1:02:03"),
        (183_840.0, "2d 03:04"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert formatting.duration(seconds) == text


def test_a_hundred_percent_is_only_said_when_it_is_all() -> None:
    assert formatting.whole_percent(0.9999) == " 99 %"
    assert formatting.whole_percent(1.0) == "100 %"
    assert formatting.whole_percent(0.0) == "  0 %"


def test_throughputs_sizes_and_steps() -> None:
    assert formatting.throughput(12_345.6) == "12,346/s"
    assert formatting.throughput(1_250_000.0) == "1.25 M/s"
    assert formatting.size(187_432) == "187 kB"
    assert formatting.size(4_812_041) == "4.8 MB"
    assert formatting.short_time(0.0026) == "2.6 ms"
    assert formatting.short_time(0.00032) == "320 µs"
    assert formatting.short_time(1.25) == "1.2 s"
    assert formatting.learning_rate(0.00125) == "0.00125"
    assert formatting.seconds(12.346) == "12.35"
    assert formatting.seconds(1500.0) == "25:00"


@pytest.mark.parametrize(
    ("epoch", "batch", "words"),
    [
        (1, 0, "epoch 1, batch 0"),
        (3, 1204, "epoch 3, batch 1,204"),
        (4, 0, "the end of epoch 3"),
    ],
)
def test_places(epoch: int, batch: int, words: str) -> None:
    assert formatting.place(epoch, batch) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (59, "just now"), (60, "1 min ago"), (7200, "2 h ago"), (200_000, "2 d ago")],
)
def test_an_age_is_described_in_words(seconds: float, words: str) -> None:
    assert formatting.ago(seconds) == words


def test_one_thing_is_not_several() -> None:
    assert formatting.counted(1, "epoch") == "1 epoch"
    assert formatting.counted(0, "file") == "0 files"
    assert formatting.counted(60_000, "image") == "60,000 images"
