"""Files of the program's own beside the runs, for users who have a home folder."""

from pathlib import Path

import platformdirs


def theme_file() -> Path | None:
    """The file with the chosen theme; None for a user without a home."""
    try:
        return platformdirs.user_config_path("mnist-tui") / "theme"
    except (RuntimeError, OSError, KeyError):
        return None


def crash_file() -> Path | None:
    """The file for tracebacks outside of a run; None for a user without a home."""
    try:
        return platformdirs.user_log_path("mnist-tui") / "crash.txt"
    except (RuntimeError, OSError, KeyError):
        return None
