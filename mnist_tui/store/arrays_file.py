"""Files of plain arrays, written in memory and read within bounds."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mnist_tui.errors import DataError, first_line

Arrays = Mapping[str, NDArray[Any]]
"""By their names in the file."""
T = TypeVar("T")


def arrays_bytes(arrays: Arrays) -> bytes:
    """The content of an .npz file; not compressed, which would take ten times as long."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def read_arrays(path: Path, most_bytes: int, make: Callable[[Arrays], T], advice: str) -> T | None:
    """What `make` makes of the arrays in an .npz file; None where there is no file.

    Runs no code from it.

    Args:
        most_bytes: What its arrays may take, whatever its entries say.
        make: Raises what it likes where they are not what they should be.
        advice: What becomes of a file that is damaged.

    Raises:
        DataError: When it cannot be read or is damaged.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as parts:
            if sum(part.file_size for part in parts.infolist()) > most_bytes:
                raise ValueError("its entries are too large")
            with np.load(file, allow_pickle=False) as arrays:
                return make({name: arrays[name] for name in arrays.files})
    except FileNotFoundError:
        return None
    except Exception as error:
        # Whatever a made-up file may hold in place of these arrays.
        raise DataError(f"{path} cannot be read ({first_line(error)}); {advice}") from error
