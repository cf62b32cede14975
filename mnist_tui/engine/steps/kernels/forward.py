"""The forward pass: from images to the loss, and the gradient of the network's output."""

import triton
import triton.language as tl

from mnist_tui.engine.steps.kernels.shapes import (
    C1,
    C2,
    CLASSES,
    FEATURES,
    HIDDEN,
    NO_SOURCE,
    PIXELS,
    POOLED,
    kernel,
)


@kernel
def first_layer(
    images,
    weight,
    bias,
    second_weight,
    activations,
    filters,
    back_filters,
    batch,
    BLOCK: tl.constexpr,
):
    """Convolve images (B, 28, 28) and apply ReLU: `activations` (B, 26, 26, 32).

    The last programs copy the second convolution's weights (64, 32, 9) into the two layouts in
    which they are multiplied: `filters` (9, 64, 32) and `back_filters` (9, 32, 64).
    """
    program, blocks = tl.program_id(0), tl.cdiv(batch * PIXELS, BLOCK)
    if program < blocks:
        _convolve(images, weight, bias, activations, batch, BLOCK)
    else:
        _lay_out(second_weight, filters, back_filters, program - blocks)


@triton.jit
def _relu(x):
    """Keep NaN, so that it shows in the loss; `tl.maximum` would drop it."""
    return tl.where(x <= 0, 0.0, x)


