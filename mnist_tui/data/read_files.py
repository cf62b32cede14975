"""From a dataset's four files to its examples."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.files import FoundFiles
from mnist_tui.data.idx import read_idx
from mnist_tui.data.registry import SPECS
from mnist_tui.errors import DataError


def read_files(found: FoundFiles) -> Dataset:
    """Read a dataset's four files.

    Raises:
        DataError: When a file is missing or damaged, or they are another dataset's.
    """
    if not found.is_complete:
        raise DataError(found.problem)
    spec, paths = found.spec, [found.paths[name] for name in found.files.names]
    train, validation = (_read_split(found, *pair) for pair in (paths[:2], paths[2:]))
    dataset = Dataset.of(spec, str(found.folder), train, validation)
    if dataset.fingerprint == spec.fingerprint or not spec.fingerprint:
        return dataset
    # Some datasets' files have the same names.
    other = next((one for one in SPECS.values() if one.fingerprint == dataset.fingerprint), None)
    if other is not None:
        raise DataError(f"what is in {found.folder} is {other.title}, not {spec.title}")
    notice = f"the dataset in {found.folder} is not the official {spec.title}"
    return replace(dataset, notice=notice)


def _read_split(found: FoundFiles, images_path: Path, labels_path: Path) -> Split:
    files = found.files
    images = read_idx(images_path, (28, 28))
    if files.is_transposed:
        images = np.ascontiguousarray(images.transpose(0, 2, 1))
    if files.label_columns:
        labels = read_idx(labels_path, (files.label_columns,), ">i4")[:, 0]
    else:
        labels = read_idx(labels_path, ())
    return Split(images, labels.astype(np.int64) - files.first_label)
