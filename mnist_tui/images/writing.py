"""Which of the pieces of ink on a page may be writing, and what the others are."""

from typing import Final

from mnist_tui.images.components import Component

FLAT_BAR: Final = 5.0
"""How many times as wide as thick a stroke under or over a digit is."""
BLOT: Final = 0.7
"""What is thicker than this fraction of its length is no writing."""
SOFT: Final = 0.2
"""What touches the frame is no writing where it has less contrast than this."""


def sort_out(
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
