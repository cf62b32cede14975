"""A sample of the machine that trains: plain values for the run's viewers."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuSample:
    """One GPU at one moment. What the device or its driver does not support is None."""

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
    """The machine at one moment. What the system does not let this process read is None or 0."""

    cores: int = 1
    """Those that this process may use."""
    cpu: float | None = None
    """Use of all cores since the sample before, in [0, 1]; None in the first sample."""
    process_cpu: float | None = None
    """Cores' worth that this process used since the sample before: 1.9 is nearly two."""
    memory_bytes: int = 0
    """Taken on the whole machine, or in this container if its memory is limited."""
    total_bytes: int = 0
    """The machine's memory, or the container's limit."""
    process_bytes: int = 0
    """Resident memory of this process, the training included."""
    gpus: tuple[GpuSample, ...] = ()
    no_gpu: str = ""
    """Why no GPU is shown, in words; empty where there is one."""


SampleMachine = Callable[[], MachineSample]
"""Takes a sample. Blocks; one thread at a time."""
