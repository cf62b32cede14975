"""Datasets: MNIST on disk, MNIST from the network, or the packaged sample of it."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.download import DownloadError, OnStatus, Source, download_mnist
from mnist_tui.data.files import FILES, find_files
from mnist_tui.data.idx import read_idx
from mnist_tui.data.registry import MNIST
from mnist_tui.data.sample import load_sample
from mnist_tui.errors import DataError, Remedy

__all__ = ["Dataset", "Source", "Split", "data_folder", "load_dataset", "read_mnist"]


def data_folder(data_dir: str | None = None) -> Path:
    """The folder for MNIST: `data_dir`, else $MNIST_TUI_DATA, else the user's cache.

    Raises:
        DataError: When that cannot be found out, for a user without a home folder.
    """
    chosen = data_dir or os.environ.get("MNIST_TUI_DATA")
    try:
        return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("mnist-tui")
    except RuntimeError as error:
        place = chosen or "~/.cache"
        raise DataError(
            f"there is no home folder that {place} could be in: set HOME to a full path, "
            "or name a folder for the data"
        ) from error


def load_dataset(
    dataset: str = "auto",
    data_dir: str | None = None,
    *,
    on_status: OnStatus = lambda status: None,
    should_stop: Callable[[], bool] = lambda: False,
    source: Source | None = None,
) -> Dataset:
    """Load the dataset to train and validate on. Blocks, perhaps for minutes; any thread.

    Args:
        dataset: `mnist`; `sample`; `auto`, MNIST where it is or can be downloaded, else the
            sample with a notice that says why.
        data_dir: As in `data_folder`.
        on_status: Called with what is being done, in words.
        should_stop: Polled during a download; True gives up.
        source: Where to download from, if not from torchvision's mirrors.

    Raises:
        DataError: When it is not available, or is damaged.
    """
    if dataset == "sample":
        on_status("reading the sample")
        return load_sample()
    try:
        folder = data_folder(data_dir)
        found = find_files(folder)
        if not found.is_complete:
            fallback = "; without a network, the sample is used" if dataset == "auto" else ""
            on_status(f"trying to download MNIST{fallback}")
            try:
                download_mnist(folder, on_status, should_stop, source)
            except DownloadError as error:
                reason = f"{found.problem}, and could not be downloaded ({error.reason})"
                raise DataError(reason) from error
    except DataError as error:
        if dataset == "mnist" or should_stop():
            remedy = Remedy(settings={"data_dir": None, "dataset": "sample"})
            raise DataError(f"{error}; name another folder, or take the sample", remedy) from error
        notice = f"training on the 5,000 digits of the sample: {error}"
        return replace(load_sample(), notice=notice)
    on_status("reading MNIST")
    return read_mnist(folder)


def has_mnist(folder: Path) -> bool:
    """Whether all four files are there, in any of the forms that `find_files` knows."""
    return find_files(folder).is_complete


def read_mnist(folder: Path) -> Dataset:
    """Read MNIST from its four files.

    Raises:
        DataError: When a file is missing or damaged.
    """
    found = find_files(folder)
    if not found.is_complete:
        raise DataError(found.problem)
    train_images, train_labels, test_images, test_labels = (found.paths[name] for name in FILES)
    train = _read_split(train_images, train_labels)
    validation = _read_split(test_images, test_labels)
    dataset = Dataset.of(MNIST, str(found.folder), train, validation)
    if dataset.fingerprint == MNIST.fingerprint:
        return dataset
    notice = f"the dataset in {found.folder} is not the official {MNIST.title}"
    return replace(dataset, notice=notice)


def _read_split(images: Path, labels: Path) -> Split:
    return Split(read_idx(images, (28, 28)), read_idx(labels, ()).astype(np.int64))
