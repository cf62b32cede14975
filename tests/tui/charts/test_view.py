"""Zooming, panning and following."""

from dataclasses import replace

import pytest

from mnist_tui.tui.charts.series import ChartData, Series
from mnist_tui.tui.charts.view import View


def data_until(epoch: int, full: tuple[float, float] | None = (1, 19)) -> ChartData:
    xs = tuple(float(x) for x in range(1, epoch + 1))
    return ChartData("Loss", (Series("loss", xs, xs),), x_range=full)


def test_zooming_in_without_an_anchor_ends_at_the_newest_value() -> None:
    assert View().zoomed(0.5, data_until(12)).window == (3, 12)


def test_zooming_keeps_the_anchor_in_place() -> None:
    assert View().zoomed(0.5, data_until(19), anchor=10).window == (5.5, 14.5)


def test_zooming_out_far_enough_shows_all_again() -> None:
    data = data_until(12)
    assert View().zoomed(0.5, data).zoomed(2, data) == View()


def test_zooming_in_ends_at_four_steps() -> None:
    view = View()
    for _ in range(20):
        view = view.zoomed(0.5, data_until(19))
    assert view.window == (15, 19)


def test_panning_stops_at_the_ends() -> None:
    assert View((2, 6)).panned(-1, data_until(19)).window == (1, 5)
    assert View((14, 18)).panned(1, data_until(19)).window == (15, 19)


def test_the_full_view_cannot_be_panned() -> None:
    assert View().panned(1, data_until(19)) == View()


def test_a_view_with_the_newest_value_in_it_follows() -> None:
    moved = View((3, 7)).following(data_until(7), data_until(8))
    assert moved.window == (4.5, 8.5), "with some room, so that it need not move each time"
    assert moved.following(data_until(8), data_until(8)) == moved


def test_a_view_follows_the_newest_value_and_not_what_of_it_is_drawn() -> None:
    drawn = data_until(7)
    newest = [replace(drawn, newest_x=float(x)) for x in (7, 12)]
    assert View((3, 7)).following(*newest).window == (8.5, 12.5)
    assert View((1, 5)).following(*newest).window == (1, 5)


def test_showing_all_again_has_the_values_that_were_left_out_and_then_not() -> None:
    assert View((3, 7), True).everything == View(None, True, True)
    assert View().everything == View(None, False, True)
    assert View().everything.everything == View()


def test_a_view_with_room_for_the_new_value_stays() -> None:
    assert View((3, 9)).following(data_until(7), data_until(8)).window == (3, 9)


def test_a_view_of_the_past_stays() -> None:
    assert View((1, 5)).following(data_until(7), data_until(8)).window == (1, 5)


@pytest.mark.parametrize(("x", "window"), [(2, (2, 6)), (5, (4, 8)), (9, (5, 9))])
def test_a_view_moves_as_little_as_it_must_to_show_a_value(
    x: float, window: tuple[float, float]
) -> None:
    assert View((4, 8)).showing(x, data_until(19)).window == window
