"""From the bytes of an image file to gray values, whatever its format, mode and size.

Pillow decodes; it is imported when the first image comes.
"""

import math
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.errors import DataError
from mnist_tui.images.foreign import kind_of
from mnist_tui.images.grayscale import Steps, gray_values

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: Final = ("PNG", "JPEG", "GIF", "BMP", "WebP", "TIFF", "AVIF")
"""The only decoders that are let near a file. On a damaged TIFF, libtiff adds a line to stderr."""
MAX_PIXELS: Final = 89_478_485
"""The most pixels that are decoded, by what the header says: Pillow's own limit, a quarter of
a gibibyte in 24 bits. An image of more counts as a decompression bomb."""
MAX_JPEG_PIXELS: Final = 256_000_000
"""The same for JPEG, which is decoded at an eighth of its size where that is enough; phones
take photographs of 200 million pixels."""
MAX_SIDE: Final = 1024
"""Larger images are shrunk to this; MNIST's 28 pixels leave room enough."""

_pillow: Final = threading.Lock()
_ORIENTATION: Final = 0x0112
"""The EXIF tag that says how the camera was held."""
_DECODING_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on files that are damaged or made up."""


@dataclass(frozen=True, eq=False)
class Gray:
    """An image in gray values."""

    values: NDArray[np.float32]
    """(H, W) float32 in [0, 255], 0 is black."""
    size: tuple[int, int]
    """Width and height of the whole image, upright, before it was shrunk."""
    done: Steps
    """What it took, in words, in order."""


def decode(content: bytes) -> Gray:
    """Decode an image file; of an animation, the first frame. Blocks; any thread, one at a time.

    Raises:
        DataError: When it is no image, is not whole, or is too large.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with _strict_pillow(), Image.open(BytesIO(content), formats=FORMATS) as image:
            limit = MAX_JPEG_PIXELS if image.format in ("JPEG", "MPO") else MAX_PIXELS
            if math.prod(image.size) > limit:
                raise _too_large(image.size)
            return _decode(image)
    except UnidentifiedImageError as error:
        _refuse_foreign(content)
        if begins_like_an_image(content):
            raise DataError("is not a whole image; save or download it again") from error
        wanted = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise DataError(
            f"is not an image of a kind that can be read; name a {wanted} file"
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise _too_large() from error
    except _DECODING_ERRORS as error:
        _refuse_foreign(content)
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"is damaged ({reason}); save or download it again") from error


def _refuse_foreign(content: bytes) -> None:
    """Name the kind of a file that is whole, but not read.

    Raises:
        DataError: When it is of one that is known.
    """
    kind = kind_of(content)
    if kind is not None:
        raise DataError(f"is a {kind.name} file, which is not read: {kind.advice}") from None


@contextmanager
def _strict_pillow() -> Iterator[None]:
    """Have Pillow raise on bombs, and say nothing about what else it finds odd.

    Limit and warning filters are the process's, so that threads wait for one another.
    """
    from PIL import Image

    with _pillow, warnings.catch_warnings():
        limit = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def begins_like_an_image(content: bytes) -> bool:
    """Whether a file has the first bytes of one of FORMATS, whatever comes after them."""
    from PIL import Image

    Image.init()
    # Pillow's own tests of them; in place of True a word stands for a decoder that is missing.
    known = (Image.OPEN[name.upper()][1] for name in FORMATS if name.upper() in Image.OPEN)
    return any(accept is not None and accept(content[:16]) is True for accept in known)


def _too_large(size: tuple[int, int] | None = None) -> DataError:
    found = f" ({size[0]:,}x{size[1]:,})" if size else ""
    return DataError(
        f"has too many pixels{found}; at most {MAX_PIXELS // 1_000_000} million are read, of a "
        f"JPEG {MAX_JPEG_PIXELS // 1_000_000} million: scale it down"
    )


def _decode(image: "Image") -> Gray:
    """What `decode` promises, of an image that is open and small enough."""
    from PIL import ImageOps

    done: list[str] = []
    if getattr(image, "is_animated", False):
        done.append("first of several frames")
    size = image.size
    orientation = image.getexif().get(_ORIENTATION, 1)
    # JPEG decodes at a half, a quarter or an eighth of its size at once; others do nothing here.
    image.draft(None, (MAX_SIDE, MAX_SIDE))
    if orientation in range(2, 9):
        ImageOps.exif_transpose(image, in_place=True)
        done.append("turned upright")
    if (size[0] > size[1]) != (image.width > image.height):
        size = size[::-1]
    values, steps = gray_values(image, MAX_SIDE)
    return Gray(values, size, (*done, *steps))
