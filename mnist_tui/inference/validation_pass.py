"""One pass of a model over a split: loss, accuracy, confusion, probabilities."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_tui.data.device_split import DeviceSplit
from mnist_tui.models.classifier import Classifier
from mnist_tui.run.validation import Confusion

BATCH_SIZE = {"cpu": 50, "cuda": 2500, "mps": 1000}
"""Examples per evaluation batch; on a CPU a batch's activations should stay near the cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A model's figures on one split."""

    loss: float
    """Mean loss per sample."""
    accuracy: float
    """Fraction predicted right, in [0, 1]."""
    confusion: Confusion
    log_probabilities: Tensor
    """(N, classes) float32 on the CPU: the model's output, example by example."""


def batch_count(split: DeviceSplit) -> int:
    """Batches in one evaluation of `split`."""
    return -(-len(split) // BATCH_SIZE[split.labels.device.type])


def evaluate(
    classifier: Classifier,
    split: DeviceSplit,
    precision: str = "fp32",
    between: Callable[[int], None] = lambda batch: None,
) -> Evaluation:
    """Run the network in eval mode over all of `split`. Blocks; waits for the device once.

    Args:
        classifier: On the device of `split`; left in the mode it was in.
        precision: As in TrainConfig.
        between: Called after each batch with the number of batches done; may raise.
    """
    device, model = split.labels.device, classifier.module
    size = BATCH_SIZE[device.type]
    loss = torch.zeros((), dtype=torch.float64, device="cpu" if device.type == "mps" else device)
    outputs: list[Tensor] = []
    was_training = model.training
    model.eval()
    try:
        for batch, start in enumerate(range(0, len(split), size), start=1):
            images, labels = split.slice(start, start + size)
            with (
                torch.inference_mode(),
                torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"),
            ):
                output = classifier(images)  # (B, classes)
                loss += F.nll_loss(output, labels, reduction="sum").to(loss)
                outputs.append(output)
            between(batch)
    finally:
        model.train(was_training)
    log_probabilities = torch.cat(outputs).float()
    confusion = _confusion(log_probabilities, split.labels)  # waits for the device
    return Evaluation(
        loss=loss.item() / len(split),
        accuracy=sum(row[label] for label, row in enumerate(confusion)) / len(split),
        confusion=confusion,
        log_probabilities=log_probabilities.cpu(),
    )


def _confusion(log_probabilities: Tensor, labels: Tensor) -> Confusion:
    """How often each class was predicted as which. Waits for the device."""
    classes = log_probabilities.shape[1]
    # One number per (label, prediction) pair; index_add_ has a deterministic kernel.
    pairs = labels * classes + log_probabilities.argmax(dim=1)
    counts = torch.zeros(classes * classes, dtype=torch.int64, device=labels.device)
    counts.index_add_(0, pairs, torch.ones_like(pairs))
    return tuple(map(tuple, counts.view(classes, classes).tolist()))
