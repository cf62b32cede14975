"""The datasets that are known by name."""

from collections.abc import Mapping
from typing import Final

from mnist_tui.data.spec import DatasetSpec

MNIST: Final = DatasetSpec(
    name="mnist",
    title="MNIST",
    fingerprint="625c86df0a1319fc9ee83afae9b44174ea5c67d979d470d0a9945b3682b01ff3",
)
SAMPLE: Final = DatasetSpec(name="sample", title="sample of MNIST")

SPECS: Final[Mapping[str, DatasetSpec]] = {spec.name: spec for spec in (MNIST, SAMPLE)}
"""Each dataset by the name that TrainConfig and checkpoints use."""
