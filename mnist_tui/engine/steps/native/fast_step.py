"""Training steps of FastNet by the C library of `fast_net.c`."""

from typing import Final

import torch
from torch import Tensor, nn

from mnist_tui.config import TrainConfig
from mnist_tui.engine.optimizers import plain_step
from mnist_tui.engine.steps.native.kernels import Kernels
from mnist_tui.engine.steps.native.last_layer import last_layer
from mnist_tui.models.fast_net import FastNet

_PLACES: Final = (144, 25)
"""Values that a batch normalization has in each channel of an image: the first, the second."""
_MAP: Final = 144 * 16
"""Values of an image after the first convolution."""
_FEATURES: Final = 25 * 32
"""Values of an image after the second convolution and pooling."""
_NORM: Final = ("gamma", "beta", "mean", "var", "d_gamma", "d_beta", "parts")
"""Of `struct norm`."""
_ADDRESSES: Final = (
    *("images", "w1", "b1", "w2", "b2"),
    *(f"{name}{layer}" for layer in (1, 2) for name in _NORM),
    *("convolved", "pooled", "argmax", "features", "d_features", "d_map"),
    *("d_w1", "d_w2", "packed", "sums"),
)
"""Of `struct step`, which has the shapes."""


class FastStep:
    """Takes training steps as AutogradStep does, on a CPU, more than twice as fast.

    The optimizer finds the gradients where autograd would leave them. Those of the convolutions'
    biases are exactly zero; autograd's are rounding errors, since what a bias adds to all values
    is taken out again by the batch normalization.
    """

    kernels = "native C kernels"
    updates = False
    """`learn` does not move the weights."""

    def __init__(
        self, model: FastNet, optimizer: torch.optim.Optimizer, config: TrainConfig, precision: str
    ) -> None:
        """Prepare to train `model`, which is on the CPU.

        Raises:
            NativeUnavailableError: When the library cannot be made, or compute in `precision`.
        """
        self._model = model
        self._norms = (model.norm1, model.norm2)
        self._statistics = tuple(torch.empty(2, norm.num_features) for norm in self._norms)
        """Of each normalization, the batch's mean and variance."""
        self._update = plain_step(optimizer)
        self._smoothing = config.label_smoothing
        self._gradients = tuple(torch.zeros_like(parameter) for parameter in model.parameters())
        self.library = Kernels("fast_net", precision, _ADDRESSES)
        w1, b1, gamma1, beta1, w2, b2, gamma2, beta2, *_ = model.parameters()
        d_w1, _, d_gamma1, d_beta1, d_w2, _, d_gamma2, d_beta2, *_ = self._gradients
        (mean1, var1), (mean2, var2) = self._statistics
        self.library.set(w1=w1, b1=b1, d_w1=d_w1, w2=w2, b2=b2, d_w2=d_w2)
        self.library.set(gamma1=gamma1, beta1=beta1, d_gamma1=d_gamma1, d_beta1=d_beta1)
        self.library.set(gamma2=gamma2, beta2=beta2, d_gamma2=d_gamma2, d_beta2=d_beta2)
        self.library.set(mean1=mean1, var1=var1, mean2=mean2, var2=var2)
        self._make_room(config.batch_size)

    def __call__(self, images: Tensor, labels: Tensor, lr: float | Tensor) -> tuple[Tensor, Tensor]:
        """Take a step on a batch; see Step."""
        result = self.learn(images, labels, lr)
        self._update(lr)
        return result

    @torch.no_grad()
    def learn(self, images: Tensor, labels: Tensor, lr: float | Tensor) -> tuple[Tensor, Tensor]:
        """Leave the gradients for the optimizer.

        Returns:
            As of Step: the mean loss, and the (B, classes) log-probabilities.
        """
        batch = len(images)
        if batch > self._room:
            self._make_room(batch)
        *_, w3, b3, w4, b4 = self._model.parameters()
        features, d_features = self._features[:batch], self._d_features[:batch]  # (B, 800)
        self.library.set(images=images.contiguous())
        self.library.call("forward", batch)
        weight = _channels_last(w3)
        hidden = torch.addmm(b3, features, weight.t()).relu_()  # (B, 64)
        last = last_layer(hidden, labels, w4, b4, self._smoothing)
        torch.mm(last.d_hidden, weight, out=d_features)
        self.library.call("backward", batch)

        d_w3 = _channels_first(last.d_hidden.t() @ features)
        linear = (d_w3, last.d_hidden.sum(0), last.d_weight, last.d_bias)
        gradients = (*self._gradients[: -len(linear)], *linear)
        for parameter, gradient in zip(self._model.parameters(), gradients, strict=True):
            parameter.grad = gradient
        for norm, statistics, places in zip(self._norms, self._statistics, _PLACES, strict=True):
            _track(norm, statistics, batch * places)
        return last.loss, last.output

    def _make_room(self, batch: int) -> None:
        """Allocate what the library keeps between its calls, for up to so many images."""
        self._room = batch
        self._features, self._d_features = torch.empty(2, batch, _FEATURES)
        self.library.set(
            features=self._features,
            d_features=self._d_features,
            convolved=torch.empty(batch, _MAP),
            d_map=torch.empty(batch, _MAP),
            pooled=torch.empty(batch, _FEATURES),
            argmax=torch.empty(batch, _FEATURES, dtype=torch.int32),
            parts1=torch.empty(batch, 2, 16),
            parts2=torch.empty(batch, 2, 32),
        )


def _track(norm: nn.BatchNorm2d, statistics: Tensor, count: int) -> None:
    """Let the running statistics follow those of a batch with `count` values in each channel."""
    mean, var = statistics
    momentum, unbiased = norm.momentum or 0.0, count / (count - 1)
    buffers = dict(norm.named_buffers())
    buffers["running_mean"].mul_(1 - momentum).add_(mean, alpha=momentum)
    buffers["running_var"].mul_(1 - momentum).add_(var, alpha=momentum * unbiased)
    buffers["num_batches_tracked"].add_(1)


def _channels_last(weight: Tensor) -> Tensor:
    """Order the columns of fc1's weight (64, 800) as the library has features."""
    return weight.view(-1, 32, 25).transpose(1, 2).reshape(-1, _FEATURES)


def _channels_first(weight: Tensor) -> Tensor:
    """Undo `_channels_last`."""
    return weight.view(-1, 25, 32).transpose(1, 2).reshape(-1, _FEATURES)
