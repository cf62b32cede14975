"""Calling a library of native kernels, on PyTorch's threads and tensors."""

import ctypes
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from mnist_tui.engine.steps.native.library import NativeUnavailableError, load

_GROUPS: Final = 16
"""Groups of images that a batch is cut into where sums over its images are made."""


class _Team(ctypes.Structure):
    """`struct team` of `threads.h`."""

    _fields_ = (
        ("threads", ctypes.c_long),
        ("parallel", ctypes.c_void_p),
        ("scratch", ctypes.c_void_p),
        ("scratch_size", ctypes.c_long),
    )


class Kernels:
    """A library's functions, all of which take its `struct step`.

    That begins with the team, the batch size, the number of groups and whether to compute in
    bfloat16; after some numbers of its own come addresses. One thread at a time.
    """

    def __init__(
        self,
        source: str,
        precision: str,
        addresses: Iterable[str],
        numbers: Iterable[tuple[str, type]] = (),
    ) -> None:
        """Prepare a step.

        Args:
            source: Of the library's sources the one to compile, without its suffix.
            precision: `fp32` or `bf16`.
            addresses: Names of its pointers, in its order, `packed` and `sums` among them.
            numbers: Name and type of the library's own numbers, in its order.

        Raises:
            NativeUnavailableError: When there is no library, or it cannot compute in `precision`.
        """
        library = load(source)
        is_bf16 = precision == "bf16"
        if is_bf16 and not _constant(library, "HAS_BF16"):
            raise NativeUnavailableError("this processor does not compute in bfloat16")
        shared = [(name, ctypes.c_long) for name in ("batch", "groups", "bf16")]
        pointers = [(name, ctypes.c_void_p) for name in addresses]
        fields = {"_fields_": [("team", _Team), *shared, *numbers, *pointers]}
        self._library = library
        self._step = type("Step", (ctypes.Structure,), fields)()
        self._step.bf16 = is_bf16
        self._extra = 0
        self.share_out(torch.get_num_threads(), _torch_threads())
        self._held: dict[str, Tensor] = {}
        self.set(
            packed=torch.empty(_constant(library, "PACKED_SIZE")),
            sums=torch.empty(_GROUPS, _constant(library, "SUMS_SIZE")),
        )

    def share_out(self, threads: int, parallel: int | None) -> None:
        """Let a function share the work out to threads.

        Args:
            threads: How many.
            parallel: Its address, a `parallel_fn`; None: the calling thread does all.
        """
        self._step.team.threads, self._step.team.parallel = threads, parallel
        self.reserve(self._extra)

    def reserve(self, count: int) -> None:
        """Give each thread memory for so many float32, beside the library's SCRATCH_SIZE."""
        self._extra = count
        team, size = self._step.team, _constant(self._library, "SCRATCH_SIZE") + count
        self._scratch = torch.empty(team.threads, size)
        team.scratch, team.scratch_size = self._scratch.data_ptr(), size

    def set(self, **values: Tensor | float) -> None:
        """Set numbers, and addresses by contiguous tensors, which are kept until others come."""
        for name, value in values.items():
            if isinstance(value, Tensor):
                self._held[name] = value
                setattr(self._step, name, value.data_ptr())
            else:
                setattr(self._step, name, value)

    def call(self, function: str, batch: int) -> None:
        """Call a function of the library on a batch of so many images, and wait for it."""
        self._step.batch, self._step.groups = batch, min(batch, _GROUPS)
        getattr(self._library, function)(ctypes.byref(self._step))


def _constant(library: ctypes.CDLL, name: str) -> int:
    return ctypes.c_long.in_dll(library, name).value


def _torch_threads() -> int | None:
    """The address of the function that runs work on PyTorch's own OpenMP threads.

    Threads of a second pool would have to share the processor with PyTorch's, which go on
    waiting in a busy loop for a while after each operation. None where PyTorch has no OpenMP
    that offers GNU's interface: the step takes one thread then.
    """
    folder = Path(torch.__file__).parent / "lib"
    for name in ("libtorch_cpu.so", "libtorch_cpu.dylib"):
        try:
            # A library's handle finds the functions of all libraries that it was linked with.
            function = ctypes.CDLL(str(folder / name)).GOMP_parallel
        except (OSError, AttributeError):
            continue
        return ctypes.cast(function, ctypes.c_void_p).value
    return None
