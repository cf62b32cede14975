"""Rows and histories as chart data."""

import math
from dataclasses import replace

import pytest

from mnist_tui.run.events import LearningRateChanged
from mnist_tui.run.history import LossHistory
from mnist_tui.tui.dashboard.batch_curves import batches_chart
from mnist_tui.tui.dashboard.curves import CurveOptions, Trace, epoch_chart, run_marks
from mnist_tui.tui.dashboard.timeline import Axis, Timeline
from tests.run.values import epoch_row

HALVED = LearningRateChanged(lr=0.005, previous=0.01, epoch=2, global_batch=150)


def trace(losses: list[float], epochs: int = 0, batches: int = 100) -> Trace:
    """A run of that many seconds as batches."""
    history = LossHistory()
    history.extend(losses)
    timeline = Timeline(batches)
    for batch in range(0, len(losses) + 1, 10):
        timeline.observe(batch, float(batch))
    return Trace([epoch_row(epoch) for epoch in range(1, epochs + 1)], history, timeline)


def test_training_is_points_and_validation_a_line() -> None:
    rows = [epoch_row(1), epoch_row(2)]
    chart = epoch_chart("Loss", rows, (), 19)
    training, validation = chart.series
    assert (training.kind, validation.kind) == ("points", "line")
    assert training.xs == (1.0, 2.0)
    assert validation.ys == (rows[0].val_loss, rows[1].val_loss)
    assert training.color != validation.color


@pytest.mark.slow
@pytest.mark.parametrize(
    ("done", "planned", "end"),
    [
        (0, 19, 5),
        (3, 19, 5),
        (5, 19, 6),
        (10, 100, 12),
        (18, 19, 19),
        (19, 19, 19),
        (900, 100_000, 1000),
        (1, 1, 2),
        (99_999, 100_000, 100_000),
    ],
)
def test_the_axis_of_epochs_fits_those_that_exist(done: int, planned: int, end: int) -> None:
    rows = [epoch_row(epoch) for epoch in range(1, done + 1)]
    assert epoch_chart("Loss", rows, (), planned).x_range == (1.0, end)
    batches = epoch_chart("Loss", rows, (), planned, CurveOptions(Axis.BATCH), 100)
    assert batches.x_range == (0.0, 100 * end)


def test_smoothing_keeps_the_raw_values_in_sight() -> None:
    rows = [epoch_row(1), epoch_row(2)]
    chart = epoch_chart("Accuracy", rows, (), 19, CurveOptions(weight=0.6))
    raw = [series for series in chart.series if series.faint]
    assert rows[1].val_accuracy in [series.ys[1] for series in raw]
    assert chart.y_format == "percent"
    assert chart.note == "smoothing 0.6"
    assert [series.name for series in chart.series] == ["training"] * 2 + ["validation"] * 2
    assert [series.is_smoothed for series in chart.series] == [False, True] * 2
    assert chart.series[2].last == rows[1].val_accuracy


def test_the_legend_of_all_batches_has_the_newest_loss_whatever_the_width() -> None:
    losses = [1.0] * 9_000 + [0.25]
    for columns in (40, 100, 1000):
        (series,) = batches_chart(trace(losses), 20_000, (), columns).series
        assert series.newest == 0.25


def test_a_zoomed_view_of_all_batches_knows_where_the_newest_one_is() -> None:
    for window in (None, (0.0, 50.0), (900.0, 1000.0)):
        chart = batches_chart(trace([1.0] * 1000), 2000, (), 80, window=window)
        assert chart.last_x == 1000.0


def test_an_empty_run_gives_empty_charts() -> None:
    assert epoch_chart("Loss", [], (), 1).is_empty
    for axis in Axis:
        assert batches_chart(Trace(), 100, (), 80, CurveOptions(axis)).is_empty
        assert batches_chart(trace([]), 100, (), 80, CurveOptions(axis)).is_empty


def test_epochs_are_plotted_over_epochs_batches_or_seconds() -> None:
    rows = [epoch_row(1, seconds=10.0), epoch_row(2, seconds=20.0)]
    for axis, xs in ((Axis.EPOCH, (1, 2)), (Axis.BATCH, (100, 200)), (Axis.TIME, (10, 30))):
        chart = epoch_chart("Loss", rows, (), 19, CurveOptions(axis), 100)
        assert chart.series[0].xs == xs
        assert chart.x_label == axis
    assert [axis.next for axis in Axis] == [Axis.BATCH, Axis.TIME, Axis.EPOCH]


@pytest.mark.parametrize(("axis", "best", "halved"), [("epoch", 3, 1.5), ("batch", 300, 150)])
def test_the_best_epoch_and_learning_rate_changes_are_marked(
    axis: str, best: float, halved: float
) -> None:
    run = trace([], epochs=3)
    marks = run_marks(run.rows, run.rows[2], [HALVED], run.timeline, Axis(axis))
    assert [(mark.x, mark.kind) for mark in marks] == [(halved, "rate"), (best, "best")]
    assert marks[0].label == "lr 0.005"


def test_of_two_changes_between_the_same_batches_only_the_last_is_marked() -> None:
    run = trace([], epochs=3)
    rates = [HALVED, replace(HALVED, lr=0.02, previous=0.005), replace(HALVED, global_batch=160)]
    marks = run_marks(run.rows, None, rates, run.timeline)
    assert [mark.label for mark in marks] == ["lr 0.02", "lr 0.005"]


def test_a_batch_is_plotted_at_its_time() -> None:
    timeline = Timeline(100)
    for batch, seconds in ((50, 5.0), (100, 10.0), (100, 14.0), (150, 19.0)):
        timeline.observe(batch, seconds)
    assert timeline.seconds(75) == 7.5
    assert timeline.seconds(100) == 10.0
    assert timeline.seconds(125) == 16.5, "the validation's time lies between"
    assert timeline.batch(16.5) == 125
    assert timeline.batch(12.0) == 100
    assert timeline.seconds(999) == 19.0


