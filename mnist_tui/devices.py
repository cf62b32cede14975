"""Devices: finding and naming them, their precisions, and determinism."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import torch

from mnist_tui import formatting
from mnist_tui.container import cpu_quota, usable_cores
from mnist_tui.errors import ConfigError, Remedy, UsageError, first_line

DRIVER: Final = Path("/dev/nvidiactl")
"""There where the NVIDIA driver is loaded."""
_deterministic: Final[Any] = torch.utils.deterministic
"""Whose flag torch makes with the module, so that types do not show it."""
_TOO_OLD: Final = re.compile(r"driver on your system is too old \(found version (\d+)\)")


@dataclass(frozen=True)
class ChosenDevice:
    """The device that a setting stands for on this machine."""

    device: torch.device
    notice: str = ""
    """Why it is not a GPU although there is one; else empty."""


def choose_device(name: str) -> ChosenDevice:
    """Find the device that `name` stands for on this machine, and see that it computes.

    Args:
        name: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises:
        UsageError: When this machine has no such device, or it cannot be used; why, and what
            the machine has.
    """
    if name == "auto":
        return _choose()
    device = torch.device(name)
    if device.type == "cuda":
        device = torch.device("cuda", device.index or 0)
        reason = _no_cuda() or _unusable(device.index)
    elif device.type == "mps":
        reason = "" if torch.backends.mps.is_available() else "this machine has none"
    else:
        return ChosenDevice(device)
    if reason:
        raise UsageError(
            f"device {name} cannot be used: {reason}; found: {', '.join(_found())}",
            Remedy(settings={"device": "auto"}),
        )
    return ChosenDevice(device)


def _choose() -> ChosenDevice:
    """The fastest device that computes: CUDA, else MPS, else the CPU."""
    reason = _no_cuda()
    if not reason:
        index = torch.cuda.current_device()
        reason = _unusable(index)
        if not reason:
            return ChosenDevice(torch.device("cuda", index))
    elif not _is_worth_a_notice():
        reason = ""
    device = torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    notice = f"training on {describe_device(device)}: the GPU cannot be used, {reason}"
    return ChosenDevice(device, notice if reason else "")


def _no_cuda() -> str:
    """Why PyTorch finds no CUDA device, in words; empty where it finds one."""
    is_available, warning = _ask_for_cuda()
    if is_available:
        return ""
    if torch.version.cuda is None and torch.version.hip is None:
        return "this build of PyTorch is one without CUDA"
    if (old := _TOO_OLD.search(warning)) is not None:
        version = int(old[1])
        return (
            f"the NVIDIA driver is for CUDA {version // 1000}.{version % 1000 // 10}, too old for "
            f"this build of PyTorch (CUDA {torch.version.cuda}): update the driver, or install a "
            "PyTorch for an older CUDA"
        )
    if warning:
        return warning.removeprefix("CUDA initialization: ")[:200]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and _has_driver():
        return f"CUDA_VISIBLE_DEVICES={visible!r} names none"
    return "PyTorch finds none"


@cache
def _ask_for_cuda() -> tuple[bool, str]:
    """Whether CUDA can be used, and torch's warning about it, which comes once in a process."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        is_available = torch.cuda.is_available()
    return is_available, " ".join(str(caught[0].message).split()) if caught else ""


def _is_worth_a_notice() -> bool:
    """Whether there is a GPU that is not used, without the user's having said so."""
    is_hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
    return bool(_ask_for_cuda()[1]) or (_has_driver() and not is_hidden)


def _has_driver() -> bool:
    return DRIVER.exists()


@cache
def _unusable(index: int) -> str:
    """Why that CUDA device cannot compute, in words; empty where it can."""
    count = torch.cuda.device_count()
    if index >= count:
        return f"there {'is' if count == 1 else 'are'} only {count}, counted from 0"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of what is said here
            result = torch.ones(2, device=torch.device("cuda", index)).sum().item()
    except Exception as error:  # noqa: BLE001 - drivers fail in many ways
        reason = first_line(error)[:200]
        if "no kernel image" not in reason:
            return reason
        major, minor = torch.cuda.get_device_capability(index)
        made_for = ", ".join(torch.cuda.get_arch_list())
        return (
            f"{torch.cuda.get_device_name(index)} (sm_{major}{minor}) is not among those that this "
            f"build of PyTorch is made for ({made_for}); install another build of it"
        )
    return "" if result == 2 else "it computes wrong results"


