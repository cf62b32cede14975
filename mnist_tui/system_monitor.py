"""What the machine is doing: its processors, its memory, and its GPUs if it has any.

Knows neither torch nor Textual. The GPUs are asked through NVIDIA's management library
(NVML) by its own Python package; where there is none, one line says so.
"""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

log: Final = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSample:
    """One GPU at one moment. What the device or its driver does not tell is None."""

    index: int
    """NVML's number, as nvidia-smi shows it; CUDA may count otherwise."""
    name: str
    use: float | None = None
    """The part of the last moments in which it computed anything, in [0, 1]."""
    memory_bytes: int | None = None
    """Taken by all processes."""
    total_bytes: int | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    clock_mhz: float | None = None
    """Of its multiprocessors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineSample:
    """The machine at one moment."""

    cores: int = 1
    cpu: float | None = None
    """Use of all cores since the sample before, in [0, 1]; None in the first sample."""
    process_cpu: float | None = None
    """Cores' worth that this process used since the sample before: 1.9 is nearly two."""
    memory_bytes: int = 0
    """Taken on the whole machine."""
    total_bytes: int = 0
    process_bytes: int = 0
    """Resident memory of this process, the training included."""
    gpus: tuple[GpuSample, ...] = ()
    no_gpu: str = ""
    """Why there is no GPU to be seen, in words; empty where there is one."""


class Machine:
    """Takes samples. One thread at a time; not the UI's, since a driver may take its time."""

    def __init__(self) -> None:
        self._process: Any = None
        self._gpus: _Gpus | None = None

    def sample(self) -> MachineSample:
        """The machine as it is now. Waits for the driver; the first call loads libraries."""
        import psutil

        is_first = self._process is None
        if is_first:
            self._process = psutil.Process()
            self._gpus = _Gpus()
        assert self._gpus is not None
        # psutil counts from its own call before, and has nothing to count from in the first.
        cpu, process_cpu = psutil.cpu_percent(), self._process.cpu_percent()
        memory = psutil.virtual_memory()
        gpus = self._gpus.sample()
        return MachineSample(
            cores=psutil.cpu_count() or 1,
            cpu=None if is_first else cpu / 100,
            process_cpu=None if is_first else process_cpu / 100,
            memory_bytes=memory.total - memory.available,
            total_bytes=memory.total,
            process_bytes=self._process.memory_info().rss,
            gpus=gpus,
            no_gpu=self._gpus.reason if not gpus else "",
        )


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
            log.debug("NVML cannot be used: %s", error)
            self.reason = "no NVIDIA GPU, or no driver for it"
            return
        self._nvml = pynvml
        # What an older driver lacks is told by an error of another kind, in newer versions.
        mismatch = getattr(pynvml, "NVMLLibraryMismatchError", pynvml.NVMLError)
        self._errors = pynvml.NVMLError, mismatch

    def sample(self) -> tuple[GpuSample, ...]:
        """Each GPU in use; empty where there is none, and `reason` says why."""
        if self._nvml is None:
            return ()
        try:
            handles = self._visible()
        except self._errors as error:
            self.reason = f"the GPU's driver says: {error}"
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
