"""From images to the loss, and the gradient of what the network says."""

import triton
import triton.language as tl

from mnist_tui.engine.steps.kernels.shapes import (
    C1,
    C2,
    CLASSES,
    DARK,
    FEATURES,
    HIDDEN,
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
    """Convolve images (B, 28, 28) and take ReLU: `activations` (B, 26, 26, 32).

    Its last programs lay the second convolution's weights (64, 32, 9) out in the two orders in
    which they are multiplied: `filters` (9, 64, 32) and `back_filters` (9, 32, 64).
    """
    program, blocks = tl.program_id(0), tl.cdiv(batch * PIXELS, BLOCK)
    if program < blocks:
        _convolve(images, weight, bias, activations, batch, BLOCK)
    else:
        _lay_out(second_weight, filters, back_filters, program - blocks)


@triton.jit
def _relu(x):
    """What is not a number stays none, so that it is seen in the loss; `tl.maximum` drops it."""
    return tl.where(x <= 0, 0.0, x)


@triton.jit
def _convolve(images, weight, bias, activations, batch, BLOCK: tl.constexpr):
    pixel = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = pixel < batch * PIXELS
    place = pixel % PIXELS
    corner = images + (pixel // PIXELS) * 784 + (place // 26) * 28 + place % 26
    channel = tl.arange(0, C1)
    total = tl.zeros((BLOCK, C1), tl.float32) + tl.load(bias + channel)[None, :]
    for tap in tl.static_range(9):
        gray = tl.load(corner + (tap // 3) * 28 + tap % 3, mask=inside, other=0.0)
        total += gray[:, None] * tl.load(weight + channel * 9 + tap)[None, :]
    to = activations + pixel[:, None] * C1 + channel[None, :]
    tl.store(to, _relu(total).to(activations.dtype.element_ty), mask=inside[:, None])


@triton.jit
def _lay_out(weight, filters, back_filters, part):
    item = part * 1024 + tl.arange(0, 1024)  # (9, 64, 32) are 18 times 1,024
    tap, output, channel = item // (C1 * C2), (item // C1) % C2, item % C1
    value = tl.load(weight + (output * C1 + channel) * 9 + tap).to(filters.dtype.element_ty)
    tl.store(filters + item, value)
    tl.store(back_filters + (tap * C1 + channel) * C2 + output, value)


@kernel
def second_layer(
    activations,
    filters,
    bias,
    kept,
    features,
    places,
    batch,
    keep,
    BLOCK: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Convolve `activations`, pool, take ReLU and drop channels: `features` (B, 64, 144).

    Args:
        kept: (B, 64) float32, 1 for each channel that dropout keeps, else 0.
        places: (B, 144, 64) uint8; is told which of its four pixels each feature came from.
        keep: The part of all channels that is kept.
    """
    channel, output = tl.arange(0, C1), tl.arange(0, C2)
    # Block after block of the pooled values' first pixels, of their second ones, and so on.
    row = tl.arange(0, 4 * BLOCK)
    corner, pooled = row // BLOCK, tl.program_id(0) * BLOCK + row % BLOCK
    place = pooled % POOLED
    pixel = (pooled // POOLED) * PIXELS + (place // 12 * 2 + corner // 2) * 26
    pixel += place % 12 * 2 + corner % 2
    at = activations + pixel[:, None] * C1 + channel[None, :]
    inside = (pooled < batch * POOLED)[:, None]
    total = tl.zeros((4 * BLOCK, C2), tl.float32)
    for tap in range(9):
        seen = tl.load(at + (tap // 3 * 26 + tap % 3) * C1, mask=inside, other=0.0)
        filter = tl.load(filters + (output + tap * C2)[None, :] * C1 + channel[:, None])
        total = tl.dot(seen, filter, total, input_precision=PRECISION)
    # Where all four are no numbers none is greater, and what is left is none.
    best, corner = tl.max(tl.reshape(total, (4, BLOCK, C2)), axis=0, return_indices=True)
    pooled = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = (pooled < batch * POOLED)[:, None]
    image = (pooled // POOLED)[:, None]
    stays = tl.load(kept + image * C2 + output[None, :], mask=inside, other=0.0)
    value = best + tl.load(bias + output)[None, :]
    is_lit = ~(value <= 0) & (stays > 0)
    value = tl.where(is_lit, value / keep, 0.0)
    at = features + image * FEATURES + output[None, :] * POOLED + (pooled % POOLED)[:, None]
    tl.store(at, value.to(features.dtype.element_ty), mask=inside)
    corner = tl.where(is_lit, corner, DARK).to(tl.uint8)
    tl.store(places + pooled[:, None] * C2 + output[None, :], corner, mask=inside)


@kernel
def third_layer(
    features,
    weight,
    parts,
    batch,
    SLICE: tl.constexpr,
    UNITS: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """What each slice of the features adds to the hidden layer: `parts` (slices, B, 128)."""
    image = tl.program_id(2) * 32 + tl.arange(0, 32)
    inside = image < batch
    unit = tl.program_id(1) * UNITS + tl.arange(0, UNITS)
    total = tl.zeros((32, UNITS), tl.float32)
    for start in tl.static_range(0, SLICE, 64):
        feature = tl.program_id(0) * SLICE + start + tl.arange(0, 64)
        row = features + image[:, None] * FEATURES + feature[None, :]
        seen = tl.load(row, mask=inside[:, None], other=0.0)
        column = tl.load(weight + unit[None, :] * FEATURES + feature[:, None])
        total = tl.dot(seen, column.to(seen.dtype), total, input_precision=PRECISION)
    to = parts + (tl.program_id(0) * batch + image)[:, None] * HIDDEN + unit[None, :]
    tl.store(to, total, mask=inside[:, None])


@kernel
def head(
    parts,
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
    """One digit to its end and back: hidden layer, classes, loss, and the gradients of both.

    Args:
        parts: (SLICES, B, 128), the hidden layer's sums in 64 parts at most.
        labels: (B,) int64.
        hidden: (B, 128), after ReLU.
        outputs: (B, 10), log-probabilities.
        losses: (B,), each digit's own.
        output_grads: (B, 16), of the mean loss, ten of them used.
        hidden_grads: (B, 128), before ReLU.
        smoothing: The part of each target that is spread over all classes.
    """
    image = tl.program_id(0)
    unit, number, part = tl.arange(0, HIDDEN), tl.arange(0, 16), tl.arange(0, 64)
    from_ = parts + (part[:, None] * batch + image) * HIDDEN + unit[None, :]
    sums = tl.sum(tl.load(from_, mask=(part < SLICES)[:, None], other=0.0), axis=0)
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
