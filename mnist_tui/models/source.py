"""Where a network comes from: what makes it, and what is known of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from mnist_tui.models.classifier import Classifier, Output
from mnist_tui.models.python_files import PythonFiles


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """A network that can be made, as often as need be."""

    name: str
    """Its name in TrainConfig and checkpoints: `mnist_net`, `net.py:Net`."""
    make: Callable[[int], nn.Module]
    """Makes the network for a number of classes, drawing from torch's default generator."""
    in_training: Output = Output.LOG_PROBABILITIES
    """What it gives in train mode."""
    in_eval: Output = Output.LOG_PROBABILITIES
    """What it gives in eval mode."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The Python files that it was imported from, by their paths below `folder`."""
    folder: Path | None = None
    """Where those files are; None for the networks of this package."""

    @property
    def python_files(self) -> PythonFiles:
        """The same files, to find their lines."""
        return PythonFiles(self.folder or Path(), self.files)

    def build(self, num_classes: int) -> Classifier:
        """Make the network, with fresh weights.

        Raises:
            Exception: Whatever the user's own code raises.
        """
        module = self.make(num_classes)
        if any(map(is_lazy, (*module.parameters(), *module.buffers()))):
            _draw_lazy_weights(module)
        return Classifier(module, self.in_training, self.in_eval)


def _draw_lazy_weights(module: nn.Module) -> None:
    """Let lazy layers, as nn.LazyLinear, find out their sizes and draw their weights."""
    was_training = module.training
    module.eval()
    with torch.no_grad():
        module(torch.zeros(1, 1, 28, 28))
    module.train(was_training)
