"""Losses and right predictions on their way from the device."""

import torch
from torch import Tensor


class Readback:
    """Copies the figures of some batches from the device. Training thread only.

    From CUDA they are copied beside the queued work, which need not wait for them; from other
    devices they are copied when `result` is called.
    """

    def __init__(self, losses: Tensor, hits: Tensor) -> None:
        """Request them as they are at this point of the device's work.

        Args:
            losses: (K,) float32, each batch's mean loss per sample.
            hits: (N,) bool, which of their examples were predicted right.
        """
        self._losses, self._correct = losses, hits.sum()
        self._event: torch.cuda.Event | None = None
        if losses.is_cuda:
            self._losses, self._correct = _copy_to_host(losses), _copy_to_host(self._correct)
            # A blocking event: a thread that waits for it sleeps, and leaves its core.
            self._event = torch.cuda.Event(blocking=True)
            self._event.record(torch.cuda.current_stream(losses.device))

    @property
    def is_here(self) -> bool:
        """Whether `result` need not wait for work that was queued earlier."""
        return self._event is None or bool(self._event.query())

    def result(self) -> tuple[list[float], int]:
        """The mean losses, and how many predictions were right. Waits for the device."""
        if self._event is not None:
            self._event.synchronize()
        losses: list[float] = self._losses.tolist()
        return losses, int(self._correct)


def _copy_to_host(tensor: Tensor) -> Tensor:
    """A copy on the host that is complete once the device has come to this point of its work."""
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    return host.copy_(tensor, non_blocking=True)