def test_a_resumed_run_knows_the_times_of_its_earlier_epochs() -> None:
    timeline = Timeline(100)
    timeline.observe_rows([epoch_row(1, seconds=10.0), epoch_row(2, seconds=30.0)])
    timeline.observe(250, 45.0)
    assert [timeline.seconds(batch) for batch in (50, 100, 200, 250)] == [5, 10, 40, 45]


def test_a_timeline_is_bounded_and_keeps_its_ends() -> None:
    timeline = Timeline(100)
    for batch in range(100_000):
        timeline.observe(batch, batch / 100)
    assert len(timeline._done) <= Timeline.MOST
    assert timeline.seconds(99_999) == pytest.approx(999.99)
    assert timeline.seconds(1234) == pytest.approx(12.34)


def test_no_batch_is_left_out_of_the_envelope() -> None:
    losses = [1.0] * 10_000
    losses[7777] = 9.0
    for axis in Axis:
        chart = batches_chart(trace(losses), 20_000, (), 100, CurveOptions(axis))
        (envelope,) = chart.series
        assert envelope.kind == "envelope"
        assert len(envelope.xs) <= 200
        assert max(envelope.highs) == 9.0


def test_each_point_of_all_batches_says_which_ones_it_covers() -> None:
    run = trace([1.0] * 997)
    previous = trace([1.0] * 1200)
    for columns in (100, 300, 2000):
        look = CurveOptions(Axis.BATCH, previous=previous)
        for series in batches_chart(run, 2000, (), columns, look).series:
            flat = [batch for first, last in series.spans for batch in range(first, last + 1)]
            assert flat == list(range(1, len(flat) + 1))
            assert series.xs == tuple((first + last) / 2 for first, last in series.spans)
    for axis in (Axis.EPOCH, Axis.TIME):
        assert not batches_chart(run, 2000, (), 100, CurveOptions(axis)).series[0].spans


def test_what_is_drawn_of_all_batches_stays_where_it_is_while_the_run_grows() -> None:
    losses = [math.sin(i) for i in range(8200)]
    before = batches_chart(trace(losses[:8100]), 20_000, (), 140)
    after = batches_chart(trace(losses), 20_000, (), 140)
    assert before.x_range == after.x_range == (0.0, 10_000.0)
    old, new = before.series[0], after.series[0]
    whole = len(old.xs) - 1  # the newest bucket is still filling
    assert old.xs[:whole] == new.xs[:whole]
    assert old.highs[:whole] == new.highs[:whole]


def test_the_end_of_the_run_is_the_end_of_the_axis() -> None:
    chart = batches_chart(trace([1.0] * 950), 1000, (), 80)
    assert chart.x_range == (0.0, 1000.0)
    assert batches_chart(trace([1.0] * 190), 1000, (), 80).x_range == (0.0, 200.0)
    assert batches_chart(trace([1.0] * 9), 1000, (), 80).x_range == (0.0, 100.0), "an epoch"


def test_a_nan_is_a_gap_that_does_not_spread_and_is_counted() -> None:
    chart = batches_chart(trace([1.0, math.nan, 2.0, math.inf]), 4, (), 80)
    (envelope,) = chart.series
    assert envelope.xs == (1.0, 2.0, 3.0, 4.0)
    assert math.isnan(envelope.ys[1])
    assert envelope.ys[2] == 2.0
    assert chart.bad == 2
    many = [1.0] * 10_000
    many[500] = math.nan
    assert batches_chart(trace(many), 10_000, (), 80).bad == 1


def test_a_zoomed_view_has_more_detail_and_keeps_the_whole_range() -> None:
    run = trace([float(i % 7) for i in range(4000)])
    chart = batches_chart(run, 4000, (), 50, window=(1000.0, 1050.0))
    (envelope,) = chart.series
    inside = [x for x in envelope.xs if 1000 <= x <= 1051]
    assert len(inside) >= 50
    assert chart.full_range == (0.0, 4000.0)
    assert list(envelope.xs) == sorted(envelope.xs)


def test_a_zoomed_view_of_the_time_has_more_detail_too() -> None:
    run = trace([float(i % 7) for i in range(4000)])
    chart = batches_chart(run, 8000, (), 50, CurveOptions(Axis.TIME), (1000.0, 1050.0))
    inside = [x for x in chart.series[0].xs if 1000 <= x <= 1050]
    assert len(inside) >= 50


def test_the_previous_run_is_faint_and_dotted_and_ends_with_the_axis() -> None:
    before = replace(trace([2.0] * 1900, epochs=19), name="first")
    now = trace([1.0] * 300, epochs=3)
    look = CurveOptions(previous=before)
    previous = epoch_chart("Loss", now.rows, (), 5, look, 100).series[0]
    assert (previous.name, previous.kind, previous.faint) == ("first", "dotted", True)
    assert previous.ys == tuple(row.val_loss for row in before.rows[:5])
    batches = batches_chart(now, 500, (), 80, replace(look, axis=Axis.BATCH))
    assert [series.name for series in batches.series] == ["first", "training"]
    assert max(batches.series[0].xs) <= batches.full_range[1]


def test_the_previous_run_is_not_drawn_before_there_is_a_new_one() -> None:
    look = CurveOptions(previous=trace([2.0] * 100, epochs=1))
    assert epoch_chart("Loss", [], (), 5, look, 100).is_empty
    assert batches_chart(trace([]), 500, (), 80, look).is_empty
