"""The run's log: everything that logs or warns, with tracebacks, in log.txt."""

import logging
import logging.handlers
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final


def _make_printed() -> dict[str, logging.Logger]:
    loggers = {name: logging.getLogger(name) for name in ("stdout", "stderr")}
    for logger in loggers.values():
        # Not on to the root: a handler there may print, and that would be logged again.
        logger.propagate = False
        logger.setLevel(logging.INFO)
        logger.addHandler(logging.NullHandler())
    return loggers


PRINTED: Final = _make_printed()
"""The loggers for text printed while the dashboard has the screen, by the stream's name."""


class LogFileHandler(logging.handlers.WatchedFileHandler):
    """Appends to log.txt, which may be deleted or on a full disk at any time.

    What cannot be written is left out: SaveFailed events say so already, and logging's own report
    would be a traceback on the user's screen.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Append one record, or leave it out. Any thread."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Do nothing."""

    def close(self) -> None:
        """Close the file, also one that cannot be flushed."""
        with suppress(OSError):
            super().close()


@contextmanager
def log_to(path: Path) -> Iterator[None]:
    """While inside, append to `path` what any thread logs (from INFO on) or warns."""
    root = logging.getLogger()
    handler = LogFileHandler(path)
    level = root.level
    for logger in (root, *PRINTED.values()):
        logger.addHandler(handler)
    root.setLevel(min(level, logging.INFO))
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.setLevel(level)
        for logger in (root, *PRINTED.values()):
            logger.removeHandler(handler)
        handler.close()
