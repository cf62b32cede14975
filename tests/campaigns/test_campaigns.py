"""A small count of each campaign; the full counts are run by hand, see README.md."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns import (
    bad_checkpoints,
    bad_data,
    bad_disk,
    handover,
    kills,
    lines,
    long_run,
    monkey,
    same_run,
    signals,
    ssh_line,
    strangers,
    surroundings,
    two_at_once,
    viewers,
    wrong_numbers,
)
from tests.campaigns.campaign import Attempt, clean_up, try_many

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _kept() -> Iterator[None]:
    """Delete at the end what the campaigns share."""
    yield
    clean_up()


@pytest.mark.parametrize(
    ("attempt", "count"),
    [
        (bad_checkpoints.attempt, 60),
        (bad_data.attempt, 12),
        (bad_disk.attempt, 3),
        (handover.attempt, 2),
        (kills.attempt, 2),
        (lines.attempt, 1),
        (same_run.attempt, 2),
        (signals.attempt, 3),
        (surroundings.attempt, 8),
        (strangers.attempt, 4),
        (two_at_once.attempt, 2),
        (viewers.attempt, 2),
        (wrong_numbers.attempt, 5),
    ],
    ids=lambda value: getattr(value, "__module__", "").rpartition(".")[2],
)
def test_a_few_attempts_lose_nothing(attempt: Attempt, count: int) -> None:
    assert not try_many(attempt, count, seed=0).failures


def test_anything_may_be_done_at_the_dashboard() -> None:
    outcome = try_many(
        lambda dice, folder: monkey.attempt(dice, folder, steps=12, sessions=3), 1, seed=0
    )
    assert not outcome.failures


def test_a_run_of_many_batches_costs_no_more_at_its_end(tmp_path: Path) -> None:
    long_run.train(tmp_path, epochs=20, batches_per_epoch=5000)


def test_a_run_of_many_epochs_costs_no_more_at_its_end(tmp_path: Path) -> None:
    # What is bounded in it is still filling up.
    long_run.train(tmp_path, epochs=600, batches_per_epoch=4, every_s=0.2, most_mb=20.0)


@pytest.mark.skipif(ssh_line.missing() is not None, reason=ssh_line.missing() or "")
def test_a_cut_line_loses_nothing() -> None:
    assert not try_many(ssh_line.attempt, 1, seed=0).failures
