"""A list follows its newest line, whenever it gets its room."""

from mnist_tui.tui.widgets.follow_list import FollowList
from mnist_tui.tui.widgets.lines import Line


class Numbers(FollowList):
    """As many lines as it is told to have, with as much room."""

    lines_in_sight = 0
    lines_there = 0

    @property
    def count(self) -> int:
        return self.lines_there

    @property
    def room(self) -> int:
        return self.lines_in_sight

    def line(self, index: int, width: int) -> Line:
        return [(str(index), "")]


def test_a_line_that_came_while_there_was_no_room_is_in_sight_once_there_is() -> None:
    numbers = Numbers()
    numbers.lines_there = 1
    numbers.grown()
    numbers.lines_in_sight = 10
    assert numbers.top == 0


def test_the_newest_line_is_followed_until_the_user_scrolls_away_and_again_from_the_end() -> None:
    numbers = Numbers()
    numbers.lines_in_sight, numbers.lines_there = 10, 30
    assert numbers.top == 20
    numbers.scroll_lines(-5)
    numbers.lines_there = 31
    assert (numbers.top, numbers.is_following) == (15, False)
    numbers.lines_in_sight = 25
    assert numbers.top == 6, "no further than the last line"
    numbers.scroll_lines(1)
    numbers.lines_there = 40
    assert (numbers.top, numbers.is_following) == (15, True)
