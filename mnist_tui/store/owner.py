"""Which process writes a run, as its lock file says: what holds where file locks do not."""

import os
import platform
import secrets
from dataclasses import dataclass, field

_UNKNOWN_HOST = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that has locked a run. Two of them are equal when they are the same locking."""

    pid: int
    """0 where it is not known."""
    host: str = _UNKNOWN_HOST
    """The machine's name; empty in lock files of earlier versions."""
    token: str = field(default_factory=lambda: secrets.token_hex(6))
    """Drawn at each locking."""

    @classmethod
    def of_this_process(cls) -> "Owner":
        """Who writes a run that this process is about to lock."""
        return cls(os.getpid(), platform.node())

    @classmethod
    def parse(cls, line: str) -> "Owner":
        """The owner that a lock file's line names; unknown where it names none."""
        pid, host, token = (*line.split(), "", "", "")[:3]
        return cls(int(pid) if pid.isdecimal() else 0, host, token)

    def __str__(self) -> str:
        """In a sentence: `process 1234 on node7`."""
        place = "" if self.host in (_UNKNOWN_HOST, platform.node()) else f" on {self.host}"
        return f"process {self.pid or 'unknown'}{place}"

    @property
    def line(self) -> str:
        """The lock file's content."""
        return f"{self.pid} {self.host} {self.token}\n"

    @property
    def may_live(self) -> bool:
        """Whether another process of that number may be alive: on this machine, or elsewhere."""
        if self.host not in (_UNKNOWN_HOST, platform.node()):
            return True
        return self.pid != os.getpid() and is_alive(self.pid)


def is_alive(pid: int) -> bool:
    """Whether there is a process of that number on this machine, of whatever user."""
    if pid <= 0:
        return False
    if os.name == "nt":  # where this call would be a signal
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # another user's
        return True
    return True
