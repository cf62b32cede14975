"""A network as everything else uses it: images in, log-probabilities of the classes out."""

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor, nn

_SUM_TOLERANCE = 1e-3
"""How far from 1 the sum of an image's probabilities may be."""


class Output(StrEnum):
    """What the numbers are that a network gives for each image and class."""

    LOG_PROBABILITIES = "log-probabilities"
    SCORES = "scores"
    """Any numbers, the greatest for the likeliest class; also called logits."""
    PROBABILITIES = "probabilities"

    def log_probabilities(self, output: Tensor) -> Tensor:
        """Convert what a network gave, (N, classes), to float32 log-probabilities."""
        output = output.float()
        match self:
            case Output.LOG_PROBABILITIES:
                return output
            case Output.SCORES:
                return output.log_softmax(dim=1)
            case Output.PROBABILITIES:
                # A probability may have been rounded to zero, which has no logarithm.
                return output.clamp_min(torch.finfo(torch.float32).tiny).log()


def recognize(output: Tensor) -> Output:
    """Find out what a network's output, (N, classes) and finite, is.

    A softmax makes each image's numbers sum up to 1, whatever the weights; scores do that for
    several images only by a chance that need not be counted on.
    """
    values = output.detach().double()
    if (values <= _SUM_TOLERANCE).all() and _sum_to_one(values.exp()):
        return Output.LOG_PROBABILITIES
    if (values >= -_SUM_TOLERANCE).all() and _sum_to_one(values):
        return Output.PROBABILITIES
    return Output.SCORES


def _sum_to_one(values: Tensor) -> bool:
    return bool(((values.sum(dim=1) - 1).abs() < _SUM_TOLERANCE).all())


@dataclass(frozen=True, eq=False)
class Classifier:
    """A network, and how its output is to be read."""

    module: nn.Module
    in_training: Output = Output.LOG_PROBABILITIES
    """What it gives in train mode."""
    in_eval: Output = Output.LOG_PROBABILITIES
    """What it gives in eval mode: some networks have a softmax only there."""

    def __call__(self, images: Tensor) -> Tensor:
        """Run the network.

        Args:
            images: (N, 1, 28, 28) float32 in [0, 1].

        Returns:
            (N, classes) float32, the logarithms of the classes' probabilities.
        """
        output = self.in_training if self.module.training else self.in_eval
        return output.log_probabilities(self.module(images))
