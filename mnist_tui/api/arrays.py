"""Images and labels that a script hands over, kept where its runs are."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_tui.data.arrays import KEPT_IN, KEPT_TITLE, dataset_of
from mnist_tui.errors import DataError
from mnist_tui.store.arrays_file import arrays_bytes
from mnist_tui.store.atomic import write_atomic


def keep_arrays(data: Any, runs_dir: Path) -> Path:
    """Write arrays into an .npz file beside the runs, so that these can be resumed and shown.

    Args:
        data: `(images, labels)` or `(images, labels, classes)`, or a dictionary of these names, in
            the forms that an .npz file may have them in.

    Returns:
        The file; the same one for the same content.

    Raises:
        DataError: When it is something else, or no dataset; then nothing is written.
        OSError: When it cannot be written.
    """
    names = ("images", "labels", "classes")
    if isinstance(data, Mapping):
        arrays = {name: np.asarray(data[name]) for name in names if name in data}
    elif isinstance(data, Sequence) and not isinstance(data, str):
        arrays = {name: np.asarray(part) for name, part in zip(names, data, strict=False)}
    else:
        arrays = {}
    if not {"images", "labels"} <= set(arrays):
        raise DataError(
            "data must be a name, a path, (images, labels) or (images, labels, classes), "
            f"not {type(data).__name__}"
        )
    # Not the file's own bytes, which have the time in them.
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    path = (runs_dir / KEPT_IN / f"{digest.hexdigest()[:16]}.npz").absolute()
    if not path.exists():
        _check(arrays)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, arrays_bytes(arrays))
    return path


def _check(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Make sure that the arrays can be trained on.

    Raises:
        DataError: When they cannot.
    """
    images, labels, classes = arrays["images"], arrays["labels"], arrays.get("classes")
    try:
        dataset_of(images, labels, classes, KEPT_TITLE, KEPT_TITLE)
    except DataError as error:
        raise DataError(f"the arrays cannot be trained on: {error}") from error
