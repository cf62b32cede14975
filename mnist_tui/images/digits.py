"""Which of the pieces of ink on a page are digits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mnist_tui.images.background import FAINTEST, Contrast
from mnist_tui.images.components import Box, Component, find_components
from mnist_tui.images.groups import FAINT, Digit, cut_out, group_pieces, in_order

Floats = NDArray[np.float32]

SIGMAS: Final = 6
"""Ink stands out by this many standard deviations of the page's noise."""
WEAK: Final = 0.4
"""What is weaker than this fraction of the strongest ink is no part of a digit."""
SPECK: Final = 0.025
"""What is shorter than this fraction of the image's shorter side is a speck."""
SMALL: Final = 0.35
"""What is shorter than this fraction of the tallest digit is no digit beside it."""
MOST: Final = 120
"""Pieces that are looked at, the longest."""
SHARP: Final = 0.5
"""The least part of ink's contrast that is seen across its edge."""
BLURRED: Final = 0.2
"""The same of ink that no shadow is as dark as: small images that were enlarged are blurred."""
STRONG: Final = 0.85
"""The contrast from which ink is darker than any shadow."""
VERY_SHARP: Final = 0.9
"""The same of weak ink."""
JUMP: Final = 0.5
"""A step of the background of this part of the ink's contrast is the edge of something else."""
AS_DARK: Final = 0.8
"""A step of the background of this part of the ink's contrast may be ink itself."""
LOST: Final = 0.02
"""Where more of a stroke's outline than this has such a step, a part of it is not seen."""
AROUND: Final = 0.7
"""The least part of a stroke's outline that has such an edge."""
FLAT_BAR: Final = 5.0
"""How many times as wide as thick a stroke under or over a digit is."""
BLOT: Final = 0.7
"""What is thicker than this fraction of its length is no writing."""
SOFT: Final = 0.2
"""What touches the frame is no writing where it has less contrast than this."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found on a page."""

    digits: tuple[Digit, ...]
    """Line by line, from left to right."""
    left_out: tuple[str, ...]
    """What was found and is no part of them, in words."""
    thickness: float = 0.0
    """Of the thickest stroke, in pixels; 0 when nothing was found."""
    longest: int = 0
    """The longer side of the largest digit, in pixels."""
    rejected: int = 0
    """The same of the largest piece whose edges are not its own."""
    mass: float = 0.0
    """Sum of the contrast of all digits."""
    is_whole: bool = True
    """Whether nothing shows that parts of thick strokes count as background."""


def find_digits(ink: Floats, contrast: Contrast) -> Findings:
    """Find the digits on a page.

    Args:
        ink: (H, W), 0 is page: the contrast without printed lines.
    """
    low = max(SIGMAS * contrast.noise, FAINTEST)
    join = round(0.006 * max(ink.shape))
    least = SPECK * min(ink.shape)
    _, pieces = find_components(ink, low, join)
    main = _main([piece for piece in pieces if piece.box.longer >= least])
    if main is None:
        return Findings((), ())
    low = max(low, WEAK * main.strength)
    labels, pieces = find_components(ink, low, join)
    pieces = [piece for piece in pieces if piece.strength >= WEAK * main.strength]
    pieces = sorted(pieces, key=lambda piece: -piece.box.longer)[:MOST]
    pieces = [p for p in pieces if p.strength >= FAINT or p.box.longer >= 3 * least]
    sharp = [piece for piece in pieces if _has_edges(contrast, labels, piece, low)]
    soft = [piece for piece in pieces if piece not in sharp and not piece.touches]
    rejected = max((piece.box.longer for piece in soft), default=0)
    pieces, left_out = _sort_out(sharp, least, ink.shape)
    groups = group_pieces(pieces)
    if not groups:
        return Findings((), left_out, rejected=rejected)
    tallest = max(box.longer for box, _ in groups)
    kept = [group for group in groups if group[0].longer >= SMALL * tallest]
    if len(kept) < len(groups):
        left_out = (*left_out, "specks")
    digits = [cut_out(ink, labels, group) for group in in_order(kept)]
    own = [piece for _, pieces in kept for piece in pieces]
    return Findings(
        tuple(digits),
        left_out,
        thickness=max(piece.thickness for piece in own),
        longest=tallest,
        rejected=rejected,
        mass=sum(piece.mass for piece in own),
        is_whole=_are_whole(own, soft, contrast, labels),
    )


def _main(pieces: Sequence[Component]) -> Component | None:
    """The piece that the ink of the others is measured by."""
    inner = [piece for piece in pieces if not piece.touches]

    def rank(piece: Component) -> float:
        return float(
            piece.strength * np.sqrt(piece.box.longer) / (1 + piece.thickness / piece.box.longer)
        )

    return max(inner or pieces, key=rank, default=None)


