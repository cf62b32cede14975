"""What control groups allow, from the files of both versions as Linux lays them out."""

import os
from pathlib import Path

import pytest

from mnist_tui.container import MemoryLimit, cpu_quota, memory_limit, usable_cores


def machine(root: Path, groups: str, mounts: str, files: dict[str, str]) -> Path:
    """A root folder with /proc/self and the given files below /sys/fs/cgroup."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    (root / "proc/self/mountinfo").write_text(mounts)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V2 = "35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def test_the_least_limit_of_all_groups_above_counts(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        "0::/user.slice/job.scope\n",
        V2,
        {
            "user.slice/job.scope/cpu.max": "max 100000\n",
            "user.slice/job.scope/memory.max": "max\n",
            "user.slice/job.scope/memory.current": "50\n",
            "user.slice/cpu.max": "150000 100000\n",
            "user.slice/memory.max": "2000000000\n",
            "user.slice/memory.current": "900000000\n",
            "user.slice/memory.stat": "anon 5\ninactive_file 100000000\nactive_file 7\n",
        },
    )
    assert cpu_quota(root) == 1.5
    assert usable_cores(root) == 1
    assert memory_limit(root) == MemoryLimit(2_000_000_000, 800_000_000)


def test_a_container_of_version_1_is_read_where_it_is_mounted(tmp_path: Path) -> None:
    mounts = (
        "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
        "34 31 0:32 /docker/abc /sys/fs/cgroup/memory ro master:9 - cgroup cgroup rw,memory\n"
    )
    root = machine(
        tmp_path,
        "4:memory:/docker/abc\n3:cpuset:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n",
        mounts,
        {
            "cpu,cpuacct/cpu.cfs_quota_us": "50000\n",
            "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": "2147483648\n",
            "memory/memory.usage_in_bytes": "1000\n",
            "memory/memory.stat": "inactive_file 1\ntotal_inactive_file 400\n",
        },
    )
    assert cpu_quota(root) == 0.5
    assert usable_cores(root) == 1
    assert memory_limit(root) == MemoryLimit(2_147_483_648, 600)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpu.max": "max 100000", "memory.max": "max", "memory.current": "7"},
        {"cpu.max": "", "memory.max": "much", "memory.current": "7"},
    ],
)
def test_without_a_limit_there_is_none(tmp_path: Path, files: dict[str, str]) -> None:
    root = machine(tmp_path, "0::/\n", V2, files)
    assert cpu_quota(root) is None
    assert memory_limit(root) is None
    assert usable_cores(root) >= 1


def test_no_limit_of_version_1_is_a_large_number_or_less_than_nothing(tmp_path: Path) -> None:
    root = machine(
        tmp_path,
        "4:memory:/\n2:cpu:/\n",
        "1 1 0:1 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
        "1 1 0:1 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        {
            "cpu/cpu.cfs_quota_us": "-1",
            "cpu/cpu.cfs_period_us": "100000",
            "memory/memory.limit_in_bytes": "9223372036854771712",
            "memory/memory.usage_in_bytes": "7",
        },
    )
    assert cpu_quota(root) is None
    assert memory_limit(root) is None


def test_a_system_without_control_groups_has_no_limits(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is None
    assert memory_limit(tmp_path) is None
    assert usable_cores(tmp_path) <= (os.cpu_count() or 1)
