"""Time around work that may go on on a device after the call has returned."""

import time
from collections.abc import Callable

import torch


def timed(work: Callable[[], object], device: str | torch.device) -> float:
    """Seconds that `work` takes, the device's part included."""
    _wait_for(torch.device(device))
    started = time.perf_counter()
    work()
    _wait_for(torch.device(device))
    return time.perf_counter() - started


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
