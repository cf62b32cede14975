"""From the gradient of what the network says to the gradients of all weights."""

import triton
import triton.language as tl

from mnist_tui.engine.steps.kernels.shapes import (
    C1,
    C2,
    CLASSES,
    DARK,
    FEATURES,
    FIRST_SUMS,
    HIDDEN,
    PIXELS,
    POOLED,
    SECOND_SUMS,
    kernel,
)


@triton.jit
def _learn(parameter, grad, place, value, rate, mask, UPDATE: tl.constexpr):
    """Take a step along a gradient at once, or keep it for an optimizer."""
    if UPDATE:
        held = tl.load(parameter + place, mask=mask)
        tl.store(parameter + place, held - tl.load(rate) * value, mask=mask)
    else:
        tl.store(grad + place, value, mask=mask)


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
    rate,
    feature_grads,
    loss,
    batch,
    keep,
    UPDATE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Back through both linear layers: their weights learn, and `feature_grads` (B, 144, 64).

    Each program has 64 features, and what of the weight (128, 9216) belongs to them. The last
    one has all that is small, and makes the mean `loss` of the digits' `losses`.
    """
    if tl.program_id(0) < FEATURES // 64:
        _third_layer_learns(
            features,
            hidden_grads,
            third_weight,
            third_weight_grad,
            rate,
            feature_grads,
            batch,
            keep,
            UPDATE,
            PRECISION,
        )
    else:
        _head_learns(
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
            rate,
            loss,
            batch,
            UPDATE,
            PRECISION,
        )


@triton.jit
def _third_layer_learns(
    features,
    hidden_grads,
    weight,
    weight_grad,
    rate,
    feature_grads,
    batch,
    keep,
    UPDATE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    unit, feature = tl.arange(0, HIDDEN), tl.program_id(0) * 64 + tl.arange(0, 64)
    channel, place = feature // POOLED, feature % POOLED
    table = unit[:, None] * FEATURES + feature[None, :]
    kind = features.dtype.element_ty
    held = tl.load(weight + table).to(kind)
    total = tl.zeros((HIDDEN, 64), tl.float32)
    for start in tl.range(0, batch, 32, num_stages=1):
        image = start + tl.arange(0, 32)
        inside = (image < batch)[:, None]
        row = hidden_grads + image[:, None] * HIDDEN + unit[None, :]
        above = tl.load(row, mask=inside, other=0.0).to(kind)
        row = features + image[:, None] * FEATURES + feature[None, :]
        seen = tl.load(row, mask=inside, other=0.0)
        back = tl.dot(above, held, input_precision=PRECISION) / keep
        to = feature_grads + (image[:, None] * POOLED + place[None, :]) * C2 + channel[None, :]
        tl.store(to, back.to(kind), mask=inside)
        total = tl.dot(tl.trans(above), seen, total, input_precision=PRECISION)
    _learn(weight, weight_grad, table, total, rate, unit[:, None] >= 0, UPDATE)


@triton.jit
def _head_learns(
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
    rate,
    loss,
    batch,
    UPDATE: tl.constexpr,
    PRECISION: tl.constexpr,
):
    unit, number = tl.arange(0, HIDDEN), tl.arange(0, 16)
    total = tl.zeros((16, HIDDEN), tl.float32)
    above_sum = tl.zeros((16,), tl.float32)
    hidden_sum = tl.zeros((HIDDEN,), tl.float32)
    loss_sum = tl.zeros((1,), tl.float32)
    for start in tl.range(0, batch, 32, num_stages=1):
        image = start + tl.arange(0, 32)
        inside = image < batch
        row = output_grads + image[:, None] * 16 + number[None, :]
        above = tl.load(row, mask=inside[:, None], other=0.0)
        row = hidden + image[:, None] * HIDDEN + unit[None, :]
        seen = tl.load(row, mask=inside[:, None], other=0.0)
        total = tl.dot(tl.trans(above), seen, total, input_precision=PRECISION)
        above_sum += tl.sum(above, axis=0)
        row = hidden_grads + image[:, None] * HIDDEN + unit[None, :]
        hidden_sum += tl.sum(tl.load(row, mask=inside[:, None], other=0.0), axis=0)
        loss_sum += tl.sum(tl.load(losses + image, mask=inside, other=0.0), axis=0)
    is_class = number < CLASSES
    table = number[:, None] * HIDDEN + unit[None, :]
    _learn(weight, weight_grad, table, total, rate, is_class[:, None], UPDATE)
    _learn(bias, bias_grad, number, above_sum, rate, is_class, UPDATE)
    _learn(third_bias, third_bias_grad, unit, hidden_sum, rate, unit >= 0, UPDATE)
    tl.store(loss + tl.arange(0, 1), loss_sum / batch)


@triton.jit
def _above(feature_grads, places, image, y, x, inside):
    """The gradients (N, 64) of the second convolution's pixels, each at (y, x) of its image.

    Of a pooled value's four pixels the one that it came from has its gradient.
    """
    channel = tl.arange(0, C2)
    pooled = image * POOLED + (y // 2) * 12 + x // 2
    corner = (y % 2) * 2 + x % 2
    at = pooled[:, None] * C2 + channel[None, :]
    place = tl.load(places + at, mask=inside[:, None], other=DARK)
    flows = inside[:, None] & (place.to(tl.int32) == corner[:, None])
    return tl.load(feature_grads + at, mask=flows, other=0.0)


@kernel
def first_convolution(
    feature_grads,
    places,
    back_filters,
    activations,
    images,
    parts,
    batch,
    PRECISION: tl.constexpr,
):
    """Back through the second convolution to the first one's weights.

    Args:
        parts: (programs, FIRST_SUMS), as `convolutions` takes them, by blocks of 64 pixels.
    """
    program = tl.program_id(0)
    pixel = program * 64 + tl.arange(0, 64)
    inside = pixel < batch * PIXELS
    image, place = pixel // PIXELS, pixel % PIXELS
    y, x = place // 26, place % 26
    channel, output = tl.arange(0, C1), tl.arange(0, C2)
    total = tl.zeros((64, C1), tl.float32)
    for tap in tl.static_range(9):
        to_y, to_x = y - tap // 3, x - tap % 3
        is_made = inside & (to_y >= 0) & (to_y < 24) & (to_x >= 0) & (to_x < 24)
        above = _above(feature_grads, places, image, to_y, to_x, is_made)
        filter = tl.load(back_filters + (channel + tap * C1)[None, :] * C2 + output[:, None])
        total = tl.dot(above, filter, total, input_precision=PRECISION)
    row = activations + pixel[:, None] * C1 + channel[None, :]
    total = tl.where(tl.load(row, mask=inside[:, None], other=0.0) > 0, total, 0.0)
    corner = images + image * 784 + y * 28 + x
    to = parts + program * FIRST_SUMS + channel
    for tap in tl.static_range(9):
        gray = tl.load(corner + (tap // 3) * 28 + tap % 3, mask=inside, other=0.0)
        tl.store(to + tap * C1, tl.sum(total * gray[:, None], axis=0))
    tl.store(to + 9 * C1, tl.sum(total, axis=0))


@kernel
def second_convolution(
    feature_grads,
    places,
    activations,
    parts,
    batch,
    BLOCK: tl.constexpr,
    BLOCKS: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """What so many blocks of pixels add to the gradients of the second convolution.

    Args:
        parts: (programs, SECOND_SUMS), as `convolutions` takes them; a program in the first
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
        image, place = pixel // 576, pixel % 576
        y, x = place // 24, place % 24
        above = _above(feature_grads, places, image, y, x, inside)
        bias += tl.sum(above.to(tl.float32), axis=0)
        above = tl.trans(above)
        seen = image * PIXELS + (y + row) * 26 + x
        at = activations + seen[:, None] * C1 + channel[None, :]
        first = tl.load(at, mask=inside[:, None], other=0.0)
        second = tl.load(at + C1, mask=inside[:, None], other=0.0)
        third = tl.load(at + 2 * C1, mask=inside[:, None], other=0.0)
        left = tl.dot(above, first, left, input_precision=PRECISION)
        middle = tl.dot(above, second, middle, input_precision=PRECISION)
        right = tl.dot(above, third, right, input_precision=PRECISION)
    to = parts + program * SECOND_SUMS
    at = to + output[:, None] * C1 + channel[None, :] + row * 3 * C1 * C2
    tl.store(at, left)
    tl.store(at + C1 * C2, middle)
    tl.store(at + 2 * C1 * C2, right)
    if row == 0:
        tl.store(to + 9 * C1 * C2 + output, bias)


