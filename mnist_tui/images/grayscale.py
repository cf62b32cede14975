"""From Pillow's many modes to gray values in which ink stands out from its ground."""

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

Steps = tuple[str, ...]
"""What was done, in words, in order."""
Floats = NDArray[np.float32]

CHANNELS: Final = ("red", "green", "blue")
FULL_SCALES: Final = (1, 255, 1023, 4095, 16383, 65535)
"""What white may be in an image of 16 bits, of which fewer may be in use, or of fractions: the
least that no pixel exceeds."""
LEGIBLE: Final = 64
"""The difference in gray from which an image's own ink and ground are told apart."""
SMALL: Final = 256
"""Longer side, in pixels, of the image on which its colors are compared."""
FAINT: Final = 0.5
"""Ink whose contrast in gray is below this fraction of that in one color is read in that."""


def gray_values(image: "Image", max_side: int) -> tuple[Floats, Steps]:
    """Gray values of an image in any mode, shrunk to at most `max_side`.

    Returns:
        (H, W) float32 in [0, 255], 0 is black, and what it took.

    Raises:
        DataError: When nothing of it can be seen.
    """
    from PIL import Image

    size = image.size
    image, done = _plain(image)
    if max(size) > max_side:
        scale = max_side / max(size)
        smaller = (max(1, round(scale * size[0])), max(1, round(scale * size[1])))
        image = image.resize(smaller, Image.Resampling.BILINEAR, reducing_gap=2.0)
        done += (f"shrunk to {image.width:,}x{image.height:,}",)
    if image.mode == "RGBA":
        image, steps = _lay(image)
        done += steps
    if image.mode == "RGB":
        image, steps = _without_color(image)
        done += steps
    return np.asarray(image, np.float32), done


def _plain(image: "Image") -> tuple["Image", Steps]:
    """The same image in one of four modes: L, RGB, RGBA, or F in [0, 255] for more than 8 bits."""
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        values, steps = _to_8_bits(np.asarray(image, np.float32))
        return Image.fromarray(values), steps
    if image.has_transparency_data:
        image = image.convert("RGBA")
        is_opaque = image.getchannel("A").getextrema() == (255, 255)
        return (image.convert("RGB"), ()) if is_opaque else (image, ())
    wanted = "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == wanted else image.convert(wanted), ()


def _to_8_bits(values: Floats) -> tuple[Floats, Steps]:
    """Values of 16 bits, or fractions, on the scale of 0 to 255, not rounded."""
    values = np.nan_to_num(values, posinf=0.0).clip(0.0)
    peak = math.ceil(values.max())
    full = next((scale for scale in FULL_SCALES if scale >= peak), peak)
    return values * np.float32(255 / full), (f"0 to {full:,} taken as black to white",)


def _lay(image: "Image") -> tuple["Image", Steps]:
    """An RGBA image on the ground on which it can be read.

    Where what can be seen of it is a page, with ink and ground of its own, that ground goes
    on behind it. Where it is bare strokes, they are laid on white when they are dark and on
    black when they are light.
    """
    from PIL import Image

    gray = np.asarray(image.convert("RGB").convert("L"))
    alpha = np.asarray(image.getchannel("A"))
    if not alpha.any():
        raise DataError("is transparent all over; give its strokes a color")
    seen = alpha >= alpha.max() / 2
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    coverage = seen.sum() / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1))
    low, high = np.percentile(gray[seen], (1, 99))
    if high - low >= LEGIBLE and coverage > 0.5:
        colors = np.asarray(image)[seen][:, :3]
        ground = tuple(int(value) for value in np.median(colors, axis=0))
        name = "the ground of its page"
    else:
        is_dark = bool(gray[seen].mean() < 128)
        ground, name = ((255,) * 3, "white") if is_dark else ((0,) * 3, "black")
    page = Image.new("RGBA", image.size, (*ground, 255))
    return Image.alpha_composite(page, image).convert("RGB"), (f"laid on {name}",)


def _without_color(image: "Image") -> tuple["Image", Steps]:
    """An RGB image in gray, or one of its colors where gray would leave the ink faint."""
    channels = image.split()
    gray = image.convert("L")
    if all(channel == gray for channel in channels):
        return gray, ()
    spreads = [_spread(channel) for channel in channels]
    best = int(np.argmax(spreads))
    if _spread(gray) < FAINT * spreads[best]:
        return channels[best], (f"turned to gray by its {CHANNELS[best]} alone",)
    return gray, ("turned to gray",)


def _spread(channel: "Image") -> float:
    """How much stands out in one channel from what is around it, whatever light falls there."""
    from PIL import ImageFilter

    small = channel.reduce(math.ceil(max(channel.size) / SMALL))
    around = small.filter(ImageFilter.GaussianBlur(max(small.size) / 16))
    return float((np.asarray(small, np.float32) - np.asarray(around, np.float32)).std())
