"""Exponential smoothing of a noisy curve, for the eye only."""

from __future__ import annotations

import math
from collections.abc import Sequence


def smooth(ys: Sequence[float], weight: float) -> tuple[float, ...]:
    """Return the debiased exponential moving average of `ys`, as TensorBoard draws it.

    The average starts at zero and is divided by `1 - weight**n` after n values, which
    takes out the pull towards that zero (Adam corrects its moments the same way: Kingma
    and Ba, 2015, section 3). Source: `resmoothDataset` in TensorBoard's
    tensorboard/components/vz_line_chart2/line-chart.ts. As there, a value that is nan or
    infinite comes back as it is and does not enter the average.

    Args:
        weight: From 0 (no smoothing) to below 1.

    Raises:
        ValueError: `weight` is outside [0, 1).
    """
    if not 0.0 <= weight < 1.0:
        raise ValueError(f"smoothing weight must be at least 0 and below 1, not {weight}")
    average, bias = 0.0, 1.0
    smoothed = []
    for y in ys:
        if math.isfinite(y):
            average = average * weight + (1.0 - weight) * y
            bias *= weight
            smoothed.append(average / (1.0 - bias))
        else:
            smoothed.append(y)
    return tuple(smoothed)
