"""Numbers as a chart writes them."""

import pytest

from mnist_tui.tui.charts.labels import (
    count_label,
    fitted,
    log_label,
    time_label,
    value_label,
    y_label,
)


@pytest.mark.parametrize(
    ("value", "label"),
    [(0.09812, "0.0981"), (2.3026, "2.303"), (0.0, "0.0000"), (2e-5, "2e-5"), (1.25e6, "1.25e6")],
)
def test_losses_have_four_digits(value: float, label: str) -> None:
    assert value_label(value, "loss") == label


def test_accuracies_are_percentages() -> None:
    assert value_label(0.97214, "percent") == "97.21%"
    assert y_label(0.975, 0.005, "percent") == "97.5%"
    assert y_label(1.0, 0.05, "percent") == "100%"


def test_y_ticks_have_the_decimals_that_distinguish_them() -> None:
    assert y_label(0.5, 0.5, "loss") == "0.5"
    assert y_label(0.52, 0.02, "loss") == "0.52"


@pytest.mark.parametrize(
    ("value", "label"), [(100, "100"), (0.5, "0.5"), (0.001, "0.001"), (2e-4, "2e-4")]
)
def test_log_ticks_are_short(value: float, label: str) -> None:
    assert log_label(value) == label


@pytest.mark.parametrize(
    ("value", "step", "label"),
    [(7, 1, "7"), (1500, 500, "1.5k"), (10_000, 5000, "10k"), (2e6, 1e6, "2M"), (1005, 5, "1005")],
)
def test_batches_are_counted_in_thousands_unless_the_step_is_fine(
    value: float, step: float, label: str
) -> None:
    assert count_label(value, step) == label


def test_a_label_that_is_too_long_loses_the_least_first() -> None:
    assert (fitted("0.0981", 5), fitted("97.55%", 5)) == (".0981", "97.55")


@pytest.mark.parametrize(
    ("seconds", "label"),
    [(0, "0s"), (0.5, "0.5s"), (45, "45s"), (90, "1m30s"), (7200, "2h"), (5430, "1h30m30s")],
)
def test_times_are_written_in_the_units_that_they_have(seconds: float, label: str) -> None:
    assert time_label(seconds) == label
