"""Where datasets come from: the disk, the network, the packaged sample of MNIST, the user."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import platformdirs

from mnist_tui.data.arrays import read_npz
from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.download import DownloadError, OnStatus, download
from mnist_tui.data.files import FoundFiles, find_files, raw_folder
from mnist_tui.data.folder import read_folder
from mnist_tui.data.idx import read_idx
from mnist_tui.data.registry import MNIST, SAMPLE, SPECS
from mnist_tui.data.sample import load_sample
from mnist_tui.data.spec import DatasetSpec, Source
from mnist_tui.errors import DataError, Remedy
from mnist_tui.rules import absolute, expand_home

_FALLBACK: Final = "; without a network, the sample is used"


def data_folder(data_dir: str | None = None) -> Path:
    """The folder for datasets: `data_dir`, else $MNIST_TUI_DATA, else the user's cache.

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
    may_download: bool = True,
) -> Dataset:
    """Load the dataset to train and validate on. Blocks, perhaps for minutes; any thread.

    Args:
        dataset: A name in the registry; `auto`, MNIST where it is or can be downloaded, else the
            sample with a notice that says why; or the path of a folder with one folder of images
            per class, or of an .npz file.
        data_dir: As in `data_folder`.
        on_status: Called with what is being done, in words.
        should_stop: Polled during a download; True gives up.
        source: Where to download from, if not from torchvision's mirrors.
        may_download: Whether to download what is not there.

    Raises:
        DataError: When it is not available, or is damaged.
    """
    if dataset == SAMPLE.name:
        on_status("reading the sample")
        return load_sample()
    is_auto = dataset == "auto"
    if not is_auto and dataset not in SPECS:
        return _load_own(absolute(expand_home(dataset)), on_status, should_stop)
    spec = MNIST if is_auto else SPECS[dataset]
    try:
        folder = data_folder(data_dir)
        found = find_files(folder, spec)
        if not found.is_complete:
            if not may_download:
                raise DataError(f"{found.problem}; a run downloads it when it starts")
            chosen = source or spec.source
            assert chosen is not None
            size = f"{chosen.packed_bytes / 1e6:,.0f} MB"
            fallback = _FALLBACK if is_auto else ""
            on_status(f"trying to download {spec.title}, {size}{fallback}")
            _download(found, folder, chosen, on_status, should_stop)
            found = find_files(folder, spec)
    except DataError as error:
        if is_auto and not should_stop():
            notice = f"training on the 5,000 digits of the sample: {error}"
            return replace(load_sample(), notice=notice)
        raise _unavailable(spec, error) from error
    on_status(f"reading {spec.title}")
    return _read_files(found)


def _load_own(path: Path, on_status: OnStatus, should_stop: Callable[[], bool]) -> Dataset:
    """Read the user's own data."""
    remedy = Remedy(settings={"dataset": None})
    try:
        if path.is_dir():
            return read_folder(path, on_status, should_stop)
        if not path.exists():
            raise DataError(f"{path} is not there; say where the data are")
        on_status(f"reading {path.name}")
        return read_npz(path)
    except OSError as error:  # in a folder that may not be looked into
        raise DataError(f"cannot read {path}: {error.strerror}", remedy) from error
    except DataError as error:
        raise DataError(str(error), remedy) from error


def _read_files(found: FoundFiles) -> Dataset:
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


def read_mnist(folder: Path) -> Dataset:
    """Read MNIST from its four files.

    Raises:
        DataError: When a file is missing or damaged.
    """
    return _read_files(find_files(folder))


def _download(
    found: FoundFiles,
    folder: Path,
    source: Source,
    on_status: OnStatus,
    should_stop: Callable[[], bool],
) -> None:
    raw = folder / raw_folder(found.files)
    try:
        download(raw, folder, found.spec.title, source, on_status, should_stop)
    except DownloadError as error:
        reason = f"{found.problem}, and could not be downloaded ({error.reason})"
        raise DataError(reason) from error


def _unavailable(spec: DatasetSpec, error: DataError) -> DataError:
    """The error with the ways out: another folder, a package, or for MNIST the sample of it."""
    if spec is MNIST:
        remedy = Remedy(settings={"data_dir": None, "dataset": SAMPLE.name})
        return DataError(f"{error}; name another folder, or take the sample", remedy)
    advice = f"{spec.advice}, or " if spec.advice else ""
    return DataError(
        f"{error}; {advice}name the folder that has it", Remedy(settings={"data_dir": None})
    )
