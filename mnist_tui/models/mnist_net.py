"""The tutorial's network."""

from torch import Tensor, nn
from torch.nn import functional as F


def channels_last(x: Tensor) -> Tensor:
    """Lay (B, 1, 28, 28) images out with their channels last, except on CUDA.

    On CUDA the weights and their gradients would be copied into that layout and back in every
    step, each copy a kernel of its own, and small batches take as long as they have kernels.
    """
    if x.is_cuda:
        return x
    # This view has channels-last strides for certain; with a single channel,
    # `to(memory_format=...)` may leave them as they are.
    return x.reshape(-1, 28, 28, 1).permute(0, 3, 1, 2)


class MnistNet(nn.Module):
    """The tutorial's network: two convolutions, dropout of whole channels, two linear layers.

    It computes what the tutorial's class computes, from weights with the same names, shapes
    and layout; two things are arranged for speed, and neither changes a value. ReLU comes
    after the max-pooling: it is monotonic, so that they commute exactly, in the gradient
    too, and it has a quarter of the work. And except on CUDA the activations lie with their
    channels last, in which order CPUs pool several times faster.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3)
        self.dropout = nn.Dropout2d(0.25)
        self.fc1 = nn.Linear(9216, 128)
        self.fc2 = nn.Linear(128, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities.

        Args:
            x: (B, 1, 28, 28) floating point in [0, 1].

        Returns:
            (B, num_classes), the logarithms of the classes' probabilities.
        """
        x = channels_last(x)  # (B, 1, 28, 28)
        x = F.relu(self.conv1(x), inplace=True)  # (B, 32, 26, 26)
        x = F.max_pool2d(self.conv2(x), 2)  # (B, 64, 12, 12)
        # ReLU before the copy to channels-first: the pooling's gradient stays channels-last.
        x = F.relu(x, inplace=True).contiguous()
        x = self.dropout(x).flatten(1)  # (B, 9216)
        x = F.relu(self.fc1(x), inplace=True)  # (B, 128)
        return F.log_softmax(self.fc2(x).float(), dim=1)
