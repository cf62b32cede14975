"""Gray images in a terminal, two pixels in each cell; and the widgets of one or two of them."""

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import groupby
from os import environ
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from mnist_tui.images.image import Picture
from mnist_tui.tui.widgets.lines import Shown, StripLines

SIDE: Final = 28
"""Pixels on each side of the images that models get."""

LEVELS: Final = 24
"""As many grays as a terminal of 256 colors has; more would only be more to send."""

_SHADES: Final = " ░▒▓█"
_RAMP: Final = " .:-=+*#%@"
_DARK: Final = 112
"""From this gray on a pixel counts as ink, where there is only ink and paper."""


@dataclass(frozen=True, slots=True)
class Image:
    """Gray values, row by row: 0 is the paper, 255 is ink.

    Raises:
        ValueError: When there are not `width` x `height` of them.
    """

    pixels: bytes
    width: int = SIDE
    height: int = SIDE

    def __post_init__(self) -> None:
        if len(self.pixels) != self.width * self.height:
            shape = f"{self.width} x {self.height}"
            raise ValueError(f"{len(self.pixels)} bytes are not {shape} pixels")

    @classmethod
    def of(cls, values: NDArray[np.uint8]) -> Self:
        """The image of a (h, w) array."""
        return cls(values.tobytes(), values.shape[1], values.shape[0])

    @property
    def array(self) -> NDArray[np.uint8]:
        """(h, w), not to be written to."""
        return np.frombuffer(self.pixels, np.uint8).reshape(self.height, self.width)

    @property
    def lines(self) -> int:
        """How many lines of the terminal it takes; it takes `width` columns."""
        return (self.height + 1) // 2

    def resized(self, width: int, height: int) -> "Image":
        """The image as `width` x `height` pixels, each the mean of what it covers."""
        across = _shares(self.width, width)
        down = _shares(self.height, height)
        return Image.of((down @ self.array @ across.T + 0.5).astype(np.uint8))

    @property
    def ink_size(self) -> tuple[int, int]:
        """Width and height of the ink; (0, 0) when there is none."""
        rows, columns = self._inked()
        return (int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1) if len(rows) else (0, 0)

    def _inked(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows and the columns with ink in them."""
        return np.flatnonzero(self.array.max(axis=1)), np.flatnonzero(self.array.max(axis=0))

    def cropped(self, side: int) -> "Image":
        """The square of `side` pixels around the ink; paper where it reaches over the edge."""
        rows, columns = self._inked()
        if not len(rows):
            rows, columns = np.arange(self.height), np.arange(self.width)
        top = (int(rows[0]) + int(rows[-1]) + 1 - side) // 2
        left = (int(columns[0]) + int(columns[-1]) + 1 - side) // 2
        around = np.pad(self.array, side)
        return Image.of(around[top + side : top + 2 * side, left + side : left + 2 * side])

    def enlarged(self, factor: int = 2) -> "Image":
        """Each pixel as a square of `factor` pixels."""
        return Image.of(np.repeat(np.repeat(self.array, factor, axis=0), factor, axis=1))


@lru_cache(maxsize=64)
def _shares(old: int, new: int) -> NDArray[np.float64]:
    """(new, old): how much of each old pixel goes into each new one."""
    edges = np.arange(new + 1) * old / new
    starts, ends = edges[:-1, None], edges[1:, None]
    pixels = np.arange(old)
    covered = np.minimum(ends, pixels + 1) - np.maximum(starts, pixels)
    shares: NDArray[np.float64] = np.clip(covered, 0, None) * new / old
    return shares


class Form(Enum):
    """What images are made of."""

    GRAYS = "half blocks, each half in its own gray"
    SHADES = "half blocks and shades in one color"
    ASCII = "characters, the denser the darker"


@dataclass(frozen=True, slots=True)
class Shading:
    """How images look in one place on one terminal."""

    form: Form
    paper: Color
    ink: Color
    is_tinted: bool = True
    """Whether what lies between the two may have a hue."""


def shading_of(widget: Widget) -> Shading:
    """How images look on `widget`: ink is its text color, paper its background."""
    app = widget.app
    _, _, paper, ink = widget.colors
    if not app.console.encoding.lower().startswith("utf"):
        return Shading(Form.ASCII, paper, ink)
    is_own_palette = app.native_ansi_color or paper.ansi is not None or ink.ansi is not None
    colors = app.console.color_system
    if is_own_palette or colors == "standard" or environ.get("TERM") == "linux":
        # The colors between two of the terminal's own are not known.
        return Shading(Form.SHADES, paper, ink)
    # With 256 colors, tinted grays would be rounded to the six steps of a color cube.
    return Shading(Form.GRAYS, paper, ink, is_tinted=colors != "256")


@lru_cache(maxsize=512)
def strips_of(image: Image, shading: Shading) -> tuple[Strip, ...]:
    """`image` as `image.lines` strips of `image.width` columns."""
    values = image.array
    if image.height % 2:
        values = np.vstack([values, np.zeros((1, image.width), np.uint8)])
    if shading.form is Form.GRAYS:
        return tuple(
            _gray_line(values[y], values[y + 1], shading) for y in range(0, len(values), 2)
        )
    style = _flat_style(shading)
    draw = _ascii_cell if shading.form is Form.ASCII else _shade_cell
    return tuple(
        Strip([Segment("".join(map(draw, above.tolist(), below.tolist())), style)], image.width)
        for above, below in zip(values[::2], values[1::2], strict=True)
    )


def _gray_line(above: NDArray[np.uint8], below: NDArray[np.uint8], shading: Shading) -> Strip:
    tops, bottoms = (_levels(row) for row in (above, below))
    segments = []
    for (top, bottom), cells in groupby(zip(tops, bottoms, strict=True)):
        block = " " if top == bottom else "▀"
        segments.append(Segment(block * len(list(cells)), _gray_style(top, bottom, shading)))
    return Strip(segments, len(above))


def _levels(row: NDArray[np.uint8]) -> list[int]:
    levels: list[int] = ((row.astype(np.intp) * (LEVELS - 1) + 127) // 255).tolist()
    return levels


@lru_cache(maxsize=4 * LEVELS**2)
def _gray_style(top: int, bottom: int, shading: Shading) -> Style:
    upper, lower = (_gray(level, shading) for level in (top, bottom))
    if top == bottom:
        return Style(bgcolor=lower.rich_color)
    return Style(color=upper.rich_color, bgcolor=lower.rich_color)


def _gray(level: int, shading: Shading) -> Color:
    color = shading.paper.blend(shading.ink, level / (LEVELS - 1))
    if shading.is_tinted or not level:
        # The paper itself stays as it is, so that no edge is seen around the image.
        return color
    brightness = round(255 * color.brightness)
    return Color(brightness, brightness, brightness)


def _flat_style(shading: Shading) -> Style:
    return Style(color=shading.ink.rich_color, bgcolor=shading.paper.rich_color)


def _shade_cell(top: int, bottom: int) -> str:
    if (top >= _DARK) != (bottom >= _DARK) and abs(top - bottom) >= _DARK // 2:
        return "▀" if top > bottom else "▄"
    return _SHADES[_step((top + bottom) // 2, len(_SHADES))]


def _ascii_cell(top: int, bottom: int) -> str:
    return _RAMP[_step((top + bottom) // 2, len(_RAMP))]


def _step(value: int, steps: int) -> int:
    return (value * (steps - 1) + 127) // 255


class Bitmap(StripLines):
    """One image as large as it is; what does not fit is cut."""

    DEFAULT_CSS = """
    Bitmap { width: auto; height: auto; }
    """

    image: Shown[Image | None] = Shown(None)
    """What is shown; another of the same size costs no layout."""

    def __init__(self, image: Image) -> None:
        super().__init__()
        self.set_reactive(Bitmap.image, image)

    def watch_image(self, old: Image | None, new: Image | None) -> None:
        """Ask for a layout only when the size changes."""
        sizes = {(image.width, image.lines) if image else (0, 0) for image in (old, new)}
        if len(sizes) > 1:
            self.refresh(layout=True)
        self.redraw()

    def get_content_width(self, container: object, viewport: object) -> int:
        return self.image.width if self.image else 0

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return self.image.lines if self.image else 0

    def draw(self, width: int, height: int) -> list[Strip]:
        return list(strips_of(self.image, shading_of(self))) if self.image else []


_TITLES: Final = ("photograph", "cropped")
_GAP: Final = 2
"""Columns between the two."""


class PictureView(StripLines):
    """The first and the last image of a picture's steps, side by side; of one, that alone."""

    DEFAULT_CSS = """
    PictureView { width: 1fr; height: 1fr; }
    """

    picture: Shown[Picture | None] = Shown(None)

    def draw(self, width: int, height: int) -> list[Strip]:
        if self.picture is None:
            return []
        images = [step.image for step in self.picture.steps if step.image is not None]
        room = (width - _GAP) // 2
        columns = [
            self._column(title, _fit(Image.of(image), room, 2 * (height - 1)), room)
            for title, image in zip(_TITLES, (images[0], *images[1:][-1:]), strict=False)
        ]
        lines = max(map(len, columns))
        gap = Strip.blank(_GAP, self.visual_style.rich_style)
        blank = Strip.blank(room, self.visual_style.rich_style)
        padded = [column + [blank] * (lines - len(column)) for column in columns]
        rows = zip(*padded, strict=True)
        return [Strip.join([row[0], *(part for c in row[1:] for part in (gap, c))]) for row in rows]

    def _column(self, title: str, image: Image, width: int) -> list[Strip]:
        style = self.visual_style.rich_style
        strips = [Strip([Segment(title, style)]), *strips_of(image, shading_of(self))]
        return [strip.adjust_cell_length(width, style) for strip in strips]


def _fit(image: Image, width: int, height: int) -> Image:
    """The image as large as `width` x `height` pixels allow, its aspect kept."""
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(scale * image.width)), max(1, round(scale * image.height)))
    return image.resized(*size)
