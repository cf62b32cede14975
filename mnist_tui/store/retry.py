"""Writing files on a disk that may not take them."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mnist_tui.run.events import Event, SavedAgain, SaveFailed

log: Final = logging.getLogger(__name__)

TELL_AGAIN_S: Final = 60.0
"""How often it is told that a checkpoint still cannot be written."""


class Retry:
    """Tries to write, and tells when a file begins to fail and when it works again.

    The writing thread's; `failing` may be copied by any.
    """

    def __init__(self, tell: Callable[[Event], None], make_again: Callable[[], None]) -> None:
        """`make_again` is called where a folder is missing, before a second try."""
        self._tell = tell
        self._make_again = make_again
        self.failing: Final[dict[Path, str]] = {}
        """The files that could not be written when it was last tried, with the reasons told."""
        self._told_at: dict[Path, float] = {}
        """`time.monotonic()` when each of them was told last."""

    def make(
        self,
        path: Path,
        write: Callable[[], None],
        *,
        tells_again: bool = False,
        always_tells: bool = False,
    ) -> bool:
        """Run `write`, which writes `path`.

        Args:
            path: What is told of.
            write: Raises what it meets.
            tells_again: Whether to tell again and again while it fails.
            always_tells: Whether to tell at every failure, since a person waits for it.

        Returns:
            Whether it was written.
        """
        try:
            try:
                write()
            except FileNotFoundError:
                self._make_again()
                write()
        except OSError as error:
            self._tell_failure(path, error.strerror or str(error), tells_again, always_tells)
            return False
        except Exception as error:
            # The thread has to live, or the run would wait for it for ever.
            log.exception("could not write %s", path)
            reason = f"{type(error).__name__}: {error}"
            self._tell_failure(path, reason, tells_again, always_tells)
            return False
        if self.failing.pop(path, None):
            log.info("could write %s again", path)
            self._tell(SavedAgain(path=str(path)))
        return True

    def _tell_failure(self, path: Path, reason: str, tells_again: bool, always_tells: bool) -> None:
        now = time.monotonic()
        is_news = self.failing.get(path) != reason
        is_old = tells_again and now - self._told_at.get(path, now) >= TELL_AGAIN_S
        if not (is_news or is_old or always_tells):
            return
        self.failing[path], self._told_at[path] = reason, now
        log.warning("could not write %s: %s", path, reason)
        self._tell(SaveFailed(path=str(path), message=reason))
