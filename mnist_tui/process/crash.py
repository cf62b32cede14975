"""An error that nobody expected: its traceback in a file, and one line about it."""

import shlex
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from mnist_tui.process import places


def log_crash(error: BaseException, what: str = "", run_log: Path | None = None) -> str:
    """Keep the traceback where it can be found; one line that says what broke, and where that is.

    Args:
        what: What it broke, in words that a colon follows.
        run_log: The log of the run that was on; None where there was none.
    """
    reason = f"{type(error).__name__}: {error}".strip(" :").splitlines()[0]
    line = f"mnist-tui: {what}: {reason}" if what else f"mnist-tui: {reason}"
    for file in (run_log, places.crash_file()):
        if file is not None:
            with suppress(OSError):
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("a", encoding="utf-8", errors="backslashreplace") as out:
                    out.write(f"{time.strftime('%F %T')} {shlex.join(sys.argv)}\n")
                    out.write("".join(traceback.format_exception(error)))
                return f"{line}; the details are in {file}"
    return f"{line}; please report it"
