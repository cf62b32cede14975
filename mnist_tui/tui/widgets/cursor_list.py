"""A list with a cursor that stays on its line, wherever a new order puts that."""

from collections.abc import Iterable
from typing import Any

from textual import events
from textual.geometry import Region
from textual.message import Message

from mnist_tui.tui.widgets.follow_list import FollowList
from mnist_tui.tui.widgets.pressable import Pressable


class CursorList(Pressable[Any], FollowList):
    """Lines that are known by keys, one of them under the cursor; a click puts it on another.

    Subclasses call `set_keys` whenever there are other lines or another order of them.
    """

    class CursorMoved(Message):
        """Another line is under the cursor, or what is known of it has changed."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._keys: tuple[str, ...] = ()
        self._at = 0
        """The line under the cursor."""
        self._cursor: str | None = None
        """The key of the line under the cursor; None: the first, whichever that is."""
        self.is_following = False

    @property
    def count(self) -> int:
        return len(self._keys)

    @property
    def at(self) -> int | None:
        """The index of the line under the cursor; None where there are no lines."""
        return self._at if self._keys else None

    def set_keys(self, keys: Iterable[str]) -> None:
        """Take over the keys of all lines, in their order.

        A cursor whose line is gone stays where it is.
        """
        self._keys = tuple(keys)
        places = {key: place for place, key in enumerate(self._keys)}
        stays = 0 if self._cursor is None else min(self._at, max(self.count - 1, 0))
        self._at = places.get(self._cursor or "", stays)
        self._keep_in_sight()
        self.refresh()
        self.post_message(self.CursorMoved())

    def thing_at(self, event: events.MouseEvent) -> Any:
        """The key of the line under the pointer."""
        index = self.index_at(event)
        return None if index is None else self._keys[index]

    def press(self, thing: Any) -> None:
        """Put the cursor on the line with that key."""
        self.action_move(self._keys.index(thing) - self._at)

    def is_marked(self, index: int) -> bool:
        return index == self._at

    def action_move(self, lines: int) -> None:
        """Move the cursor."""
        if not self._keys:
            return
        before, top = self._at, self.top
        self._at = min(max(self._at + lines, 0), self.count - 1)
        self._cursor = self._keys[self._at]
        self._keep_in_sight()
        if self.top == top:
            width = self.content_size.width
            rows = (row - top + self.HEADINGS for row in (before, self._at))
            self.refresh(*(Region(0, row, width, 1) for row in rows))
        self.post_message(self.CursorMoved())

    def _keep_in_sight(self) -> None:
        self.bring_in_sight(self._at)
        self.is_following = False
