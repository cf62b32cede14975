"""Capturing work in a CUDA graph, which the device then repeats without Python."""

from collections.abc import Callable
from contextlib import suppress
from weakref import WeakSet

import torch

from mnist_tui.errors import first_line

CaptureBody = Callable[[], None]
"""A function without arguments or result that only launches kernels on preallocated tensors and
never synchronizes."""

GraphRecorder = Callable[[CaptureBody], CaptureBody]
"""Captures what a body launches, without running it; calling the result runs it.

Raises CaptureError when the body cannot be captured. Nothing has been computed then, and the body
can be called as it is.
"""


class CaptureError(Exception):
    """Some work could not be captured; the message says why, in one line."""


def recorder_for(device: torch.device) -> GraphRecorder | None:
    """The recorder for `device`; None where there are no graphs."""
    return _GraphRecorder(device) if device.type == "cuda" else None


class _GraphRecorder:
    """Captures CUDA graphs. One thread, and no other work on the device meanwhile.

    Random numbers come out as without a graph. While a graph is captured, a kernel that
    draws is given its distance from the graph's start instead of the generator's offset;
    each replay first writes the generator's seed and offset where the graph's kernels read
    them, and then moves the generator on, on the host, by as much as all of them take. So a
    kernel draws at the same offset however the steps are cut into graphs, and
    `torch.cuda.get_rng_state` is right as soon as a replay has been launched. (PyTorch,
    "CUDA Graph-safe RNG states" in ATen/cuda/CUDAGeneratorImpl.h.)
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)
        self._graphs: WeakSet[torch.cuda.CUDAGraph] = WeakSet()
        """Those that can still be replayed."""
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: CaptureBody) -> CaptureBody:
        graph = torch.cuda.CUDAGraph()
        # One pool of memory for all graphs: only one runs at a time, and none leaves a result
        # in it that another could overwrite. But torch does not reuse a pool whose graphs are
        # gone while gradients are still in it.
        if not self._graphs:
            self._pool = torch.cuda.graph_pool_handle()
        try:
            # Where a capture fails, some versions of torch stay on its stream.
            with (
                torch.cuda.stream(torch.cuda.current_stream(self._device)),
                torch.cuda.graph(graph, pool=self._pool, stream=self._stream),
            ):
                work()
        except RuntimeError as error:
            self._free_generator()
            self._close_pool()
            raise CaptureError(_reason(error)) from error
        self._graphs.add(graph)
        return graph.replay

    def _free_generator(self) -> None:
        """Let the generator draw again: a failed capture leaves it waiting for the end of one.

        A copy of its state has the seed and the offset, and does not wait.
        """
        generator = torch.cuda.default_generators[self._device.index or 0]
        generator.graphsafe_set_state(generator.clone_state())

    def _close_pool(self) -> None:
        """Allocate memory as usual again, from which a failed capture keeps some versions of torch.

        Up to 2.12 they go on as if the capture were still running, and free nothing where memory
        runs short. Later versions have ended it by themselves, and say so by an error.
        """
        index = self._device.index or 0
        with suppress(RuntimeError, AttributeError):
            torch._C._cuda_endAllocateToPool(index, self._pool)
            torch._C._cuda_releasePool(index, self._pool)


def _reason(error: BaseException) -> str:
    """What went wrong first, in one line: ending a broken capture fails as well."""
    while isinstance(error.__context__, RuntimeError):
        error = error.__context__
    return first_line(error)
