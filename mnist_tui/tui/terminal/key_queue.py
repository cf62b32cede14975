"""Keys that arrive faster than they are answered, in the order in which they were typed."""

from collections import deque
from typing import Any, Final, TypeAlias

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.timer import Timer

PATIENCE_S: Final = 0.5
"""A key that has not been handled by then was lost with the widget that it went to."""
Typed: TypeAlias = events.Key | events.Paste
"""What goes to the widget in focus: a key, or several at once."""


class KeyQueue(App[None]):
    """An App that takes one key at a time; what comes meanwhile waits its turn.

    Over a slow line several keys arrive at once. Textual hands them all to the widget in
    focus, which takes in characters at once, while a key that is bound bubbles up to the app
    first: `5`, backspace, `6` would become nothing. Here a marker follows each key on its way
    up, through the same queues, and the next key sets out when the marker has arrived.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[events.Event] = deque()
        """Events that arrived while a key was being handled."""
        self._on_its_way: Typed | None = None
        self._patience: Timer | None = None

    @property
    def keys_waiting(self) -> int:
        """The number of events that have not been handled yet. Any thread."""
        return len(self._waiting) + self.message_queue_size

    async def on_event(self, event: events.Event) -> None:
        is_input = isinstance(event, events.InputEvent | events.Paste)
        is_new = is_input and not event.is_forwarded
        if is_new and self._on_its_way is not None:
            self._waiting.append(event)
            if self._patience is None:
                self._patience = self.set_timer(PATIENCE_S, self._forget)
            return
        await super().on_event(event)
        if isinstance(event, Typed) and is_new:
            self._follow(event)

    def _follow(self, key: Typed) -> None:
        """Send a marker after the key, and nothing else before it has arrived."""
        self._on_its_way = key
        self._pass(self.focused or self.screen, key)

    def _pass(self, node: MessagePump, key: Typed) -> None:
        """Hand the marker from queue to queue, as the key bubbles."""
        if node is self:
            self.call_later(self._arrive, key)
            return
        parent: Any = node._parent
        above = self if parent is None else parent
        if not node.call_later(self._pass, above, key):
            self._pass(above, key)  # that widget is closing, and takes nothing in

    async def _arrive(self, key: Typed) -> None:
        """Let what waits set out, up to and including the next key."""
        if key is not self._on_its_way:
            return
        self._on_its_way = None
        if self._patience is not None:
            self._patience.stop()
            self._patience = None
        while self._waiting and self._on_its_way is None:
            await self.on_event(self._waiting.popleft())
        if self._waiting and self._patience is None:
            self._patience = self.set_timer(PATIENCE_S, self._forget)

    async def _forget(self) -> None:
        """Go on without the marker of a key that has not come through."""
        if self._on_its_way is not None:
            await self._arrive(self._on_its_way)
