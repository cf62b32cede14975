"""Reading the IDX files that MNIST comes in.

The format: a big-endian magic number (two zero bytes, 0x08 for unsigned bytes, the number
of dimensions), one 32-bit size per dimension, then the bytes. It is described on the page
that MNIST was first published on, http://yann.lecun.com/exdb/mnist/.
"""

import math
import struct
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.errors import DataError

_UNSIGNED_BYTES: Final = 0x08
_MAX_ITEMS: Final = 10_000_000


def read_idx(path: Path, item_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes.

    Args:
        path: The file, unpacked.
        item_shape: What each item must look like: (28, 28) for images, () for labels.

    Returns:
        (N, *item_shape) uint8, in memory of its own.

    Raises:
        DataError: When the file cannot be read, or is not a whole IDX file of such items.
    """
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; check the file's rights") from error
    dimensions = 1 + len(item_shape)
    header_size = 4 + 4 * dimensions
    if len(content) < header_size:
        raise _damaged(path, f"is only {len(content)} bytes long")
    zeros, kind, found_dimensions, *shape = struct.unpack(
        f">HBB{dimensions}I", content[:header_size].data
    )
    if (zeros, kind, found_dimensions) != (0, _UNSIGNED_BYTES, dimensions):
        magic, expected = (
            content[:4].tobytes().hex(),
            struct.pack(">HBB", 0, _UNSIGNED_BYTES, dimensions),
        )
        raise _damaged(path, f"starts with {magic}, not with {expected.hex()}")
    if tuple(shape[1:]) != item_shape:
        found, wanted = _shape_name(shape[1:]), _shape_name(item_shape)
        raise _damaged(path, f"holds items of {found}, not of {wanted}")
    if not 0 < shape[0] <= _MAX_ITEMS:
        raise _damaged(path, f"says that it holds {shape[0]} items")
    expected_size = header_size + math.prod(shape)
    if len(content) != expected_size:
        raise _damaged(path, f"is {len(content)} bytes long, not {expected_size}")
    return content[header_size:].reshape(shape)


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write `array` as an IDX file of unsigned bytes."""
    header = struct.pack(
        f">HBB{array.ndim}I", 0, _UNSIGNED_BYTES, array.ndim, *(int(n) for n in array.shape)
    )
    path.write_bytes(header + array.tobytes())


def _shape_name(shape: tuple[int, ...] | list[int]) -> str:
    return " by ".join(str(size) for size in shape) or "single bytes"


def _damaged(path: Path, problem: str) -> DataError:
    return DataError(f"{path} {problem}: it is damaged; delete it to download it again")
