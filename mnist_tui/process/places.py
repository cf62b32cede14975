"""Where the program keeps files of its own beside the runs; nowhere, where there is no home."""

from pathlib import Path

import platformdirs


def theme_file() -> Path | None:
    """Where the theme is remembered; None where the user has no home."""
    try:
        return platformdirs.user_config_path("mnist-tui") / "theme"
    except (RuntimeError, OSError, KeyError):
        return None


def crash_file() -> Path | None:
    """Where a crash is noted that belongs to no run; None where the user has no home."""
    try:
        return platformdirs.user_log_path("mnist-tui") / "crash.txt"
    except (RuntimeError, OSError, KeyError):
        return None