def _has_edges(contrast: Contrast, labels: NDArray[np.int32], piece: Component, low: float) -> bool:
    """Whether a piece has edges all around that are its own.

    Smears and shadows are soft. Where a shadow has a corner, the background has an edge and
    the image has none.
    """
    box, outline = _outline(labels, piece)
    # What is hardly more than noise is believed only where it is very sharp.
    part = VERY_SHARP if piece.strength < max(SOFT, 1.5 * low) else SHARP
    part = BLURRED if piece.strength >= STRONG else part
    is_sharp = contrast.edges[box.slices][outline] >= part * piece.strength
    is_jump = contrast.jumps[box.slices][outline] >= JUMP * piece.strength
    return bool(is_sharp.mean() >= AROUND and is_jump.mean() <= 1 - AROUND)


def _are_whole(
    pieces: Sequence[Component],
    soft: Sequence[Component],
    contrast: Contrast,
    labels: NDArray[np.int32],
) -> bool:
    """Whether all that the strokes of digits consist of is in their pieces.

    Where a stroke, or a loop that was filled, is too wide for the window, the background has
    it: beyond the outline it is as dark as ink, or pieces without edges of their own are left.
    """
    for piece in pieces:
        box, outline = _outline(labels, piece)
        beyond = contrast.background_contrast(box.slices)[outline]
        is_lost = beyond >= AS_DARK * piece.strength
        if is_lost.mean() > LOST or any(_adjoins(other.box, piece.box) for other in soft):
            return False
    return True


def _adjoins(one: Box, other: Box) -> bool:
    return max(one.gap(other)) < 0.1 * one.longer


def _outline(labels: NDArray[np.int32], piece: Component) -> tuple[Box, NDArray[np.bool_]]:
    """A box around a piece, and which of its pixels (h, w) are the piece's outermost."""
    box = piece.box.grow(1, labels.shape)
    mine = (labels[box.slices] == piece.label).astype(np.uint8)
    inner = cv2.erode(mine, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT)
    return box, mine > inner


def _sort_out(
    pieces: list[Component], least: float, shape: tuple[int, ...]
) -> tuple[list[Component], tuple[str, ...]]:
    """The pieces that may be digits, and what the others are."""
    left_out: list[str] = []
    large = [piece for piece in pieces if piece.box.longer >= least]
    inner = [piece for piece in large if not piece.touches]
    cut = [piece for piece in large if piece.touches and _is_cut_stroke(piece, shape)]
    tallest = max((piece.box.longer for piece in cut), default=0)
    if cut and not any(p.box.longer >= 0.25 * tallest for p in inner):
        inner += cut
    if len(inner) < len(large):
        large = inner
        left_out.append("what touches the frame")
    blots = [piece for piece in large if piece.thickness > BLOT * piece.box.longer]
    if blots:
        large = [piece for piece in large if piece not in blots]
        left_out.append("a blot")
    frames = [p for p in large if any(_is_around(p, other) for other in large)]
    if frames:
        large = [piece for piece in large if piece not in frames]
        left_out.append("a frame")
    bars = [p for p in large if _is_bar(p) and any(_is_beside(p, o) for o in large if o is not p)]
    if bars:
        large = [piece for piece in large if piece not in bars]
        left_out.append("a line")
    return large, tuple(left_out)


def _is_cut_stroke(piece: Component, shape: tuple[int, ...]) -> bool:
    """Whether a piece that touches the frame may be writing, and not a thumb or a shadow."""
    is_cut_above = piece.box.top == 0 or piece.box.bottom == shape[0]
    is_cut_aside = piece.box.left == 0 or piece.box.right == shape[1]
    inwards = max(piece.box.height * is_cut_above, piece.box.width * is_cut_aside)
    return (
        not _is_bar(piece)
        and piece.touches < 0.8 * piece.box.longer
        and inwards > 0.3 * piece.box.longer
        and piece.thickness < 0.35 * piece.box.longer
        and piece.strength >= SOFT
    )


def _is_around(piece: Component, other: Component) -> bool:
    """Whether a piece is a frame, or a ring, around another."""
    is_hollow = piece.area < 0.5 * piece.box.height * piece.box.width
    return (
        piece is not other
        and is_hollow
        and piece.box.holds(other.box)
        and other.box.longer > 0.35 * piece.box.longer
    )


def _is_bar(piece: Component) -> bool:
    return piece.box.width >= FLAT_BAR * piece.thickness and piece.box.height <= max(
        2.5 * piece.thickness, 0.2 * piece.box.width
    )


def _is_beside(bar: Component, other: Component) -> bool:
    """Whether a bar lies over or under another piece, and not in it."""
    rows, columns = bar.box.gap(other.box)
    is_under = bar.box.top > other.box.top
    return (
        columns < 0
        and rows > (-bar.thickness if is_under else 0.1 * other.box.height)
        and other.box.height >= 0.3 * bar.box.width
        and bar.box.width >= (0.8 if is_under else 1.2) * other.box.width
    )
