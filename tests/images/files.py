"""Image files of all kinds, made from one real digit, and files that are none."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mnist_tui.data.sample import load_sample

DIGIT: NDArray[np.uint8] = load_sample().validation.images[700]
"""(28, 28), as MNIST has it."""


def digit() -> Image.Image:
    """The digit as MNIST has it, light on dark."""
    return Image.fromarray(DIGIT)


def page(side: int = 200, size: tuple[int, int] = (300, 260)) -> Image.Image:
    """The digit dark on a white page with margins."""
    white = Image.new("L", size, 255)
    white.paste(ImageOps.invert(digit().resize((side, side))), (60, 25))
    return white


def strokes(color: tuple[int, int, int]) -> Image.Image:
    """The page's digit in one color on nothing."""
    image = Image.new("RGBA", page().size, (*color, 0))
    image.putalpha(ImageOps.invert(page()))
    return image


def colored(ink: tuple[int, int, int], ground: tuple[int, int, int]) -> Image.Image:
    """The page's digit in one color on another."""
    return ImageOps.colorize(page(), ink, ground)


def encode(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def claiming_png(width: int, height: int) -> bytes:
    """A PNG file of a few bytes whose header says that it is of this size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def black_png(width: int, height: int) -> bytes:
    """A whole PNG file of one bit per pixel, a thousandth of the size of what it holds."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compressobj(9)
    row = bytes(1 + -(-width // 8))
    pixels = b"".join(rows.compress(row) for _ in range(height)) + rows.flush()
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def swollen_png(kind: bytes) -> bytes:
    """A whole PNG file with a chunk of text or colors that unpacks to 100 MB."""
    whole = encode(page())
    packed = zlib.compress(bytes(100_000_000), 1)
    return whole[:33] + png_chunk(kind, b"name\0\0" + packed) + whole[33:]
