"""Which device trains, what it is called, and how to make it give the same bits each time."""

import os

import torch

from mnist_tui.errors import UsageError


def resolve_device(name: str) -> torch.device:
    """The device that `name` stands for on this machine.

    Args:
        name: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises:
        UsageError: When this machine has no such device; the message says what it has.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda":
        index = device.index or 0
        if not torch.cuda.is_available() or index >= torch.cuda.device_count():
            raise UsageError(_absent(name))
        return torch.device("cuda", index)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise UsageError(_absent(name))
    return device


def _absent(name: str) -> str:
    found = [f"cpu ({_threads()})"]
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        found += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(count)]
    elif torch.version.cuda is None:
        found.append("a build of PyTorch without CUDA")
    if torch.backends.mps.is_available():
        found.append("mps")
    return f"--device {name} is not on this machine; found: {', '.join(found)}; try --device auto"


def describe_device(device: torch.device) -> str:
    """The device in words: `CPU, 2 threads`."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)} ({device})"
    if device.type == "mps":
        return "Apple GPU (mps)"
    return f"CPU, {_threads()}"


def _threads() -> str:
    count = torch.get_num_threads()
    return f"{count} thread{'s' if count != 1 else ''}"


def has_tf32(device: torch.device) -> bool:
    """Whether it is a GPU of Ampere or newer: with TF32, and bf16."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


def resolve_precision(device: torch.device, precision: str) -> str:
    """The precision that `precision` stands for on `device`: `auto` is TF32 where there is that.

    Raises:
        UsageError: When it cannot compute in that.
    """
    if precision == "auto":
        return "tf32" if has_tf32(device) else "fp32"
    if precision == "tf32" and device.type != "cuda":
        raise UsageError("--precision tf32 needs a CUDA device; use fp32 or bf16 here")
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise UsageError("--precision bf16 needs a newer GPU; use fp32 or tf32 here")
    return precision


def set_determinism(device: torch.device, deterministic: bool, precision: str) -> None:
    """Choose algorithms: the same bits each time, or the fastest. For the whole process."""
    if device.type == "cuda":
        # cuBLAS reads this when it is first used; without it, its results may vary.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = not deterministic
    # The same as use_deterministic_algorithms, which would import torch's compiler to tell it.
    torch.set_deterministic_debug_mode("warn" if deterministic else "default")
    # Deterministic mode also fills fresh memory, for programs that read it before writing it.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    is_tf32 = resolve_precision(device, precision) == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = is_tf32
    torch.backends.cudnn.allow_tf32 = is_tf32


def is_out_of_memory(error: Exception) -> bool:
    """Whether `error` says that a device, or the machine, has no memory left."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The CPU's allocator has no error class of its own.
    return "not enough memory" in str(error) or "out of memory" in str(error)
