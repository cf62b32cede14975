"""The content of config.json: what a run is made of, and with."""

import platform
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import torch

from mnist_tui.config import TrainConfig
from mnist_tui.data.dataset import Dataset
from mnist_tui.devices import describe_device
from mnist_tui.engine.learner import Learner
from mnist_tui.engine.steps.base import AutogradStep
from mnist_tui.store.run_source import RunSource
from mnist_tui.version import __version__

_OLD_KERNELS: Final = {"torch's kernels": "PyTorch's kernels", "its own kernels": "fused kernels"}
"""What config.json of earlier versions calls the implementations of a step."""


def make_record(
    config: TrainConfig,
    dataset: Dataset,
    notice: str,
    learner: Learner,
    source: RunSource | None = None,
) -> dict[str, Any]:
    """The content of config.json; `source` is of a network of the user's own."""
    return {
        **({"model": source.to_dict()} if source else {}),
        "config": config.to_dict(),
        "versions": {
            "mnist_tui": __version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
        },
        "device": describe_device(learner.device),
        "kernels": learner.kernels,
        "precision": learner.precision,
        "threads": torch.get_num_threads(),
        "dataset": {
            "name": dataset.name,
            "source": dataset.source,
            "fingerprint": dataset.fingerprint,
            "notice": notice,
            "classes": dataset.classes,
            "is_handwriting": dataset.spec.is_handwriting,
        },
    }


def describe_change(record: Mapping[str, Any], learner: Learner) -> str:
    """In words, how a resumed run was computed before; empty where that stays."""
    if "device" not in record:
        return ""
    kernels = record.get("kernels", AutogradStep.kernels)
    precision = record.get("precision", learner.precision)
    before = (record["device"], _OLD_KERNELS.get(kernels, kernels), precision)
    now = describe_device(learner.device), learner.kernels, learner.precision
    how = zip(("on", "with", "in"), before, now, strict=True)
    changed = [f"{word} {was}" for word, was, is_ in how if was != is_]
    if not changed:
        return ""
    last_bits = " in the last bits" if precision == learner.precision else ""
    return f"this run was trained {', '.join(changed)} before: the numbers may differ{last_bits}"
