"""What was found in an image file: the photograph, and what was cropped out of it if anything."""

from typing import Final

from rich.segment import Segment
from textual.strip import Strip

from mnist_tui.images import Picture
from mnist_tui.tui.insight.widgets.bitmap import Image, shading_of, strips_of
from mnist_tui.tui.widgets.lines import Shown, StripLines

TITLES: Final = ("photograph", "cropped")
GAP: Final = 2
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
        room = (width - GAP) // 2
        columns = [
            self._column(title, _fit(Image.of(image), room, 2 * (height - 1)), room)
            for title, image in zip(TITLES, (images[0], *images[1:][-1:]), strict=False)
        ]
        lines = max(map(len, columns))
        gap = Strip.blank(GAP, self.visual_style.rich_style)
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
