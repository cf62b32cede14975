"""The one-epoch recipe of train_mnist_fast, the baseline of our recipe `fast`.

Source: github.com/tuomaso/train_mnist_fast, notebook 8_Final and data_saver.py, in our own words.
Claimed there: 99.04 % mean accuracy after one epoch, in 0.76 s on a GeForce GTX 1660 Ti.

Convolution 24 5x5, pool, ReLU, convolution 32 3x3, pool, ReLU, linear 256, linear 10; Adam with
betas 0.7 and 0.9; PyTorch's one-cycle schedule up to 0.01, stepped per batch, without cycling the
momentum; batch 256; one epoch, the last partial batch included.

As in the original, the images are normalized once, outside the measured time, lie on the device
as float32 and are shuffled once beforehand, so that a batch is a slice: no data work in the loop.
One difference: the original stored one shuffle for all its runs; here the seed draws it.

    python -m benchmarks.train_mnist_fast [--data-dir DIR] [--seeds N] [--device DEVICE] [--json]

DIR (default: $MNIST_TUI_DATA, else ./data) holds torchvision's MNIST; where absent, it is
downloaded there, and a line on stderr says so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.optim.lr_scheduler import OneCycleLR

BATCH_SIZE = 256
TEST_BATCH_SIZE = 2000
LEARNING_RATE = 1e-2
PIXEL_MEAN = 0.1307
PIXEL_STD = 0.3081


class Net(nn.Module):
    """The recipe's network."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 24, kernel_size=5)
        self.conv2 = nn.Conv2d(24, 32, kernel_size=3)
        self.fc1 = nn.Linear(800, 256)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities (N, 10) of normalized images (N, 1, 28, 28) float32."""
        x = F.relu(F.max_pool2d(self.conv1(x), 2))  # (N, 24, 12, 12)
        x = F.relu(F.max_pool2d(self.conv2(x), 2))  # (N, 32, 5, 5)
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        return F.log_softmax(self.fc2(x), dim=1)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one seed gave."""

    seed: int
    accuracy: float
    """Fraction of the test set in [0, 1]."""
    train_s: float
    """The training loop alone."""


def normalize(images: Tensor) -> Tensor:
    """(N, 28, 28) uint8 -> (N, 1, 28, 28) float32, as the recipe's `Normalize` gives them."""
    return images.unsqueeze(1).float().div_(255).sub_(PIXEL_MEAN).div_(PIXEL_STD)


def train(images: Tensor, labels: Tensor, *, seed: int) -> tuple[Net, float]:
    """One epoch of the recipe.

    Args:
        images: (N, 1, 28, 28) float32, normalized, on the training device.
        labels: (N,) int64 on the training device.
        seed: For the weights and the order.

    Returns:
        The network, and the seconds that the loop took.
    """
    torch.manual_seed(seed)
    order = torch.randperm(len(images)).to(images.device)
    images, labels = images[order], labels[order]
    model = Net().to(images.device)
    optimizer = optim.Adam(model.parameters(), lr=LEARNING_RATE, betas=(0.7, 0.9))
    batches = (len(images) - 1) // BATCH_SIZE + 1
    scheduler = OneCycleLR(
        optimizer, max_lr=LEARNING_RATE, total_steps=batches, cycle_momentum=False
    )
    model.train()
    _wait_for(images.device)
    started = time.perf_counter()
    for first in range(0, len(images), BATCH_SIZE):
        data = images[first : first + BATCH_SIZE]
        target = labels[first : first + BATCH_SIZE]
        optimizer.zero_grad()
        F.nll_loss(model(data), target).backward()
        optimizer.step()
        scheduler.step()
    _wait_for(images.device)
    return model, time.perf_counter() - started


@torch.no_grad()
def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Fraction in [0, 1] of normalized `images` that `model`, in eval mode, gets right."""
    model.eval()
    correct = 0
    for first in range(0, len(images), TEST_BATCH_SIZE):
        data = images[first : first + TEST_BATCH_SIZE]
        target = labels[first : first + TEST_BATCH_SIZE]
        correct += int((model(data).argmax(dim=1) == target).sum())  # waits for the device
    return correct / len(labels)


def load(data_dir: Path, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Training images and labels, then the test set's, normalized, on `device`."""
    from torchvision import datasets  # slow to import, and importers of `train` don't need it

    if not (data_dir / "MNIST" / "raw").is_dir():
        print(f"MNIST is not in {data_dir}: downloading it there.", file=sys.stderr)
    tensors: list[Tensor] = []
    for is_train in (True, False):
        digits = datasets.MNIST(root=data_dir, train=is_train, download=True)
        tensors += [normalize(digits.data).to(device), digits.targets.to(device)]
    images, labels, test_images, test_labels = tensors
    return images, labels, test_images, test_labels


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run train_mnist_fast's recipe and time it.")
    folder = Path(os.environ.get("MNIST_TUI_DATA", "data"))
    parser.add_argument("--data-dir", type=Path, default=folder)
    parser.add_argument("--seeds", type=int, default=3, help="run seeds 0 to N-1")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", action="store_true", help="one JSON object per seed")
    return parser.parse_args()


def main() -> None:
    """Run the script."""
    arguments = _arguments()
    images, labels, test_images, test_labels = load(
        arguments.data_dir, torch.device(arguments.device)
    )
    runs: list[Run] = []
    for seed in range(arguments.seeds):
        model, train_s = train(images, labels, seed=seed)
        run = Run(seed=seed, accuracy=accuracy(model, test_images, test_labels), train_s=train_s)
        runs.append(run)
        if arguments.json:
            print(json.dumps(asdict(run)), flush=True)
        else:
            print(f"seed {seed}: {run.accuracy:.2%} in {train_s:.2f} s", flush=True)
    if not arguments.json:
        print(f"mean: {mean(run.accuracy for run in runs):.3%}")


if __name__ == "__main__":
    main()
