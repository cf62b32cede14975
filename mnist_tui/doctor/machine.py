"""Processor, memory and GPU driver, and what a container leaves of them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mnist_tui import formatting
from mnist_tui.container import allowed_cores, cpu_quota, memory_limit
from mnist_tui.doctor.check import Check, ok, warning

_LITTLE_MEMORY: Final = 1_500_000_000
"""Training takes about a gigabyte: PyTorch, the data, and the dashboard."""


def look_at_processor() -> Iterator[Check]:
    """Cores, and how many threads a run may use."""
    cores = os.cpu_count() or 1
    usable = allowed_cores()
    quota = cpu_quota()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    found = formatting.counted(cores, "core")
    if usable < cores:
        found += f", {usable} of them for this process"
    if quota is not None:
        found += f", a quota of {quota:g}"
    if threads:
        found += f", OMP_NUM_THREADS={threads}"
    share = min(usable, quota or usable)
    if threads and not (threads.isdecimal() and 0 < int(threads) <= max(1, int(share))):
        advice = f"set OMP_NUM_THREADS to a number from 1 to {max(1, int(share))}, or unset it"
        yield warning("processor", found, advice)
    else:
        yield ok("processor", found)


def look_at_memory() -> Iterator[Check]:
    """Memory of the machine, and what a container leaves of it."""
    import psutil

    memory, limit = psutil.virtual_memory(), memory_limit()
    found = f"{_gigabytes(memory.available)} of {_gigabytes(memory.total)} free"
    room = memory.available
    if limit is not None and limit.limit_bytes < memory.total:
        room = min(room, limit.limit_bytes - limit.used_bytes)
        found += f"; a limit of {_gigabytes(limit.limit_bytes)} for this container or job"
    if room < _LITTLE_MEMORY:
        yield warning("memory", found, "training takes about 1 GB: make room, or raise the limit")
    else:
        yield ok("memory", found)


def _gigabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"


def count_gpus() -> int:
    """The GPUs that the NVIDIA driver shows; 0 without a driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
        return int(pynvml.nvmlDeviceGetCount())
    except Exception:  # noqa: BLE001 - `look_at_driver` says what it is
        return 0


def look_at_driver() -> Iterator[Check]:
    """The NVIDIA driver, and the newest CUDA that it knows."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        yield _no_driver(str(error))
        return
    driver = pynvml.nvmlSystemGetDriverVersion()
    name = driver.decode() if isinstance(driver, bytes) else str(driver)
    cuda = int(pynvml.nvmlSystemGetCudaDriverVersion_v2())
    count = pynvml.nvmlDeviceGetCount()
    yield ok(
        "NVIDIA driver",
        f"{name}, for CUDA up to {cuda // 1000}.{cuda % 1000 // 10}; "
        f"{formatting.counted(count, 'GPU')}",
    )


def _no_driver(reason: str) -> Check:
    """The check for a machine on which NVML cannot be used."""
    if not any(Path(place).exists() for place in ("/proc/driver/nvidia", "/dev/nvidiactl")):
        return ok("NVIDIA driver", "none: training uses the CPU")
    advice = "restart the machine after an update of the driver, or look at nvidia-smi"
    return warning("NVIDIA driver", f"cannot be used: {reason}", advice)
