"""The Triton kernels of one training step of MnistNet.

A batch of 32 keeps a GPU busy for microseconds at a time, so that a step takes as long as it has
kernels. Torch's own operations are about fifty of them; these are eight, since what follows one
another on the same numbers is done in one go: pooling, ReLU and dropout where the convolution's
sums still lie in registers, the head of the network digit by digit, and a weight's update where
its gradient is made.

B is the batch's size. Activations lie with their channels last. Sums over a batch are made of
partial sums in a fixed order, so that the same step gives the same bits each time. Images are
float32, and so is all that has to do with weights or lies behind the hidden layer; activations
before it and their gradients are of the precision that is trained in. PRECISION is what `tl.dot`
makes of float32. UPDATE says that a weight takes its step at once; else its gradient is kept for
an optimizer.

The mathematics is that of backpropagation through each layer, no more; `FusedStep` says what is
called when, and with what.
"""

from mnist_tui.engine.steps.kernels.backward import (
    convolutions,
    first_convolution,
    linear_layers,
    second_convolution,
)
from mnist_tui.engine.steps.kernels.forward import first_layer, head, second_layer, third_layer

__all__ = [
    "convolutions",
    "first_convolution",
    "first_layer",
    "head",
    "linear_layers",
    "second_convolution",
    "second_layer",
    "third_layer",
]
