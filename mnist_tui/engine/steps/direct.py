"""A training step of MnistNet on a CPU, forward and back, without autograd."""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.config import TrainConfig
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.models.mnist_net import MnistNet, channels_last

_ATEN: Final = torch.ops.aten
"""PyTorch's operations by the names that autograd calls them by."""
_MEAN: Final = 1
"""ATen's code for a loss that is the mean over the batch."""
_IGNORED: Final = -100
"""The label that PyTorch ignores by default; no example has it."""


class DirectStep(AutogradStep):
    """Takes the steps that AutogradStep takes, bit for bit, and sooner.

    It calls the operations that autograd would call on the same numbers, but records no graph,
    looks up no precision for each, and has every gradient in the layout in which the next
    operation is fast. Tensors are freed as soon as they are not needed any more, as autograd does:
    with large batches each of the activations takes hundreds of megabytes.
    """

    def __init__(
        self,
        model: MnistNet,
        optimizer: torch.optim.Optimizer,
        config: TrainConfig,
        device: torch.device,
        precision: str,
    ) -> None:
        """As AutogradStep.

        Raises:
            ValueError: When `config` smooths labels, or the device is no CPU.
        """
        if config.label_smoothing or device.type != "cpu":
            raise ValueError("direct steps are for a CPU, and smooth no labels")
        super().__init__(model, optimizer, config, device, precision)
        self._keep = 1.0 - model.dropout.p
        self._dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._d_loss = torch.ones((), device=device)

    @torch.no_grad()
    def differentiate(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """As AutogradStep's, of a model in train mode."""
        dtype = self._dtype
        w1, b1, w2, b2, w3, b3, w4, b4 = (parameter.to(dtype) for parameter in self._parameters)

        x = channels_last(images).to(dtype)  # (B, 1, 28, 28)
        first = torch.conv2d(x, w1, b1).relu_()  # (B, 32, 26, 26)
        second = torch.conv2d(first, w2, b2)  # (B, 64, 24, 24)
        pooled, indices = _ATEN.max_pool2d_with_indices(second, [2, 2])
        pooled = pooled.relu_().contiguous()  # (B, 64, 12, 12)
        keep_mask = x.new_empty(len(x), 64, 1, 1).bernoulli_(self._keep).div_(self._keep)
        features = (pooled * keep_mask).flatten(1)  # (B, 9216)
        hidden = torch.addmm(b3, features, w3.t()).relu_()  # (B, 128)
        output = torch.log_softmax(torch.addmm(b4, hidden, w4.t()).float(), dim=1)  # (B, 10)
        loss = F.nll_loss(output, labels)

        # The backward pass: d_x is the loss's gradient with respect to x.
        d_scores = self._before_softmax(output, labels).to(dtype)  # (B, 10)
        d_w4, d_b4 = d_scores.t() @ hidden, d_scores.sum(0)
        d_hidden = _ATEN.threshold_backward(d_scores @ w4, hidden, 0)
        d_w3, d_b3 = d_hidden.t() @ features, d_hidden.sum(0)
        del features
        d_pooled = (d_hidden @ w3).view_as(pooled).mul_(keep_mask)
        d_pooled = _ATEN.threshold_backward(d_pooled, pooled, 0)
        del pooled
        d_pooled = d_pooled.contiguous(memory_format=torch.channels_last)
        d_second = _ATEN.max_pool2d_with_indices_backward(
            d_pooled, second, [2, 2], [2, 2], [0, 0], [1, 1], False, indices
        )
        del second, indices, d_pooled
        d_first, d_w2, d_b2 = _convolution_backward(d_second, first, w2, by_input=True)
        del d_second
        d_first = _ATEN.threshold_backward(d_first, first, 0)
        _, d_w1, d_b1 = _convolution_backward(d_first, x, w1, by_input=False)

        gradients = (d_w1, d_b1, d_w2, d_b2, d_w3, d_b3, d_w4, d_b4)
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            # Fused optimizers go through memory in its order.
            parameter.grad = gradient.to(torch.float32).contiguous()
        return loss, output

    def _before_softmax(self, output: Tensor, labels: Tensor) -> Tensor:
        """The gradient with respect to the scores that log-softmax made `output` of, (B, 10)."""
        count = output.new_full((), len(output))
        d_output = _ATEN.nll_loss_backward(
            self._d_loss, output, labels, None, _MEAN, _IGNORED, count
        )
        d_scores: Tensor = _ATEN._log_softmax_backward_data(d_output, output, 1, output.dtype)
        return d_scores


def _convolution_backward(
    d_output: Tensor, x: Tensor, weight: Tensor, *, by_input: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients with respect to the input, if it is wanted, the weight and the bias."""
    stride, padding, dilation, output_padding, groups = [1, 1], [0, 0], [1, 1], [0, 0], 1
    wanted = [by_input, True, True]
    sizes = [len(weight)], stride, padding, dilation, False, output_padding, groups
    gradients: tuple[Tensor, Tensor, Tensor]
    gradients = _ATEN.convolution_backward(d_output, x, weight, *sizes, wanted)
    return gradients
