"""What ends processes without a terminal when their user goes."""

import os
import shutil
import subprocess
from typing import Final

_JOB_VARIABLES: Final = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "OAR_JOB_ID")
"""Set by batch systems in their jobs: Slurm, PBS, LSF, OAR."""
_KILLS: Final = (
    "busctl get-property org.freedesktop.login1 /org/freedesktop/login1 "
    "org.freedesktop.login1.Manager KillUserProcesses"
)
_LIMIT_S: Final = 2.0


def describe_limit() -> str:
    """Whether something will end this user's processes, and what to do, in one line; else empty.

    Says what can be seen from here; a machine may do so without a word.
    """
    if any(name in os.environ for name in _JOB_VARIABLES):
        return "this is a batch job: whatever runs in it ends with it, this run too"
    if _ends_at_logout():
        return (
            "this machine ends a user's processes at logout (KillUserProcesses): "
            "put `systemd-run --user --scope` before the command, and `loginctl enable-linger` once"
        )
    return ""


def _ends_at_logout() -> bool:
    """Whether systemd ends all processes of a login with it, by its own account."""
    # Within a unit of the user's own manager a process is in no login.
    if shutil.which("busctl") is None or "XDG_SESSION_ID" not in os.environ:
        return False
    try:
        done = subprocess.run(
            _KILLS.split(), capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.stdout.split() == ["b", "true"]
