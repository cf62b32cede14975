"""An .npz file of the user's, with arrays of images and labels."""

import hashlib
import re
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui import formatting
from mnist_tui.data.dataset import Dataset
from mnist_tui.data.own import own_dataset, split_by_content
from mnist_tui.data.spec import check_count
from mnist_tui.errors import DataError, first_line
from mnist_tui.images.decode import begins_like_an_image

_LARGEST_BYTES: Final = 8_000_000_000
"""What the arrays of a file may take, whatever its entries say."""
KEPT_IN: Final = ".data"
"""The folder, in that of the runs, in which the arrays of scripts are kept."""
KEPT_TITLE: Final = "arrays"
"""What those are called in words; their files are named by what is in them."""
_KEPT_NAME: Final = re.compile(r"[0-9a-f]{16}")
_HEAD_BYTES: Final = 64
"""The beginning of a file, which shows whether it is an image."""


def read_npz(path: Path) -> Dataset:
    """Read the arrays in a file. Blocks; any thread. Runs no code from it.

    `images` are (N, 28, 28), or (N, 784), or with a channel of one; 0 to 255, or fractions from
    0 to 1. `labels` are (N,) whole numbers from 0 on. `classes`, where it is there, has the
    names of the classes; else they are called by their numbers.

    Args:
        path: The file, absolute.

    Raises:
        DataError: When it cannot be read, or holds something else.
    """
    arrays = _load(path)
    try:
        return dataset_of(
            arrays["images"], arrays["labels"], arrays.get("classes"), str(path), _title(path)
        )
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _title(path: Path) -> str:
    """What a file's dataset is called in words."""
    is_kept = path.parent.name == KEPT_IN and _KEPT_NAME.fullmatch(path.stem)
    return KEPT_TITLE if is_kept else path.stem


def dataset_of(
    images: NDArray[Any], labels: NDArray[Any], classes: NDArray[Any] | None, name: str, title: str
) -> Dataset:
    """The dataset in some arrays, split by the content of the images.

    Args:
        images: As in `read_npz`.
        labels: As in `read_npz`.
        classes: As in `read_npz`.
        name: What the settings of a run call it.
        title: Its name in words.

    Raises:
        DataError: When they are not a dataset's arrays.
    """
    pixels, numbers = _pixels(images), _numbers(labels)
    if len(pixels) != len(numbers):
        found = formatting.counted(len(pixels), "image")
        raise DataError(f"{found} but {formatting.counted(len(numbers), 'label')}")
    if not len(numbers):
        raise DataError("there are no images")
    count = int(numbers.max()) + 1
    check_count("it", count)
    names = _names(classes, count)
    digests = [hashlib.sha256(image.tobytes()).digest() for image in pixels]
    splits = split_by_content(pixels, numbers, digests, names)
    return own_dataset(name, title, names, *splits)


def _load(path: Path) -> dict[str, NDArray[Any]]:
    wanted = ("images", "labels", "classes")
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as parts:
            if sum(part.file_size for part in parts.infolist()) > _LARGEST_BYTES:
                raise DataError(f"{path} says that its arrays are larger than any dataset's")
            with np.load(file, allow_pickle=False) as arrays:
                missing = [name for name in wanted[:2] if name not in arrays.files]
                if missing:
                    found = ", ".join(arrays.files[:5]) or "nothing"
                    raise DataError(
                        f"{path} has no {' and no '.join(missing)}, but {found}; save them with "
                        "numpy.savez(path, images=..., labels=...)"
                    )
                return {name: arrays[name] for name in wanted if name in arrays.files}
    except zipfile.BadZipFile as error:
        raise DataError(_describe_other_kind(path, error)) from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except DataError:
        raise
    except Exception as error:
        # Whatever a made-up file may hold in place of these arrays.
        reason = first_line(error)
        if "allow_pickle" in reason:
            reason = "it holds Python objects, not arrays of numbers"
        raise DataError(f"{path} cannot be read as an .npz file ({reason})") from error


def _describe_other_kind(path: Path, error: zipfile.BadZipFile) -> str:
    """What is wrong with a file that holds no arrays, in one line."""
    try:
        with path.open("rb") as file:
            is_image = begins_like_an_image(file.read(_HEAD_BYTES))
    except OSError:
        is_image = False
    if is_image:
        return f"{path} is an image; name a folder that has one folder of images for each class"
    return f"{path} cannot be read as an .npz file ({first_line(error)})"


def _pixels(images: NDArray[Any]) -> NDArray[np.uint8]:
    """The images as (N, 28, 28) uint8."""
    shape = " x ".join(map(str, images.shape))
    if images.ndim == 0 or images.dtype.kind not in "buif":
        raise DataError(f"images are {shape or 'one value'} of {images.dtype}, not numbers")
    side = tuple(size for size in images.shape[1:] if size != 1)
    if side not in ((28, 28), (784,)):
        raise DataError(f"images are {shape}, not N x 28 x 28")
    values = images.reshape(len(images), 28, 28)
    if values.dtype == np.uint8 or not len(values):
        return np.ascontiguousarray(values, np.uint8)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 255):
        raise DataError(f"images have values from {low:g} to {high:g}, not from 0 to 255 or to 1")
    scale = 255 if values.dtype.kind in "bf" and high <= 1 else 1
    return np.rint(values.astype(np.float32) * scale).astype(np.uint8)


def _numbers(labels: NDArray[Any]) -> NDArray[np.int64]:
    """The labels as (N,) int64."""
    shape = " x ".join(map(str, labels.shape))
    if labels.dtype.kind not in "ui" or labels.size != len(np.atleast_1d(labels)):
        raise DataError(f"labels are {shape or 'one value'} of {labels.dtype}, not N whole numbers")
    numbers = labels.reshape(-1).astype(np.int64)
    if len(numbers) and numbers.min() < 0:
        raise DataError(f"labels begin at {numbers.min()}, not at 0")
    return numbers


def _names(classes: NDArray[Any] | None, count: int) -> tuple[str, ...]:
    """The names of the classes."""
    if classes is None:
        return tuple(map(str, range(count)))
    if classes.ndim != 1 or classes.dtype.kind not in "US":
        raise DataError(f"classes are {classes.dtype}, not a list of names")
    names = tuple(
        name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
        for name in classes.tolist()
    )
    if len(names) < count:
        found = formatting.counted(len(names), "name")
        raise DataError(f"there are labels up to {count - 1}, but {found} of classes")
    return names
