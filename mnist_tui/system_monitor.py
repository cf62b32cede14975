"""Samples of the machine: its processors, its memory, and its GPUs if it has any.

Knows neither torch nor Textual. GPUs are read through NVIDIA's management library (NVML) by its
own Python package; where there is none, one line says so.
"""

import logging
import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

from mnist_tui.container import memory_limit, usable_cores
from mnist_tui.run.machine import GpuSample, MachineSample

log: Final = logging.getLogger(__name__)
T = TypeVar("T")

_ABSENT: Final = ("LIBRARY_NOT_FOUND", "DRIVER_NOT_LOADED", "GPU_NOT_FOUND", "UNINITIALIZED")
"""The errors of NVML on machines without an NVIDIA GPU."""


class Machine:
    """Takes samples. One thread at a time; not the UI's, since a driver may take its time."""

    def __init__(self) -> None:
        self._is_first = True
        self._gpus: _Gpus | None = None
        self._process: Any = None
        self._unreadable: set[str] = set()
        """What could not be read, each logged once."""

    def sample(self) -> MachineSample:
        """The machine as it is now. Waits for the driver; the first call loads libraries.

        A figure that cannot be read, as in some containers, leaves the others as they are.
        """
        import psutil

        is_first, self._is_first = self._is_first, False
        process: Any = self._read("this process", lambda: self._process or psutil.Process())
        self._process = process
        # psutil counts from its own call before, and has nothing to count from in the first.
        cpu = self._read("processor use", psutil.cpu_percent)
        process_cpu = self._read("this process's processor use", lambda: process.cpu_percent())
        resident = self._read("this process's memory", lambda: process.memory_info().rss)
        used, total = self._read("memory", _memory) or (0, 0)
        self._gpus = self._gpus or _Gpus()
        gpus = self._gpus.sample()
        return MachineSample(
            cores=usable_cores(),
            cpu=None if is_first or cpu is None else cpu / 100,
            process_cpu=None if is_first or process_cpu is None else process_cpu / 100,
            memory_bytes=used,
            total_bytes=total,
            process_bytes=resident or 0,
            gpus=gpus,
            no_gpu=self._gpus.reason if not gpus else "",
        )

    def _read(self, what: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - psutil raises what it meets in /proc
            if what not in self._unreadable:
                self._unreadable.add(what)
                log.warning("%s cannot be read: %s: %s", what, type(error).__name__, error)
            return None


def _memory() -> tuple[int, int]:
    """How much memory is taken, of how much, in bytes."""
    import psutil

    memory, limit = psutil.virtual_memory(), memory_limit()
    if limit is not None and limit.limit_bytes < memory.total:
        return limit.used_bytes, limit.limit_bytes
    return memory.total - memory.available, memory.total


class _Gpus:
    """The GPUs that this process uses, or else those that it may use."""

    def __init__(self) -> None:
        self.reason = ""
        self._nvml: Any = None
        self._errors: tuple[type[Exception], ...] = ()
        try:
            import pynvml
        except ImportError:
            self.reason = "no GPU is shown: the package nvidia-ml-py is missing"
            return
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError as error:
            log.info("NVML cannot be used: %s", error)
            self.reason = _why_not(error, pynvml)
            return
        self._nvml = pynvml
        # Newer versions raise an error of another kind for what an older driver lacks.
        mismatch = getattr(pynvml, "NVMLLibraryMismatchError", pynvml.NVMLError)
        self._errors = pynvml.NVMLError, mismatch

    def sample(self) -> tuple[GpuSample, ...]:
        """Each GPU in use; empty where there is none, and `reason` says why."""
        if self._nvml is None:
            return ()
        try:
            handles = self._visible()
        except self._errors as error:
            self.reason = f"the GPU cannot be read: {error}"
            return ()
        used = [handle for handle in handles if self._is_used(handle)]
        self.reason = "the driver shows no GPU to this process"
        # A process in a container does not find its own number among the driver's.
        return tuple(self._read(handle) for handle in used or handles)

    def _visible(self) -> list[Any]:
        """The GPUs that CUDA_VISIBLE_DEVICES names, or all."""
        nvml, named = self._nvml, os.environ.get("CUDA_VISIBLE_DEVICES")
        if named is None:
            return [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        handles = []
        for name in filter(None, map(str.strip, named.split(","))):
            if name.startswith(("GPU-", "MIG-")):
                handles.append(nvml.nvmlDeviceGetHandleByUUID(name))
            elif name.isdecimal():
                handles.append(nvml.nvmlDeviceGetHandleByIndex(int(name)))
            else:
                break  # CUDA, too, takes nothing from the first wrong one on
        return handles

    def _is_used(self, handle: Any) -> bool:
        processes = self._ask(lambda: self._nvml.nvmlDeviceGetComputeRunningProcesses(handle))
        return any(process.pid == os.getpid() for process in processes or ())

    def _read(self, handle: Any) -> GpuSample:
        nvml, ask = self._nvml, self._ask
        use = ask(lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        memory = ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
        power = ask(lambda: nvml.nvmlDeviceGetPowerUsage(handle))  # milliwatts
        limit = ask(lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle))
        name = ask(lambda: nvml.nvmlDeviceGetName(handle)) or "GPU"
        return GpuSample(
            index=ask(lambda: int(nvml.nvmlDeviceGetIndex(handle))) or 0,
            name=name.decode() if isinstance(name, bytes) else str(name),
            use=None if use is None else use / 100,
            memory_bytes=None if memory is None else int(memory.used),
            total_bytes=None if memory is None else int(memory.total),
            temperature_c=ask(
                lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)
            ),
            power_w=None if power is None else power / 1000,
            power_limit_w=None if limit is None else limit / 1000,
            clock_mhz=ask(lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)),
        )

    def _ask(self, question: Callable[[], T]) -> T | None:
        """The answer, or None where this device or driver has none."""
        try:
            return question()
        except self._errors as error:
            log.debug("NVML: %s", error)
            return None


def _why_not(error: Exception, nvml: Any) -> str:
    """Why NVML could not be started, in words."""
    code = getattr(error, "value", None)
    if code == getattr(nvml, "NVML_ERROR_LIB_RM_VERSION_MISMATCH", 18):
        return "the NVIDIA driver was updated: restart the machine to use it"
    if code == getattr(nvml, "NVML_ERROR_NO_PERMISSION", 4):
        return "no permission to read the GPU"
    if code in (None, *(getattr(nvml, f"NVML_ERROR_{name}", None) for name in _ABSENT)):
        return "no NVIDIA GPU, or no driver for it"
    return f"the GPU cannot be read: {error}"
