"""Reading the IDX files that MNIST comes in, and the datasets made after it.

The format: a big-endian magic number (two zero bytes, 0x08 for unsigned bytes or 0x0C for 32-bit
integers, the number of dimensions), one 32-bit size per dimension, then the numbers. It is
described on the page that MNIST was first published on, http://yann.lecun.com/exdb/mnist/.
"""

import gzip
import math
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.errors import DataError

_KINDS: Final[Mapping[np.dtype[Any], int]] = {np.dtype("u1"): 0x08, np.dtype(">i4"): 0x0C}
"""What the header calls the kinds of numbers that are read."""
_MAX_ITEMS: Final = 1_000_000
"""More examples than any set in MNIST's format has; a header that says more is damaged."""


def read_idx(path: Path, item_shape: tuple[int, ...], kind: str = "u1") -> NDArray[Any]:
    """Read an IDX file. Never takes more memory than its header asks for.

    Args:
        path: The file; packed by gzip if its name ends in .gz.
        item_shape: What each item must look like: (28, 28) for images, () for labels.
        kind: The numbers' type as numpy names it: `u1`, or `>i4`.

    Returns:
        (N, *item_shape) of that type, in memory of its own.

    Raises:
        DataError: When the file cannot be read, or is not a whole IDX file of such items.
    """
    dtype = np.dtype(kind)
    is_packed = path.suffix == ".gz"
    header_size = 4 + 4 * (1 + len(item_shape))
    try:
        if not path.is_file():
            # Not opened: it may be a pipe, which would be waited for.
            raise DataError(f"cannot read {path}: {_kind(path)}")
        with gzip.open(path) if is_packed else path.open("rb") as file:
            shape = _read_header(file.read(header_size), path, item_shape, _KINDS[dtype])
            size = math.prod(shape) * dtype.itemsize
            if not is_packed and path.stat().st_size != header_size + size:
                raise _damaged(
                    path, f"is {path.stat().st_size} bytes long, not {header_size + size}"
                )
            # One more, to find out whether the file ends there.
            content = np.empty(size + 1, np.uint8)
            count = file.readinto(content.data)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path, "cannot be unpacked") from error
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}; check the file's permissions"
        ) from error
    if count != size:
        found = "more than that" if count > size else f"only {header_size + count}"
        raise _damaged(path, f"is not {header_size + size} bytes long, but {found}")
    return content[:size].view(dtype).reshape(shape)


def _read_header(content: bytes, path: Path, item_shape: tuple[int, ...], kind: int) -> list[int]:
    """The shape of what follows the header."""
    dimensions = 1 + len(item_shape)
    if len(content) < 4 + 4 * dimensions:
        raise _damaged(path, f"is only {len(content)} bytes long")
    expected = struct.pack(">HBB", 0, kind, dimensions)
    if content[:4] != expected:
        raise _damaged(path, f"starts with {content[:4].hex()}, not with {expected.hex()}")
    shape = list(struct.unpack(f">{dimensions}I", content[4:]))
    if tuple(shape[1:]) != item_shape:
        found, wanted = _shape_name(shape[1:]), _shape_name(item_shape)
        raise _damaged(path, f"holds items of {found}, not of {wanted}")
    if not 0 < shape[0] <= _MAX_ITEMS:
        raise _damaged(path, f"says that it holds {shape[0]} items")
    return shape


def _shape_name(shape: tuple[int, ...] | list[int]) -> str:
    return " by ".join(str(size) for size in shape) or "single bytes"


def _kind(path: Path) -> str:
    if path.is_dir():
        return "it is a folder"
    return "it is not a file" if path.exists() else "it is a link to nothing"


def _damaged(path: Path, problem: str) -> DataError:
    return DataError(f"{path} {problem}: it is damaged; delete it to download it again")
