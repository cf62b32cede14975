"""The last linear layer of a network, with the loss, forward and back."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class LastLayer(NamedTuple):
    """What comes of the hidden units, and the gradients of what is learned from."""

    loss: Tensor
    """The mean over the batch, without label smoothing."""
    output: Tensor
    """(B, classes): log-probabilities."""
    d_hidden: Tensor
    """(B, units): of the hidden units before their ReLU."""
    d_weight: Tensor
    d_bias: Tensor


def last_layer(
    hidden: Tensor, labels: Tensor, weight: Tensor, bias: Tensor, smoothing: float
) -> LastLayer:
    """Go through the last layer, and back.

    Args:
        hidden: (B, units), after ReLU.
        labels: (B,) int64.
        weight, bias: (classes, units), (classes,).
        smoothing: The part of each target that is spread over all classes.
    """
    output = torch.log_softmax(torch.addmm(bias, hidden, weight.t()), dim=1)
    spread = smoothing / len(bias)
    targets = torch.full_like(output, spread)  # what the probabilities are to be
    targets.scatter_(1, labels[:, None], 1 - smoothing + spread)
    d_scores = (output.exp() - targets).div_(len(labels))
    return LastLayer(
        loss=F.nll_loss(output, labels),
        output=output,
        d_hidden=torch.ops.aten.threshold_backward(d_scores @ weight, hidden, 0),
        d_weight=d_scores.t() @ hidden,
        d_bias=d_scores.sum(0),
    )
