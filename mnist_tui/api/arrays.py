"""Images and labels that a script hands over, kept where its runs are."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from mnist_tui.errors import DataError
from mnist_tui.store.arrays_file import arrays_bytes
from mnist_tui.store.atomic import write_atomic

FOLDER: Final = ".data"
"""The folder, in that of the runs, in which arrays are kept."""


def keep_arrays(data: Any, runs_dir: Path) -> Path:
    """Write arrays into an .npz file beside the runs, so that these can be resumed and shown.

    Args:
        data: `(images, labels)` or `(images, labels, classes)`, or a dictionary of these names, in
            the forms that an .npz file may have them in.

    Returns:
        The file; the same one for the same content.

    Raises:
        DataError: When it is something else.
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
    path = (runs_dir / FOLDER / f"{digest.hexdigest()[:16]}.npz").absolute()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, arrays_bytes(arrays))
    return path