def _found() -> list[str]:
    found = [f"cpu ({_threads()})"]
    if not _no_cuda():
        count = torch.cuda.device_count()
        found += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(count)]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def use_threads(wanted: object) -> str:
    """Set how many CPU threads compute, for the whole process; what the user must know of it.

    Sums are split by the number of threads, so that a resumed run takes as many as before.

    Args:
        wanted: The number that the run had before; anything else: as many as are of use here.
    """
    cores = usable_cores()
    if isinstance(wanted, int) and wanted > 0:
        torch.set_num_threads(wanted)
        if wanted <= cores:
            return ""
        return (
            f"this run has {wanted} CPU threads, for the same numbers as before, and this machine "
            f"has {cores} for it: it may be many times slower here"
        )
    if "OMP_NUM_THREADS" in os.environ or torch.get_num_threads() <= cores:
        return ""
    torch.set_num_threads(cores)
    quota = cpu_quota()
    limit = f"a quota of {quota:g} cores" if quota is not None else f"{cores} cores"
    return f"training with {_threads()}: this process is limited to {limit}"


def describe_device(device: torch.device) -> str:
    """The device in words: `CPU, 2 threads`."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({device})"
    if device.type == "mps":
        return "Apple GPU (mps)"
    return f"CPU, {_threads()}"


def _threads() -> str:
    return formatting.counted(torch.get_num_threads(), "thread")


def has_tf32(device: torch.device) -> bool:
    """Whether the device is a GPU of Ampere or newer, which have TF32 and bf16."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def resolve_precision(device: torch.device, precision: str) -> str:
    """Find the precision that `precision` stands for: `auto` is TF32 where the device has it.

    Raises:
        ConfigError: When the device cannot compute in it.
    """
    if precision == "auto":
        return "tf32" if has_tf32(device) else "fp32"
    if precision == "tf32" and device.type != "cuda":
        raise ConfigError("precision", "tf32 needs a CUDA device; use fp32 or bf16 here")
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise ConfigError("precision", "bf16 needs a newer GPU; use fp32 or tf32 here")
    return precision


@contextmanager
def process_settings_kept() -> Iterator[None]:
    """Put back what a run sets for the whole process: threads, algorithms, generators."""
    cublas = os.environ.get("CUBLAS_WORKSPACE_CONFIG")
    threads = torch.get_num_threads()
    mode = torch.get_deterministic_debug_mode()
    fills = _deterministic.fill_uninitialized_memory
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    flags = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_deterministic_debug_mode(mode)
        _deterministic.fill_uninitialized_memory = fills
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = flags
        if cublas is None:
            os.environ.pop("CUBLAS_WORKSPACE_CONFIG", None)


def set_determinism(device: torch.device, deterministic: bool, precision: str) -> None:
    """Choose algorithms: the same bits each time, or the fastest. For the whole process.

    Args:
        deterministic: As in TrainConfig.
        precision: What it computes in: `fp32`, `tf32` or `bf16`.
    """
    if device.type == "cuda":
        # cuBLAS reads this when it is first used; without it, its results may vary.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = not deterministic
    # The same as use_deterministic_algorithms, which would import torch's compiler to tell it.
    torch.set_deterministic_debug_mode("warn" if deterministic else "default")
    # Deterministic mode also fills fresh memory, for programs that read it before writing it.
    _deterministic.fill_uninitialized_memory = False
    is_tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = is_tf32
    torch.backends.cudnn.allow_tf32 = is_tf32


def is_out_of_memory(error: Exception) -> bool:
    """Whether `error` says that a device, or the machine, has no memory left."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The CPU's allocator has no error class of its own.
    return "not enough memory" in str(error) or "out of memory" in str(error)
