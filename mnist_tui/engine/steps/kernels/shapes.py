"""MnistNet's sizes, as the kernels know them, and what all kernels are made by."""

from typing import Final

import triton
import triton.language as tl

C1: Final = tl.constexpr(32)
"""Channels that the first convolution makes of (28, 28) images: (26, 26, 32)."""
C2: Final = tl.constexpr(64)
"""Channels that the second one makes of those: (24, 24, 64), pooled to (12, 12, 64)."""
PIXELS: Final = tl.constexpr(26 * 26)
"""That the first convolution makes of an image."""
POOLED: Final = tl.constexpr(12 * 12)
"""That pooling leaves of the second one's."""
FEATURES: Final = tl.constexpr(9216)
"""All pooled pixels' channels; what the first linear layer sees."""
FIRST_SUMS: Final = tl.constexpr(32 * (9 * 1 + 1))
"""Gradients of the first convolution: nine taps of (32, 1), and the biases."""
SECOND_SUMS: Final = tl.constexpr(64 * (9 * 32 + 1))
"""Of the second one: nine taps of (64, 32), and the biases."""
HIDDEN: Final = tl.constexpr(128)
CLASSES: Final = tl.constexpr(10)
DARK: Final = tl.constexpr(4)
"""Of a pooled pixel's four places, numbered from 0, the one that it came from is kept; this says
none, since ReLU or dropout made it zero, and nothing flows back through it."""

kernel = triton.jit(
    do_not_specialize=("batch", "first_count", "count"),
    do_not_specialize_on_alignment=("labels", "rate"),
)
"""Makes a kernel that is compiled once, whatever the size of a batch and wherever it lies."""
