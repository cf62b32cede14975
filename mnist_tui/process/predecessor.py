"""The process that hands its run over to this one, seen from this one.

| old process | new process                                                         |
|-------------|---------------------------------------------------------------------|
|             | `ready`: all is loaded; it may take any time                         |
| `stopped`   | the run stands at a batch boundary, saved, and nothing is written    |
|             | `restored`: it stands here as well                                   |
| `train`     | the old process will not go on unless this one dies                  |
|             | `training`: this one will go on; from here on the old one is done    |

Both hold the run's lock all the time. When the old process has died the run is this one's, at
whatever point: it goes on from the checkpoint that is on disk. When this one has died, or was
killed because it is too slow, before it says `training`, it has written nothing and taken no
step, and the old one goes on.
"""

from collections.abc import Callable
from typing import Final

from mnist_tui.process.channel import Channel, Message

_LOOK_S: Final = 0.2
"""Between two looks whether this process is to end."""


class Predecessor:
    """This process's part of a hand-over. The training thread."""

    def __init__(self, channel: Channel, lock: int) -> None:
        self.lock: Final = lock
        """The run's open lock, which both processes hold."""
        self.was_paused = False
        """Whether the run was paused when it was handed over."""
        self._channel = channel
        self._is_alive = True

    def wait_until_stopped(self, look: Callable[[], None]) -> None:
        """Say that all is ready, and wait until the run stands still, or the other one has died.

        Args:
            look: Called now and then; raises when this process is to end.
        """
        self._channel.send({"ready": True})
        message = self._receive("stopped", look)
        self.was_paused = bool(message and message["stopped"]["is_paused"])

    def take_over(self, look: Callable[[], None]) -> None:
        """Agree with the other process, if it is alive, that the run is this one's."""
        if self._is_alive:
            self._channel.send({"restored": True})
            self._receive("train", look)
            self._channel.send({"training": True})

    def _receive(self, key: str, look: Callable[[], None]) -> Message | None:
        """The message of that key; None when the other process has died."""
        while self._is_alive:
            look()
            try:
                message = self._channel.receive(_LOOK_S)
            except EOFError:
                self._is_alive = False
                return None
            if message is not None and key in message:
                return message
        return None
