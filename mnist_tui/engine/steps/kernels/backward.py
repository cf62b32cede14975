"""The backward pass: from the gradient of the network's output to those of all weights."""

import triton
import triton.language as tl

from mnist_tui.engine.steps.kernels.shapes import (
    C1,
    C2,
    CLASSES,
    FEATURES,
    FIRST_SUMS,
    HIDDEN,
    NO_SOURCE,
    PIXELS,
    POOLED,
    SECOND_SUMS,
    kernel,
)


@triton.jit
def _update(parameter, grad, item, value, lr, mask, UPDATE: tl.constexpr):
    """Update a parameter by its gradient at once, or store the gradient for an optimizer."""
    if UPDATE:
        weight = tl.load(parameter + item, mask=mask)
        tl.store(parameter + item, weight - tl.load(lr) * value, mask=mask)
    else:
        tl.store(grad + item, value, mask=mask)


@kernel
def linear_layers(
    features,
    hidden,
    output_grads,
    hidden_grads,
    losses,
    third_weight,
    third_bias,
    weight,
    bias,
    third_weight_grad,
    third_bias_grad,
    weight_grad,
    bias_grad,
    lr,
    feature_grads,
    loss,
    batch,
    keep_probability,
    UPDATE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Back through both linear layers: update them, and make `feature_grads` (B, 144, 64).

    Each program has 64 features and their columns of the weight (128, 9216). The last one has
    all that is small, and computes the mean `loss` of the examples' `losses`.
    """
    if tl.program_id(0) < FEATURES // 64:
        _update_third_layer(
            features,
            hidden_grads,
            third_weight,
            third_weight_grad,
            lr,
            feature_grads,
            batch,
            keep_probability,
            UPDATE,
            PRECISION,
        )
    else:
        _update_head(
            hidden,
            output_grads,
            hidden_grads,
            losses,
            third_bias,
            weight,
            bias,
            third_bias_grad,
            weight_grad,
            bias_grad,
            lr,
            loss,
            batch,
            UPDATE,
            PRECISION,
        )


@triton.jit
def _update_third_layer(
    features,
    hidden_grads,
    weight,
    weight_grad,
    lr,
    feature_grads,
    batch,
    keep_probability,
    UPDATE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    unit, feature = tl.arange(0, HIDDEN), tl.program_id(0) * 64 + tl.arange(0, 64)
    channel, position = feature // POOLED, feature % POOLED
    table = unit[:, None] * FEATURES + feature[None, :]
    kind = features.dtype.element_ty
    weights = tl.load(weight + table).to(kind)
    total = tl.zeros((HIDDEN, 64), tl.float32)
    for start in tl.range(0, batch, 32, num_stages=1):
        image = start + tl.arange(0, 32)
        inside = (image < batch)[:, None]
        row = hidden_grads + image[:, None] * HIDDEN + unit[None, :]
        upstream_grad = tl.load(row, mask=inside, other=0.0).to(kind)
        row = features + image[:, None] * FEATURES + feature[None, :]
        inputs = tl.load(row, mask=inside, other=0.0)
        grad = tl.dot(upstream_grad, weights, input_precision=PRECISION) / keep_probability
        to = feature_grads + (image[:, None] * POOLED + position[None, :]) * C2 + channel[None, :]
        tl.store(to, grad.to(kind), mask=inside)
        total = tl.dot(tl.trans(upstream_grad), inputs, total, input_precision=PRECISION)
    _update(weight, weight_grad, table, total, lr, unit[:, None] >= 0, UPDATE)


@triton.jit
def _update_head(
    hidden,
    output_grads,
    hidden_grads,
    losses,
    third_bias,
    weight,
    bias,
    third_bias_grad,
    weight_grad,
    bias_grad,
    lr,
    loss,
    batch,
    UPDATE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    unit, number = tl.arange(0, HIDDEN), tl.arange(0, 16)
    total = tl.zeros((16, HIDDEN), tl.float32)
    upstream_sum = tl.zeros((16,), tl.float32)
    hidden_sum = tl.zeros((HIDDEN,), tl.float32)
    loss_sum = tl.zeros((1,), tl.float32)
    for start in tl.range(0, batch, 32, num_stages=1):
        image = start + tl.arange(0, 32)
        inside = image < batch
        row = output_grads + image[:, None] * 16 + number[None, :]
        upstream_grad = tl.load(row, mask=inside[:, None], other=0.0)
        row = hidden + image[:, None] * HIDDEN + unit[None, :]
        inputs = tl.load(row, mask=inside[:, None], other=0.0)
        total = tl.dot(tl.trans(upstream_grad), inputs, total, input_precision=PRECISION)
        upstream_sum += tl.sum(upstream_grad, axis=0)
        row = hidden_grads + image[:, None] * HIDDEN + unit[None, :]
        hidden_sum += tl.sum(tl.load(row, mask=inside[:, None], other=0.0), axis=0)
        loss_sum += tl.sum(tl.load(losses + image, mask=inside, other=0.0), axis=0)
    is_class = number < CLASSES
    table = number[:, None] * HIDDEN + unit[None, :]
    _update(weight, weight_grad, table, total, lr, is_class[:, None], UPDATE)
    _update(bias, bias_grad, number, upstream_sum, lr, is_class, UPDATE)
    _update(third_bias, third_bias_grad, unit, hidden_sum, lr, unit >= 0, UPDATE)
    tl.store(loss + tl.arange(0, 1), loss_sum / batch)


@triton.jit
def _upstream_grad(feature_grads, argmax, image, y, x, inside):
    """The gradients (N, 64) of the second convolution's pixels, each at (y, x) of its image.

    Of the four pixels of a pooled value, the one that it came from has its gradient.
    """
    channel = tl.arange(0, C2)
    pooled = image * POOLED + (y // 2) * 12 + x // 2
    corner = (y % 2) * 2 + x % 2
    at = pooled[:, None] * C2 + channel[None, :]
    source = tl.load(argmax + at, mask=inside[:, None], other=NO_SOURCE)
    flows = inside[:, None] & (source.to(tl.int32) == corner[:, None])
    return tl.load(feature_grads + at, mask=flows, other=0.0)


@kernel
def first_convolution(
    feature_grads,
    argmax,
    back_filters,
    activations,
    images,
    partials,
    batch,
    PRECISION: tl.constexpr,
):
    """Back through the second convolution to the first one's weights.

    Args:
        partials: (programs, FIRST_SUMS), as `convolutions` takes them, by blocks of 64 pixels.
    """
    program = tl.program_id(0)
    pixel = program * 64 + tl.arange(0, 64)
    inside = pixel < batch * PIXELS
    image, position = pixel // PIXELS, pixel % PIXELS
    y, x = position // 26, position % 26
    channel, output = tl.arange(0, C1), tl.arange(0, C2)
    total = tl.zeros((64, C1), tl.float32)
    for tap in tl.static_range(9):
        to_y, to_x = y - tap // 3, x - tap % 3
        is_made = inside & (to_y >= 0) & (to_y < 24) & (to_x >= 0) & (to_x < 24)
        upstream_grad = _upstream_grad(feature_grads, argmax, image, to_y, to_x, is_made)
        filter = tl.load(back_filters + (channel + tap * C1)[None, :] * C2 + output[:, None])
        total = tl.dot(upstream_grad, filter, total, input_precision=PRECISION)
    row = activations + pixel[:, None] * C1 + channel[None, :]
    total = tl.where(tl.load(row, mask=inside[:, None], other=0.0) > 0, total, 0.0)
    corner = images + image * 784 + y * 28 + x
    to = partials + program * FIRST_SUMS + channel
    for tap in tl.static_range(9):
        gray = tl.load(corner + (tap // 3) * 28 + tap % 3, mask=inside, other=0.0)
        tl.store(to + tap * C1, tl.sum(total * gray[:, None], axis=0))
    tl.store(to + 9 * C1, tl.sum(total, axis=0))


@kernel
def second_convolution(
    feature_grads,
    argmax,
    activations,
    partials,
    batch,
    BLOCK: tl.constexpr,
    BLOCKS: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Partial sums of the second convolution's gradients, over some blocks of pixels.

    Args:
        partials: (programs, SECOND_SUMS), as `convolutions` takes them; a program in the first
            dimension has some pixels, and in the second one row of three taps.
    """
    program, row = tl.program_id(0), tl.program_id(1)
    channel, output = tl.arange(0, C1), tl.arange(0, C2)
    left = tl.zeros((C2, C1), tl.float32)
    middle = tl.zeros((C2, C1), tl.float32)
    right = tl.zeros((C2, C1), tl.float32)
    bias = tl.zeros((C2,), tl.float32)
    for block in range(BLOCKS):
        pixel = (program * BLOCKS + block) * BLOCK + tl.arange(0, BLOCK)
        inside = pixel < batch * 576
        image, position = pixel // 576, pixel % 576
        y, x = position // 24, position % 24
        upstream_grad = _upstream_grad(feature_grads, argmax, image, y, x, inside)
        bias += tl.sum(upstream_grad.to(tl.float32), axis=0)
        upstream_grad = tl.trans(upstream_grad)
        inputs = image * PIXELS + (y + row) * 26 + x
        at = activations + inputs[:, None] * C1 + channel[None, :]
        first = tl.load(at, mask=inside[:, None], other=0.0)
        second = tl.load(at + C1, mask=inside[:, None], other=0.0)
        third = tl.load(at + 2 * C1, mask=inside[:, None], other=0.0)
        left = tl.dot(upstream_grad, first, left, input_precision=PRECISION)
        middle = tl.dot(upstream_grad, second, middle, input_precision=PRECISION)
        right = tl.dot(upstream_grad, third, right, input_precision=PRECISION)
    to = partials + program * SECOND_SUMS
    at = to + output[:, None] * C1 + channel[None, :] + row * 3 * C1 * C2
    tl.store(at, left)
    tl.store(at + C1 * C2, middle)
    tl.store(at + 2 * C1 * C2, right)
    if row == 0:
        tl.store(to + 9 * C1 * C2 + output, bias)


@kernel
def convolutions(
    first_partials,
    partials,
    first_weight,
    first_bias,
    weight,
    bias,
    first_weight_grad,
    first_bias_grad,
    weight_grad,
    bias_grad,
    lr,
    first_count,
    count,
    UPDATE: tl.constexpr,
):
    """Sum the partials of both convolutions' gradients, and update their weights.

    Args:
        first_partials: (first_count, FIRST_SUMS).
        partials: (count, SECOND_SUMS). A program adds up 16 of either.
    """
    program = tl.program_id(0)
    if program < SECOND_SUMS // 16:
        _update_convolution(
            partials, weight, bias, weight_grad, bias_grad, lr, count, program, C2, C1, UPDATE
        )
    else:
        _update_convolution(
            first_partials,
            first_weight,
            first_bias,
            first_weight_grad,
            first_bias_grad,
            lr,
            first_count,
            program - SECOND_SUMS // 16,
            C1,
            1,
            UPDATE,
        )


@triton.jit
def _update_convolution(
    partials,
    weight,
    bias,
    weight_grad,
    bias_grad,
    lr,
    count,
    program,
    OUT: tl.constexpr,
    IN: tl.constexpr,
    UPDATE: tl.constexpr,
):
    item = program * 16 + tl.arange(0, 16)
    total = tl.zeros((16,), tl.float32)
    for start in range(0, count, 128):
        partial = start + tl.arange(0, 128)
        at = partials + partial[:, None] * (OUT * (9 * IN + 1)) + item[None, :]
        total += tl.sum(tl.load(at, mask=(partial < count)[:, None], other=0.0), axis=0)
    tap, output, channel = item // (OUT * IN), (item // IN) % OUT, item % IN
    at = (output * IN + channel) * 9 + tap
    _update(weight, weight_grad, at, total, lr, tap < 9, UPDATE)
    at = item - 9 * OUT * IN
    _update(bias, bias_grad, at, total, lr, at >= 0, UPDATE)
