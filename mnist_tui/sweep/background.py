"""The scheduler of a sweep in a process of its own, without a terminal."""

import os
import signal
import subprocess
import sys
import time
from typing import Final

from mnist_tui.errors import Remedy, UsageError
from mnist_tui.process.child import own_command, own_environment
from mnist_tui.process.invocation import options_of
from mnist_tui.sweep.record import SweepFolder

_LOOK_S: Final = 0.02
"""Between two looks whether it has begun."""

_COMPLAINT: Final = "mnist-tui: "
"""How the line begins in which the command says that it cannot go on."""


def start(folder: SweepFolder, *arguments: str) -> int:
    """Have a sweep trained by a process that outlives this one; returns once it has begun.

    What it prints goes to the sweep's log.

    Args:
        arguments: Further words of its command.

    Returns:
        The number of the process.

    Raises:
        UsageError: When it cannot be started, or has ended at once with an error.
    """
    if sys.platform == "win32":
        raise UsageError(
            "Windows has no processes without a terminal that outlive it; train in this one",
            Remedy(settings={"headless": None}),
        )
    given = {"resume": folder.path.absolute(), "headless": None, **folder.training}
    words = ["sweep", *options_of(given), *arguments]
    begin = folder.log.stat().st_size if folder.log.exists() else 0
    try:
        with folder.log.open("ab") as log:
            process = subprocess.Popen(
                own_command("mnist_tui", *words),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=own_environment(),
                start_new_session=True,
            )
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"no process could be started for the sweep: {reason}") from error
    while process.poll() is None and folder.trainer != process.pid:
        time.sleep(_LOOK_S)
    printed = folder.log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()
    if process.returncode and printed and printed[-1].startswith(_COMPLAINT):
        reason = printed[-1].removeprefix(_COMPLAINT)
        raise UsageError(f"the process that was to train the sweep has ended: {reason}")
    return process.pid


def stop(folder: SweepFolder) -> None:
    """Have the process that trains a sweep stop its trials, which are saved, and end.

    Returns at once.

    Raises:
        UsageError: When there is none on this machine.
    """
    pid = folder.trainer
    if pid is None:
        raise UsageError(f"nothing trains sweep {folder.path.name} on this machine")
    try:
        os.kill(pid, signal.SIGTERM)
    except OSError as error:
        raise UsageError(f"process {pid} cannot be stopped: {error.strerror}") from error
