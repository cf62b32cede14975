"""Chunks: batches that are launched at once, by replaying a captured CUDA graph.

Without a recorder a chunk is one batch. With one, an epoch is cut at every so many batches,
and each chunk of the same shape is a replay of one captured graph. There is no other difference:
a chunk's numbers are those of its batches one by one.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import torch
from torch import Tensor

from mnist_tui.data.device_split import DeviceSplit
from mnist_tui.engine.cuda.graphs import CaptureBody, CaptureError, GraphRecorder
from mnist_tui.engine.steps.base import Step

MAX_BATCHES: Final = 24
"""The batches of a chunk, at most.

Capturing a graph takes the time of as many launched steps, and launching a chunk takes a fiftieth
of its time, beside the device's work.
"""
MAX_SAMPLES: Final = 2048
"""The examples of a chunk, at most, if that leaves it a batch: large batches take longer."""
MAX_QUEUED: Final = 3
"""The chunks that are queued on the device, at most, when the next one is launched.

Enough that the device does not run out of work where Python's other threads keep the training
thread waiting, for 5 ms as a rule: at 80 us per step three chunks are 6 ms. And few enough that
requests, which are answered between two chunks, are answered within 50 ms on slower devices.
"""


def chunk_length(batch_size: int) -> int:
    """The number of batches of that size in one graph."""
    return max(1, min(MAX_BATCHES, MAX_SAMPLES // batch_size))


def max_queued(samples: int) -> int:
    """The number of chunks with `samples` examples that are queued, at most, before another."""
    return max(1, min(MAX_QUEUED, MAX_QUEUED * MAX_SAMPLES // samples))


class LearningRates:
    """The learning-rate table of a chunk's steps.

    A graph repeats what it was captured with, so that what may change must be in memory that it
    reads: there the learning rates are a table on the device, with an entry for each step. On
    CUDA it is always so, since the optimizer there rounds an entry to float32, and steps in and
    outside of graphs must not differ.
    """

    def __init__(self, count: int, device: torch.device, *, is_table: bool) -> None:
        self._values: tuple[float, ...] = ()
        self._table: Tensor | None = None
        if is_table:
            dtype = torch.float32 if device.type == "cuda" else torch.float64
            self._table = torch.zeros(count, dtype=dtype, device=device)

    def write(self, values: Sequence[float]) -> None:
        """Let the steps that are launched from now on use these, one each."""
        if self._values == (values := tuple(values)):
            return
        self._values = values
        if self._table is not None:
            # Queued behind the steps before; the host's copy is made at once.
            self._table.copy_(torch.tensor(values, dtype=self._table.dtype), non_blocking=True)

    def __iter__(self) -> Iterator[float | Tensor]:
        return iter(self._values if self._table is None else self._table.unbind())


class Chunk:
    """The chunks of one shape: preallocated memory, and the steps on it."""

    def __init__(
        self,
        step: Step,
        split: DeviceSplit,
        batch_size: int,
        shape: tuple[int, int],
        *,
        is_table: bool,
    ) -> None:
        """
        Args:
            step: Takes one of the steps.
            split: The training examples, on the device.
            batch_size: Of each batch but the last, which may be smaller.
            shape: How many batches, and how many examples in all.
            is_table: Whether learning rates are read from a table on the device.
        """
        (batches, samples), device = shape, split.labels.device
        self._step, self._split, self._batch_size = step, split, batch_size
        self._indices = torch.zeros(samples, dtype=torch.int64, device=device)
        self._lrs = LearningRates(batches, device, is_table=is_table)
        self.losses = torch.zeros(batches, device=device)
        """(K,) float32: mean losses per sample of the batches trained last."""
        self.hits = torch.zeros(samples, dtype=torch.bool, device=device)
        """(N,) bool: which of their examples were predicted right, each before its step."""
        self.replay: CaptureBody | None = None
        """Repeats the steps from a graph; None: they are launched."""

    def work(self) -> None:
        """Take a step on each of the batches that follow one another in the indices.

        Nothing here waits for the device, and nothing depends on values that the device does not
        have, so that it can be captured in a graph. What can be done for all batches at once is:
        on a GPU a small kernel costs as much as a larger one.
        """
        images, labels = self._split.gather(self._indices)
        batch_losses, outputs = [], []
        size = self._batch_size
        batches = zip(torch.split(images, size), torch.split(labels, size), self._lrs, strict=True)
        for batch_images, batch_labels, lr in batches:
            loss, output = self._step(batch_images, batch_labels, lr)
            batch_losses.append(loss)
            outputs.append(output)
        torch.stack(batch_losses, out=self.losses)
        torch.eq(torch.cat(outputs).argmax(dim=1), labels, out=self.hits)

    def take(self, indices: Tensor, lrs: Sequence[float]) -> None:
        """Take a step on each batch in `indices` (N,); replaces losses and hits."""
        self._indices.copy_(indices)
        self._lrs.write(lrs)
        (self.replay or self.work)()


class GraphedSteps:
    """Takes chunks of steps, from captured graphs where there is a recorder. Training thread only.

    A shape's first chunk is launched step by step: that is the warm-up, in which libraries choose
    their kernels and the optimizer makes its state. The second is captured, which computes
    nothing by itself, and replayed. Where capturing fails, every step is launched from then on.
    """

    def __init__(
        self,
        step: Step,
        split: DeviceSplit,
        batch_size: int,
        batches: int,
        recorder: GraphRecorder | None,
        warn: Callable[[str], None],
    ) -> None:
        self._recorder = recorder
        self._warn = warn
        self._length = chunk_length(batch_size) if recorder else 1
        self._batches = batches
        self._device = split.labels.device
        is_table = recorder is not None or self._device.type == "cuda"
        self._make_chunk = partial(Chunk, step, split, batch_size, is_table=is_table)
        self._chunks: dict[tuple[int, int], Chunk] = {}
        """By number of batches and of samples."""
        self._queued: deque[torch.cuda.Event] = deque()

    def stop_after(self, start: int) -> int:
        """Where the chunk ends that begins at batch `start` of an epoch.

        Chunks begin at multiples of their length. A run that is resumed in between gets there
        batch by batch, so that there are never more than a few shapes.
        """
        is_on_grid = start % self._length == 0
        return min(start + self._length, self._batches) if is_on_grid else start + 1

    def take(self, indices: Tensor, lrs: Sequence[float]) -> Chunk:
        """Take a step on each batch in `indices`; return the chunk with its losses and hits.

        Waits for the device while that has enough to do.

        Args:
            indices: (N,) int64 on the device.
            lrs: The learning rate of each of the K batches.
        """
        shape = len(lrs), len(indices)
        chunk = self._chunks.get(shape)
        if chunk is None:
            chunk = self._chunks[shape] = self._make_chunk(shape)
        elif self._recorder is not None and chunk.replay is None:
            self._record(chunk, self._recorder)
        chunk.take(indices, lrs)
        self._keep_pace(len(indices))
        return chunk

    def forget(self) -> None:
        """Drop all graphs: the optimizer's state is elsewhere in memory now."""
        self._chunks.clear()

    def _record(self, chunk: Chunk, recorder: GraphRecorder) -> None:
        try:
            chunk.replay = recorder(chunk.work)
        except CaptureError as error:
            self._recorder = None
            self._length = 1
            self._chunks = {
                shape: kept for shape, kept in self._chunks.items() if kept.replay is None
            }
            self._warn(
                f"the steps could not be captured in a CUDA graph ({error}); "
                "training goes on batch by batch, which is slower"
            )

    def _keep_pace(self, samples: int) -> None:
        """Keep no more than a few chunks like the last one queued on the device.

        Python could launch hundreds of chunks ahead, and a pause would wait for them all.
        """
        if self._device.type != "cuda":
            return
        # A blocking event: the thread sleeps meanwhile, and leaves its core to the dashboard.
        event = torch.cuda.Event(blocking=True)
        event.record(torch.cuda.current_stream(self._device))
        self._queued.append(event)
        while len(self._queued) > max_queued(samples):
            self._queued.popleft().synchronize()  # waits for the device: for chunks before
