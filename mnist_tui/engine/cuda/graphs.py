"""Recording work into a CUDA graph, which the device then repeats without Python."""

from collections.abc import Callable
from contextlib import suppress
from weakref import WeakSet

import torch

CaptureBody = Callable[[], None]
"""Work on tensors that stay where they are: it takes none, gives none, and waits for nothing."""

GraphRecorder = Callable[[CaptureBody], CaptureBody]
"""Records what some work would do, without doing it; calling what it gives does it.

Raises CaptureError when the work cannot be recorded. Nothing has been done then, and the
work can be done as it is.
"""


class CaptureError(Exception):
    """Some work could not be recorded; the message says why, in one line."""


def recorder_for(device: torch.device) -> GraphRecorder | None:
    """What records work on `device`; None where work is only ever done as it is."""
    return _GraphRecorder(device) if device.type == "cuda" else None


class _GraphRecorder:
    """Records into CUDA graphs. One thread, and no other work on the device meanwhile.

    Random numbers come out as without a graph. While a graph is recorded, a kernel that
    draws is given its distance from the graph's start instead of the generator's offset;
    each replay first writes the generator's seed and offset where the graph's kernels read
    them, and then moves the generator on, on the host, by as much as all of them take. So a
    kernel draws at the same offset however the steps are cut into graphs, and
    `torch.cuda.get_rng_state` is right as soon as a replay has been asked for. (PyTorch,
    "CUDA Graph-safe RNG states" in ATen/cuda/CUDAGeneratorImpl.h.)
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._graphs: WeakSet[torch.cuda.CUDAGraph] = WeakSet()
        """Those that can still be replayed."""
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, work: CaptureBody) -> CaptureBody:
        """As in Recorder. Waits for the device."""
        graph = torch.cuda.CUDAGraph()
        # One pool of memory for all graphs: only one runs at a time, and none leaves a result
        # in it that another could overwrite. But torch takes no pool up again whose graphs are
        # gone while gradients still lie in it.
        if not self._graphs:
            self._pool = torch.cuda.graph_pool_handle()
        try:
            # Where a recording fails, some versions of torch stay on its stream.
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
        """Let the generator draw again: a failed recording leaves it waiting for the end of one.

        A copy of its state has the seed and the offset, and does not wait.
        """
        generator = torch.cuda.default_generators[self._device.index or 0]
        generator.graphsafe_set_state(generator.clone_state())

    def _close_pool(self) -> None:
        """Let memory be taken as usual again, which a failed recording keeps from some torches.

        They go on as if it were still recorded, up to 2.12, and what is to be freed where memory
        runs short is not. Later ones have ended that by themselves, and say so by an error.
        """
        index = self._device.index or 0
        with suppress(RuntimeError, AttributeError):
            torch._C._cuda_endAllocateToPool(index, self._pool)
            torch._C._cuda_releasePool(index, self._pool)


def _reason(error: BaseException) -> str:
    """What went wrong first, in one line: ending a broken recording fails as well."""
    while isinstance(error.__context__, RuntimeError):
        error = error.__context__
    return (str(error).strip() or type(error).__name__).splitlines()[0]
