"""What a container, or a batch system, lets this process use of the machine.

Linux limits processes by control groups. Files of version 2 and version 1 are read here, as
they are laid out in https://docs.kernel.org/admin-guide/cgroup-v2.html and -v1/; each group
above a process's own limits it as well, and the least limit counts.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

_UNLIMITED: Final = 1 << 60
"""Version 1 gives a number as large as this where there is no limit."""


@dataclass(frozen=True)
class MemoryLimit:
    """A container's memory."""

    limit_bytes: int
    used_bytes: int
    """Without what was read from files and can be dropped."""


def allowed_cores() -> int:
    """How many cores this process may run on."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # not on Linux
        return os.cpu_count() or 1


def usable_cores(root: Path = Path("/")) -> int:
    """How many threads of this process can compute at once; at least 1.

    Args:
        root: Where /proc and /sys are.
    """
    cores, quota = allowed_cores(), cpu_quota(root)
    return max(1, cores if quota is None else min(cores, math.floor(quota)))


def cpu_quota(root: Path = Path("/")) -> float | None:
    """How many cores' worth of time this process may take; None where that is not limited."""
    quotas = []
    for group in _groups("cpu", root):
        words = _read(group / "cpu.max").split()
        if not words:
            words = [_read(group / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
        quota, period = (_number(word) for word in (*words, "", "")[:2])
        if quota is not None and period:
            quotas.append(quota / period)
    return min((quota for quota in quotas if quota > 0), default=None)


def memory_limit(root: Path = Path("/")) -> MemoryLimit | None:
    """How much memory this process and those beside it may take; None where that is not limited."""
    limits = []
    for group in _groups("memory", root):
        version_2 = (group / "memory.max").exists()
        limit = _number(_read(group / ("memory.max" if version_2 else "memory.limit_in_bytes")))
        used = _number(_read(group / ("memory.current" if version_2 else "memory.usage_in_bytes")))
        if limit is None or used is None or limit >= _UNLIMITED:
            continue
        droppable = _statistic(group, "inactive_file" if version_2 else "total_inactive_file")
        limits.append(MemoryLimit(limit, max(0, used - droppable)))
    return min(limits, key=lambda found: found.limit_bytes, default=None)


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """The folders of this process's control group and of those above it."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        for mount_root, mount in _mounts(controller if controllers else "", root):
            group = PurePosixPath(path)
            inside = group.relative_to(mount_root) if group.is_relative_to(mount_root) else ""
            folder, inside = root / mount.lstrip("/"), PurePosixPath(inside)
            yield from (folder / part for part in (inside, *inside.parents))


def _mounts(controller: str, root: Path) -> Iterator[tuple[str, str]]:
    """Which part of the hierarchy is mounted where; an empty controller means version 2."""
    for line in _read(root / "proc/self/mountinfo").splitlines():
        place, _, system = line.partition(" - ")
        fields, kinds = place.split(), system.split()
        if len(fields) < 5 or len(kinds) < 3:
            continue
        is_wanted = kinds[0] == "cgroup" and controller in kinds[2].split(",")
        if is_wanted if controller else kinds[0] == "cgroup2":
            yield fields[3], fields[4]


def _statistic(group: Path, name: str) -> int:
    for line in _read(group / "memory.stat").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return _number(value) or 0
    return 0


def _read(path: Path) -> str:
    """The file's text; empty where it is missing or may not be read."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _number(text: str) -> int | None:
    """The number; None for `max` and what is none."""
    try:
        return int(text)
    except ValueError:
        return None
