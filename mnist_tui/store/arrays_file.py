"""Files of plain arrays, written in memory and read within bounds."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
"""By their names in the file."""


def arrays_bytes(arrays: Arrays) -> bytes:
    """The content of an .npz file; not compressed, which would take ten times as long."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def read_arrays(path: Path, most_bytes: int) -> Arrays:
    """The arrays in an .npz file. Runs no code from it.

    Raises:
        OSError: When it cannot be read.
        ValueError: When its arrays take more than `most_bytes`.
        Exception: Of any kind, when it is damaged or made up.
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as parts:
        if sum(part.file_size for part in parts.infolist()) > most_bytes:
            raise ValueError("its entries are too large")
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
