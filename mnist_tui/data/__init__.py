"""Where the digits come from: MNIST on disk, MNIST from the network, or the packaged sample."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import platformdirs

from mnist_tui.data.dataset import MNIST_FINGERPRINT, Dataset, Split, fingerprint
from mnist_tui.data.download import FILES, OnStatus, Source, download_mnist
from mnist_tui.data.idx import read_idx
from mnist_tui.data.sample import load_sample
from mnist_tui.errors import DataError

__all__ = ["Digits", "Source", "Split", "data_folder", "load_dataset", "read_mnist"]


def data_folder(data_dir: str | None = None) -> Path:
    """The folder for MNIST: `data_dir`, else $MNIST_TUI_DATA, else the user's cache."""
    chosen = data_dir or os.environ.get("MNIST_TUI_DATA")
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_cache_path("mnist-tui")


def load_dataset(
    dataset: str = "auto",
    data_dir: str | None = None,
    *,
    on_status: OnStatus = lambda status: None,
    should_stop: Callable[[], bool] = lambda: False,
    source: Source | None = None,
) -> Dataset:
    """The digits to train and validate on. Blocks, perhaps for minutes; any thread.

    Args:
        dataset: `mnist`; `sample`; `auto`, MNIST where it is or can be downloaded, else the
            sample with a notice.
        data_dir: As in `data_folder`.
        on_status: Told what is being done, in words.
        should_stop: Asked during a download; True gives up.
        source: Where to download from, if not from torchvision's mirrors.

    Raises:
        DataError: When they are not available, or are damaged.
    """
    if dataset == "sample":
        on_status("reading the sample digits")
        return load_sample()
    folder = data_folder(data_dir)
    if not has_mnist(folder):
        try:
            download_mnist(folder, on_status, should_stop, source)
        except DataError as error:
            if dataset == "mnist" or should_stop():
                raise DataError(
                    f"{error}; try again, name a folder that holds it with --data-dir, "
                    "or use --dataset sample"
                ) from error
            digits = load_sample()
            notice = (
                f"MNIST is not in {folder} and could not be downloaded: "
                "training on the 5,000 digits of the sample"
            )
            return Dataset(**{**vars(digits), "notice": notice})
    on_status("reading MNIST")
    return read_mnist(folder)


def has_mnist(folder: Path) -> bool:
    """Whether all four files are there, in torchvision's layout."""
    return all((folder / "MNIST" / "raw" / name).exists() for name in FILES)


def read_mnist(folder: Path) -> Dataset:
    """MNIST from files in torchvision's layout.

    Raises:
        DataError: When a file is missing or damaged.
    """
    raw = folder / "MNIST" / "raw"
    train_images, train_labels, test_images, test_labels = (raw / name for name in FILES)
    train = _read_split(train_images, train_labels)
    validation = _read_split(test_images, test_labels)
    found = fingerprint(train, validation)
    is_official = found == MNIST_FINGERPRINT
    notice = "" if is_official else f"the digits in {raw} are not the official MNIST"
    return Dataset("mnist", str(raw), train, validation, found, notice)


def _read_split(images: Path, labels: Path) -> Split:
    return Split(read_idx(images, (28, 28)), read_idx(labels, ()).astype(np.int64))
