"""Bounded memory that leaves no batch out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_tui.run.buckets import HistorySnapshot, ReducedIncrement
from mnist_tui.run.history import LossHistory
from mnist_tui.run.wire import Decoder, encode

losses = st.lists(
    st.one_of(st.floats(0, 100), st.sampled_from([math.nan, math.inf])), min_size=1, max_size=400
)


@given(losses, st.integers(1, 50))
def test_an_envelope_leaves_no_batch_out(values: list[float], columns: int) -> None:
    history = LossHistory(recent=16, buckets=8)
    for start in range(0, len(values), 7):
        history.extend(values[start : start + 7])
    buckets = history.envelope(0, len(values), columns)
    assert len(buckets) <= columns
    assert sum(bucket.count for bucket in buckets) == len(values)
    finite = [value for value in values if math.isfinite(value)]
    assert sum(bucket.bad for bucket in buckets) == len(values) - len(finite)
    lows = [bucket.low for bucket in buckets if math.isfinite(bucket.low)]
    highs = [bucket.high for bucket in buckets if math.isfinite(bucket.high)]
    assert (min(lows), max(highs)) == (min(finite), max(finite)) if finite else not lows


@given(losses)
def test_the_mean_of_all_is_the_mean(values: list[float]) -> None:
    history = LossHistory(recent=16, buckets=8)
    history.extend(values)
    [bucket] = history.envelope(0, len(values), 1)
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        assert math.isclose(
            bucket.mean, math.fsum(finite) / len(finite), rel_tol=1e-9, abs_tol=1e-9
        )
    else:
        assert math.isnan(bucket.mean)


@given(losses, losses)
def test_a_restored_history_goes_on_as_the_first_one(
    before: list[float], after: list[float]
) -> None:
    whole, first, second = (LossHistory(recent=16, buckets=8) for _ in range(3))
    whole.extend(before + after)
    first.extend(before)
    second.restore(HistorySnapshot.from_dict(first.snapshot().to_dict()))
    second.extend(after)
    assert repr(second.snapshot()) == repr(whole.snapshot())


@pytest.mark.slow
@given(st.lists(losses, max_size=6), st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_viewer_that_follows_by_increments_has_the_same_history(
    blocks: list[list[float]], is_followed: list[bool]
) -> None:
    run, viewer = (LossHistory(recent=256, buckets=8) for _ in range(2))
    for block, follows in zip(blocks, is_followed, strict=False):
        run.extend(block)
        if follows:
            follow(run, viewer)
    follow(run, viewer)
    assert repr(viewer.snapshot()) == repr(run.snapshot())


def follow(run: LossHistory, viewer: LossHistory) -> None:
    """Bring a viewer's history up to the run's, in bytes."""
    increment = run.since(len(viewer))
    [message] = Decoder().feed(encode(increment or run.snapshot()))
    if increment is not None:
        assert message.value.first == len(viewer)
        viewer.extend(message.value.losses)
    else:
        assert len(run) - len(viewer) > 256, "all that is missing is still kept"
        viewer.restore(message.value)


def test_recent_batches_are_kept_as_they_are() -> None:
    history = LossHistory(recent=100, buckets=8)
    history.extend(float(i) for i in range(1000))
    buckets = history.envelope(950, 1000, 50)
    assert [bucket.mean for bucket in buckets] == [float(i) for i in range(950, 1000)]
    assert [bucket.first for bucket in buckets] == list(range(950, 1000))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_run() -> None:
    history = LossHistory()
    history.extend(0.5 for _ in range(1_000_000))
    snapshot = history.snapshot()
    assert len(history) == 1_000_000
    assert len(snapshot.recent) <= 4096
    assert len(snapshot.buckets) <= 2048


def test_an_empty_range_is_empty() -> None:
    history = LossHistory()
    assert history.envelope(0, 10, 5) == ()
    history.extend([1.0])
    assert history.envelope(0, 10, 0) == ()
    assert history.envelope(5, 10, 3) == ()


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.lists(st.floats(-1e3, 1e3) | st.just(math.nan), max_size=300), st.integers(0, 40)
        ),
        max_size=12,
    )
)
def test_a_history_extended_by_buckets_leaves_no_loss_out(
    parts: list[tuple[list[float], int]],
) -> None:
    """Each part is handed on as it is, or with a number as some such many buckets."""
    own = LossHistory(recent=1000, buckets=64)
    mirrored = LossHistory(recent=1000, buckets=64)
    for losses, most in parts:
        before = len(own)
        own.extend(losses)
        if most:
            increment = own.since(before)
            assert increment is not None
            mirrored.extend_reduced(ReducedIncrement.of(increment, most))
        else:
            mirrored.extend(losses)
        assert len(mirrored) == len(own)
        for columns in (1, 7, 64):
            theirs = mirrored.envelope(0, len(own), columns)
            assert sum(bucket.count for bucket in theirs) == len(own)
            assert sum(bucket.bad for bucket in theirs) == sum(
                bucket.bad for bucket in own.envelope(0, len(own), columns)
            )
        whole, other = own.envelope(0, len(own), 1), mirrored.envelope(0, len(own), 1)
        for a, b in zip(whole, other, strict=True):
            assert math.isnan(a.low) == math.isnan(b.low)
            if not math.isnan(a.low):
                assert (a.low, a.high) == (b.low, b.high)
                assert a.mean == pytest.approx(b.mean, abs=1e-6)