@kernel
def convolutions(
    first_parts,
    parts,
    first_weight,
    first_bias,
    weight,
    bias,
    first_weight_grad,
    first_bias_grad,
    weight_grad,
    bias_grad,
    rate,
    first_count,
    count,
    UPDATE: tl.constexpr,
):
    """Add the parts of both convolutions' gradients up, and let their weights learn.

    Args:
        first_parts: (first_count, FIRST_SUMS).
        parts: (count, SECOND_SUMS). A program adds up 16 of either.
    """
    program = tl.program_id(0)
    if program < SECOND_SUMS // 16:
        _convolution_learns(
            parts, weight, bias, weight_grad, bias_grad, rate, count, program, C2, C1, UPDATE
        )
    else:
        _convolution_learns(
            first_parts,
            first_weight,
            first_bias,
            first_weight_grad,
            first_bias_grad,
            rate,
            first_count,
            program - SECOND_SUMS // 16,
            C1,
            1,
            UPDATE,
        )


@triton.jit
def _convolution_learns(
    parts,
    weight,
    bias,
    weight_grad,
    bias_grad,
    rate,
    count,
    program,
    OUT: tl.constexpr,
    IN: tl.constexpr,
    UPDATE: tl.constexpr,
):
    item = program * 16 + tl.arange(0, 16)
    total = tl.zeros((16,), tl.float32)
    for start in range(0, count, 128):
        part = start + tl.arange(0, 128)
        at = parts + part[:, None] * (OUT * (9 * IN + 1)) + item[None, :]
        total += tl.sum(tl.load(at, mask=(part < count)[:, None], other=0.0), axis=0)
    tap, output, channel = item // (OUT * IN), (item // IN) % OUT, item % IN
    at = (output * IN + channel) * 9 + tap
    _learn(weight, weight_grad, at, total, rate, tap < 9, UPDATE)
    at = item - 9 * OUT * IN
    _learn(bias, bias_grad, at, total, rate, at >= 0, UPDATE)