@triton.jit
def _convolve(images, weight, bias, activations, batch, BLOCK: tl.constexpr):
    pixel = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < batch * PIXELS
    position = pixel % PIXELS
    corner = images + (pixel // PIXELS) * 784 + (position // 26) * 28 + position % 26
    channel = tl.arange(0, C1)
    total = tl.zeros((BLOCK, C1), tl.float32) + tl.load(bias + channel)[None, :]
    for tap in tl.static_range(9):
        gray = tl.load(corner + (tap // 3) * 28 + tap % 3, mask=inside, other=0.0)
        total += gray[:, None] * tl.load(weight + channel * 9 + tap)[None, :]
    to = activations + pixel[:, None] * C1 + channel[None, :]
    tl.store(to, _relu(total).to(activations.dtype.element_ty), mask=inside[:, None])


@triton.jit
def _lay_out(weight, filters, back_filters, block):
    item = block * 1024 + tl.arange(0, 1024)  # (9, 64, 32) are 18 times 1,024
    tap, output, channel = item // (C1 * C2), (item // C1) % C2, item % C1
    value = tl.load(weight + (output * C1 + channel) * 9 + tap).to(filters.dtype.element_ty)
    tl.store(filters + item, value)
    tl.store(back_filters + (tap * C1 + channel) * C2 + output, value)


@kernel
def second_layer(
    activations,
    filters,
    bias,
    keep_mask,
    features,
    argmax,
    batch,
    keep_probability,
    BLOCK: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Convolve `activations`, pool, apply ReLU and dropout of channels: `features` (B, 64, 144).

    Args:
        keep_mask: (B, 64) float32, 1 for each channel that dropout keeps, else 0.
        argmax: (B, 144, 64) uint8, written here: which of its four pixels each feature came from.
        keep_probability: Of each channel.
    """
    channel, output = tl.arange(0, C1), tl.arange(0, C2)
    # A block of the pooled values' first pixels, one of their second ones, and so on.
    row = tl.arange(0, 4 * BLOCK)
    corner, pooled = row // BLOCK, tl.program_id(0) * BLOCK + row % BLOCK
    position = pooled % POOLED
    pixel = (pooled // POOLED) * PIXELS + (position // 12 * 2 + corner // 2) * 26
    pixel += position % 12 * 2 + corner % 2
    at = activations + pixel[:, None] * C1 + channel[None, :]
    inside = (pooled < batch * POOLED)[:, None]
    total = tl.zeros((4 * BLOCK, C2), tl.float32)
    for tap in range(9):
        inputs = tl.load(at + (tap // 3 * 26 + tap % 3) * C1, mask=inside, other=0.0)
        filter = tl.load(filters + (output + tap * C2)[None, :] * C1 + channel[:, None])
        total = tl.dot(inputs, filter, total, input_precision=PRECISION)
    # Where all four are NaN none is greater, and the maximum is NaN.
    best, corner = tl.max(tl.reshape(total, (4, BLOCK, C2)), axis=0, return_indices=True)
    pooled = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = (pooled < batch * POOLED)[:, None]
    image = (pooled // POOLED)[:, None]
    is_kept = tl.load(keep_mask + image * C2 + output[None, :], mask=inside, other=0.0)
    value = best + tl.load(bias + output)[None, :]
    is_lit = ~(value <= 0) & (is_kept > 0)
    value = tl.where(is_lit, value / keep_probability, 0.0)
    at = features + image * FEATURES + output[None, :] * POOLED + (pooled % POOLED)[:, None]
    tl.store(at, value.to(features.dtype.element_ty), mask=inside)
    corner = tl.where(is_lit, corner, NO_SOURCE).to(tl.uint8)
    tl.store(argmax + pooled[:, None] * C2 + output[None, :], corner, mask=inside)


@kernel
def third_layer(
    features,
    weight,
    partials,
    batch,
    SLICE: tl.constexpr,
    UNITS: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Partial sums of the hidden layer, by slices of the features: `partials` (slices, B, 128)."""
    image = tl.program_id(2) * 32 + tl.arange(0, 32)
    inside = image < batch
    unit = tl.program_id(1) * UNITS + tl.arange(0, UNITS)
    total = tl.zeros((32, UNITS), tl.float32)
    for start in tl.static_range(0, SLICE, 64):
        feature = tl.program_id(0) * SLICE + start + tl.arange(0, 64)
        row = features + image[:, None] * FEATURES + feature[None, :]
        inputs = tl.load(row, mask=inside[:, None], other=0.0)
        column = tl.load(weight + unit[None, :] * FEATURES + feature[:, None])
        total = tl.dot(inputs, column.to(inputs.dtype), total, input_precision=PRECISION)
    to = partials + (tl.program_id(0) * batch + image)[:, None] * HIDDEN + unit[None, :]
    tl.store(to, total, mask=inside[:, None])


@kernel
def head(
    partials,
    third_bias,
    weight,
    bias,
    labels,
    hidden,
    outputs,
    losses,
    output_grads,
    hidden_grads,
    batch,
    smoothing,
    SLICES: tl.constexpr,
):
    """The head of one example and back: hidden layer, classes, loss, and the gradients of both.

    Args:
        partials: (SLICES, B, 128), the hidden layer's partial sums, 64 at most.
        labels: (B,) int64.
        hidden: (B, 128), after ReLU.
        outputs: (B, 10), log-probabilities.
        losses: (B,), each example's own.
        output_grads: (B, 16), of the mean loss; the first ten are used.
        hidden_grads: (B, 128), before ReLU.
        smoothing: The part of each target that is spread over all classes.
    """
    image = tl.program_id(0)
    unit, number, partial = tl.arange(0, HIDDEN), tl.arange(0, 16), tl.arange(0, 64)
    source = partials + (partial[:, None] * batch + image) * HIDDEN + unit[None, :]
    sums = tl.sum(tl.load(source, mask=(partial < SLICES)[:, None], other=0.0), axis=0)
    sums = _relu(sums + tl.load(third_bias + unit))
    tl.store(hidden + image * HIDDEN + unit, sums)
    is_class = number < CLASSES
    table = weight + number[:, None] * HIDDEN + unit[None, :]
    weights = tl.load(table, mask=is_class[:, None], other=0.0)
    scores = tl.sum(weights * sums[None, :], axis=1)
    scores += tl.load(bias + number, mask=is_class, other=float("-inf"))
    scores -= tl.max(scores, axis=0)
    scores -= tl.log(tl.sum(tl.exp(scores), axis=0))
    tl.store(outputs + image * CLASSES + number, scores, mask=is_class)
    is_label = number == tl.load(labels + image)
    tl.store(losses + image, -tl.sum(tl.where(is_label, scores, 0.0), axis=0))
    target = tl.where(is_label, 1.0 - smoothing, 0.0) + smoothing / CLASSES
    grads = tl.where(is_class, (tl.exp(scores) - target) / batch, 0.0)
    tl.store(output_grads + image * 16 + number, grads)
    back = tl.sum(weights * grads[:, None], axis=0)
    tl.store(hidden_grads + image * HIDDEN + unit, tl.where(sums > 0, back, 0.0))
