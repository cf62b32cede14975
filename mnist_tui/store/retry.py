"""Writing files on a disk that may be full or broken, again and again."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mnist_tui.run.events import Event, SavedAgain, SaveFailed

log: Final = logging.getLogger(__name__)

REPEAT_S: Final = 60.0
"""How often a SaveFailed is repeated for a checkpoint that still cannot be written."""


class Retry:
    """Attempts to write files, and emits an event when one begins to fail or works again.

    The writing thread's; `failing` may be copied by any.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        restore_folders: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        *,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        """Make it of what it calls.

        Args:
            emit: Takes events.
            restore_folders: Called where a folder is missing, before a second attempt.
            clock: Seconds.
            may_write: Whether the files are still this process's to write.
        """
        self._emit = emit
        self._restore_folders = restore_folders
        self._may_write = may_write
        self._clock = clock
        self.failing: Final[dict[Path, str]] = {}
        """The files that could not be written at the last attempt, with the reasons emitted."""
        self._emitted_at: dict[Path, float] = {}
        """The clock's seconds at the last SaveFailed of each of them."""

    def attempt(
        self,
        path: Path,
        write: Callable[[], None],
        *,
        repeats: bool = False,
        always_emits: bool = False,
    ) -> bool:
        """Call `write`, which writes `path`.

        Args:
            write: Raises whatever goes wrong.
            repeats: Whether to emit a failure again each minute while it lasts.
            always_emits: Whether to emit every failure, since the user waits for the file.

        Returns:
            Whether it was written.
        """
        if not self._may_write():
            return False
        try:
            try:
                write()
            except FileNotFoundError:
                self._restore_folders()
                write()
        except OSError as error:
            self._fail(path, error.strerror or str(error), repeats, always_emits)
            return False
        except Exception as error:
            # The thread has to live, or the run would wait for it for ever.
            log.exception("could not write %s", path)
            self._fail(path, f"{type(error).__name__}: {error}", repeats, always_emits)
            return False
        if self.failing.pop(path, None):
            log.info("%s is written again", path)
            self._emit(SavedAgain(path=str(path)))
        return True

    def _fail(self, path: Path, reason: str, repeats: bool, always_emits: bool) -> None:
        now = self._clock()
        is_new = self.failing.get(path) != reason
        is_old = repeats and now - self._emitted_at.get(path, now) >= REPEAT_S
        if not (is_new or is_old or always_emits):
            return
        self.failing[path], self._emitted_at[path] = reason, now
        log.warning("could not write %s: %s", path, reason)
        self._emit(SaveFailed(path=str(path), message=reason))
