"""MnistNet's sizes for the kernels, and the decorator of all kernels."""

from typing import Final

import triton
import triton.language as tl

C1: Final = tl.constexpr(32)
"""Channels of the first convolution's output (26, 26, 32)."""
C2: Final = tl.constexpr(64)
"""Channels of the second one's output (24, 24, 64), pooled to (12, 12, 64)."""
PIXELS: Final = tl.constexpr(26 * 26)
"""Pixels of the first convolution's output."""
POOLED: Final = tl.constexpr(12 * 12)
"""Pixels of the second one's, after pooling."""
FEATURES: Final = tl.constexpr(9216)
"""Inputs of the first linear layer: the channels of all pooled pixels."""
FIRST_SUMS: Final = tl.constexpr(32 * (9 * 1 + 1))
"""Gradients of the first convolution: nine taps of (32, 1), and the biases."""
SECOND_SUMS: Final = tl.constexpr(64 * (9 * 32 + 1))
"""Of the second one: nine taps of (64, 32), and the biases."""
HIDDEN: Final = tl.constexpr(128)
CLASSES: Final = tl.constexpr(10)
NO_SOURCE: Final = tl.constexpr(4)
"""Max-pool argmax (0 to 3); 4 means no gradient: ReLU or dropout zeroed the value."""

kernel = triton.jit(
    do_not_specialize=("batch", "first_count", "count"),
    do_not_specialize_on_alignment=("labels", "lr"),
)
"""Makes a kernel that is compiled once, whatever the batch's size and alignment."""
