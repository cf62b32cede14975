"""Training steps of MnistNet by the C library of `step.c`."""

import ctypes
from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.config import TrainConfig
from mnist_tui.engine.optimizers import plain_step
from mnist_tui.engine.steps.native.library import NativeUnavailableError
from mnist_tui.models.mnist_net import MnistNet

_FEATURES: Final = 9216
_SLICES: Final = 16
"""Parts that the hidden units' sums come in."""
_GROUPS: Final = 16
"""Groups of images that a batch's way back through the convolutions is cut into."""


class _Arguments(ctypes.Structure):
    """`struct step` of `step.c`, which has the shapes."""

    _fields_ = (
        *((name, ctypes.c_long) for name in ("batch", "threads", "groups", "bf16", "updates")),
        ("rate", ctypes.c_float),
        *(
            (name, ctypes.c_void_p)
            for name in (
                *("parallel", "images", "w1", "b1", "w2", "b2", "keep"),
                *("features", "alive", "sources", "counts"),
                *("hidden", "d_hidden", "w3", "d_w3", "d_features"),
                *("d_w1", "d_b1", "d_w2", "d_b2", "packed", "sums", "scratch"),
            )
        ),
    )


class NativeStep:
    """Takes training steps as AutogradStep does, on a CPU, about twice as fast.

    Plain gradient descent on the largest layer is part of its way back; other optimizers have
    their gradients where autograd would leave them. Dropout zeroes the channels that PyTorch's
    own would.
    """

    kernels = "native C kernels"

    def __init__(
        self,
        model: MnistNet,
        optimizer: torch.optim.Optimizer,
        config: TrainConfig,
        precision: str,
        library: ctypes.CDLL,
    ) -> None:
        """Lay out the weights of `model`, which is on the CPU, as the library wants them.

        Raises:
            NativeUnavailableError: When the library cannot compute in `precision`.
        """
        self._is_bf16 = precision == "bf16"
        if self._is_bf16 and not _constant(library, "HAS_BF16"):
            raise NativeUnavailableError("this processor does not compute in bfloat16")
        self._keep = 1.0 - model.dropout.p
        # Transposed in memory: all weights of a feature lie one behind the other.
        weight = model.fc1.weight
        weight.data = weight.data.t().contiguous().t()
        self._parameters = tuple(model.parameters())
        self._optimizer = optimizer
        self._update = plain_step(optimizer)
        self.updates = config.optimizer == "sgd"
        """Whether `learn` moves the weights."""
        self._smoothing = config.label_smoothing
        self._library = library
        self._threads = torch.get_num_threads()
        self._arguments = _Arguments(
            threads=self._threads, parallel=_torch_threads(), bf16=self._is_bf16
        )
        self._packed = torch.empty(_constant(library, "PACKED_SIZE"))
        self._scratch_size = _constant(library, "SCRATCH_SIZE")
        self._sums = torch.empty(_GROUPS, _constant(library, "SUMS_SIZE"))

    def __call__(self, images: Tensor, labels: Tensor, lr: float | Tensor) -> tuple[Tensor, Tensor]:
        """Take a step on a batch; see Step."""
        # Drawn as PyTorch's Dropout2d draws them.
        kept = torch.empty(len(images), 64, 1, 1).bernoulli_(self._keep)
        result = self.learn(images, labels, lr, kept, self._keep)
        if not self.updates:
            for group in self._optimizer.param_groups:
                group["lr"] = lr
            with torch.no_grad():
                self._update()
        return result

    @torch.no_grad()
    def learn(
        self, images: Tensor, labels: Tensor, lr: float | Tensor, kept: Tensor, keep: float
    ) -> tuple[Tensor, Tensor]:
        """Take the step, or leave the gradients for the optimizer to take it.

        Args:
            images, labels, lr: See Step.
            kept: (B, 64, 1, 1) float32, 1 for the channels that dropout keeps, else 0.
            keep: The part that it keeps; what is kept is divided by it.

        Returns:
            As of Step: the mean loss, and the (B, 10) log-probabilities.
        """
        batch, arguments = len(images), self._arguments
        w1, b1, w2, b2, w3, b3, w4, b4 = self._parameters
        gradients = [torch.empty_like(parameter) for parameter in (w1, b1, w2, b2)]
        d_w3 = w3 if self.updates else torch.empty_like(w3)
        features, slices = torch.empty(batch, _FEATURES), torch.empty(_SLICES, batch, 128)
        named = {
            **{"images": images.contiguous(), "keep": kept / keep, "features": features},
            **{"hidden": slices},
            **{"alive": torch.empty(288, batch, dtype=torch.int32)},
            **{"sources": torch.empty(batch, _FEATURES, dtype=torch.int16)},
            **{"counts": torch.empty(batch, 128, dtype=torch.uint8)},
            **{"w1": w1, "b1": b1, "w2": w2, "b2": b2, "w3": w3, "d_w3": d_w3},
            **{"d_features": torch.empty(batch, _FEATURES)},
            **dict(zip(("d_w1", "d_b1", "d_w2", "d_b2"), gradients, strict=True)),
            **{"packed": self._packed, "sums": self._sums},
            **{"scratch": torch.empty(self._threads, self._scratch_size + 64 * batch)},
        }
        arguments.batch, arguments.groups = batch, min(batch, _GROUPS)
        arguments.updates, arguments.rate = self.updates, float(lr)
        for name, tensor in named.items():
            setattr(arguments, name, tensor.data_ptr())
        self._library.forward(ctypes.byref(arguments))

        hidden = slices.sum(0).add_(b3).relu_()  # (B, 128)
        output = torch.log_softmax(torch.addmm(b4, hidden, w4.t()), dim=1)  # (B, 10)
        loss = F.nll_loss(output, labels)
        d_scores = (output.exp() - self._targets(labels)).div_(batch)  # (B, 10)
        d_hidden = torch.ops.aten.threshold_backward(d_scores @ w4, hidden, 0)  # (B, 128)
        last = [d_hidden.sum(0), d_scores.t() @ hidden, d_scores.sum(0)]

        arguments.d_hidden = d_hidden.data_ptr()
        self._library.backward(ctypes.byref(arguments))
        for parameter, gradient in zip(self._parameters, (*gradients, d_w3, *last), strict=True):
            if not self.updates:
                parameter.grad = gradient
            elif parameter is not w3:
                parameter.sub_(gradient, alpha=float(lr))
        return loss, output

    def _targets(self, labels: Tensor) -> Tensor:
        """(B, 10): what the probabilities are to be."""
        spread = self._smoothing / 10
        targets = torch.full((len(labels), 10), spread)
        return targets.scatter_(1, labels[:, None], 1 - self._smoothing + spread)


def _constant(library: ctypes.CDLL, name: str) -> int:
    return ctypes.c_long.in_dll(library, name).value


def _torch_threads() -> int | None:
    """The address of the function that runs work on PyTorch's own OpenMP threads.

    Threads of a second pool would have to share the processor with PyTorch's, which go on
    waiting in a busy loop for a while after each operation. None where PyTorch has no OpenMP
    that offers GNU's interface: the step takes one thread then.
    """
    folder = Path(torch.__file__).parent / "lib"
    for name in ("libtorch_cpu.so", "libtorch_cpu.dylib"):
        try:
            # A library's handle finds the functions of all libraries that it was linked with.
            function = ctypes.CDLL(str(folder / name)).GOMP_parallel
        except (OSError, AttributeError):
            continue
        return ctypes.cast(function, ctypes.c_void_p).value
    return None
