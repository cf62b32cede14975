"""Photographs of handwriting, made from digits of 28x28: one kind of trouble each.

A photograph is made as a camera meets it: a paper with print on it, writing, what lies around
and on it, the light, the lens. A kind changes one of these. The same digit, kind and seed give
the same pixels.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]
Digit = NDArray[np.uint8]
Layer = Callable[[Floats, np.random.Generator], Floats]
"""Takes (H, W, 3) in [0, 255], and gives it with something on it."""

SIZE = 900, 700
"""Height and width."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """How one photograph is taken."""

    paper: tuple[float, float, float] = (235, 233, 226)
    ink: tuple[float, float, float] = (35, 35, 45)
    print: tuple[Layer, ...] = ()
    """On the paper before it is written on."""
    height: float = 0.42
    """Of the digit, as a fraction of the photograph's."""
    weight: float = 0.0
    """How much thicker than in MNIST the strokes are; below 0 thinner."""
    brush: float = 0.0
    """Width that the strokes are widened by, as a fraction of the digit's height."""
    tilt: float = 0.0
    """Of the digit, in degrees."""
    marks: tuple[Callable[[Floats, "Box"], None], ...] = ()
    """Written with the same pen, around the digit."""
    beside: int = 0
    """More digits to the right of it."""
    around: tuple[Layer, ...] = ()
    """What lies around and on the sheet, and the light."""
    noise: float = 3.0
    blur: float = 0.7
    quality: int = 88
    is_blank: bool = False


Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""


def photograph(digits: list[Digit], shot: Shot, rng: np.random.Generator) -> bytes:
    """The JPEG of one photograph; `digits` are written from left to right."""
    page = np.full((*SIZE, 3), shot.paper, np.float32)
    for layer in shot.print:
        page = layer(page, rng)
    if not shot.is_blank:
        ink = _write(digits[: 1 + shot.beside], shot, rng)[..., None]
        page = page * (1 - ink) + np.array(shot.ink, np.float32) * ink
    for layer in shot.around:
        page = layer(page, rng)
    page = cv2.GaussianBlur(page, (0, 0), shot.blur)
    page = page + rng.normal(0, shot.noise, page.shape)
    file = BytesIO()
    Image.fromarray(page.round().clip(0, 255).astype(np.uint8)).save(
        file, "JPEG", quality=shot.quality
    )
    return file.getvalue()


def _write(digits: list[Digit], shot: Shot, rng: np.random.Generator) -> Floats:
    """The ink, (H, W) in [0, 1]."""
    rows, columns = SIZE
    ink = np.zeros(SIZE, np.float32)
    step = columns / (len(digits) + 1)
    for number, digit in enumerate(digits, start=1):
        x = step * number + rng.uniform(-0.02, 0.02) * columns
        y = rows * (0.5 + rng.uniform(-0.05, 0.05))
        tall = shot.height * rows * min(1.0, 1.7 * step / (shot.height * rows))
        stroke, box = stroke_of(digit, tall, shot.weight, shot.tilt)
        if shot.brush:
            side = round(shot.brush * tall)
            stroke = np.pad(stroke, side)
            stroke = cv2.dilate(stroke, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
        top, left = round(y - stroke.shape[0] / 2), round(x - stroke.shape[1] / 2)
        ink[top : top + stroke.shape[0], left : left + stroke.shape[1]] += stroke
        place = (left + box[0], top + box[1], left + box[2], top + box[3])
        for mark in shot.marks:
            mark(ink, place)
    return ink.clip(0, 1)


def stroke_of(digit: Digit, tall: float, weight: float = 0, tilt: float = 0) -> tuple[Floats, Box]:
    """A digit with the sharp edges of a pen, `tall` pixels, and the box of its ink."""
    scale = tall / 20
    side = round(28 * scale)
    smooth = cv2.resize(digit.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    smooth = cv2.GaussianBlur(smooth, (0, 0), scale / 2)
    if tilt:
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), tilt, 1.0)
        smooth = cv2.warpAffine(smooth, turn, (side, side))
    level = 110 - 60 * weight
    ink = ((smooth - level) / (60 / scale) + 0.5).clip(0, 1)
    y, x = np.nonzero(ink > 0.5)
    box = (
        (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
        if len(x)
        else (0, 0, side, side)
    )
    return ink.astype(np.float32), box


# What is printed on paper.


def ruled(
    color: tuple[float, float, float],
    gap: float,
    width: int,
    angle: float = 3,
    *,
    is_squared: bool = False,
    bend: float = 0.0,
) -> Layer:
    """Lines `gap` of the height apart, turned by up to `angle` degrees, bent by `bend` pixels."""

    def layer(page: Floats, rng: np.random.Generator) -> Floats:
        rows, columns = page.shape[:2]
        turn = np.radians(rng.uniform(-angle, angle))
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
        across = across + bend * np.sin(np.pi * x / columns)
        period = gap * rows
        phase = rng.uniform(0, period, 2)
        at = (across + phase[0]) % period < width
        if is_squared:
            at |= (along + phase[1]) % period < width
        page[at] = color
        return page

    return layer


def margin(page: Floats, rng: np.random.Generator) -> Floats:
    """The red line down the left of a school's paper."""
    x = round(rng.uniform(0.06, 0.14) * page.shape[1])
    page[:, x : x + 3] = (225, 120, 120)
    return page


def holes(page: Floats, rng: np.random.Generator) -> Floats:
    """Punched along one side."""
    for part in (0.3, 0.7):
        center = (round(0.05 * page.shape[1]), round(part * page.shape[0]))
        cv2.circle(page, center, 16, (70, 60, 55), -1, cv2.LINE_AA)
    return page


def print_beside(page: Floats, rng: np.random.Generator) -> Floats:
    """A few words of print at the top."""
    print_ = np.zeros(page.shape[:2], np.uint8)
    for row in range(2):
        place = (40, 50 + 34 * row)
        cv2.putText(print_, "Name and date of birth 12345", place, 0, 0.9, 170, 2, cv2.LINE_AA)
    return page * (1 - print_[..., None].astype(np.float32) / 255)


def coffee(page: Floats, rng: np.random.Generator) -> Floats:
    """The ring that a cup leaves, in a corner."""
    layer = np.zeros(page.shape[:2], np.float32)
    cv2.circle(layer, (560, 740), 120, 1.0, 9, cv2.LINE_AA)
    return page * (1 - 0.22 * cv2.GaussianBlur(layer, (0, 0), 3)[..., None])


def crease(page: Floats, rng: np.random.Generator) -> Floats:
    """A fold, one side of it a little darker."""
    rows, columns = page.shape[:2]
    x0, x1 = rng.uniform(0.2, 0.8, 2) * columns
    edge = np.linspace(x0, x1, rows)[:, None]
    away = np.arange(columns)[None] - edge
    shade = 1 - 0.1 * (away > 0) - 0.18 * np.exp(-((away / 2.5) ** 2))
    return np.asarray(page * shade[..., None], np.float32)


def spiral(page: Floats, rng: np.random.Generator) -> Floats:
    """The wire that binds a notebook, and the holes it goes through, along the left side."""
    for y in np.arange(12, page.shape[0], 30):
        cv2.rectangle(page, (14, int(y)), (26, int(y) + 12), (60, 55, 50), -1)
        cv2.line(page, (0, int(y) + 3), (20, int(y) + 8), (150, 150, 155), 4, cv2.LINE_AA)
    return page


def smeared(page: Floats, rng: np.random.Generator) -> Floats:
    """What a sponge leaves on a board."""
    rows, columns = page.shape[:2]
    cloud = rng.normal(0, 8, (rows // 60, columns // 60)).astype(np.float32)
    return page + cv2.resize(cloud, (columns, rows), interpolation=cv2.INTER_CUBIC)[..., None]


# What lies on it, and the light.


def on_desk(tone: tuple[float, float, float], grain: float = 8.0, angle: float = 12.0) -> Layer:
    """The sheet as a smaller quadrangle on a desk."""

    def layer(page: Floats, rng: np.random.Generator) -> Floats:
        rows, columns = page.shape[:2]
        streaks = cv2.GaussianBlur(
            rng.normal(0, 1, (rows, columns)).astype(np.float32), (0, 0), 12, sigmaY=1.2
        )
        desk = np.array(tone, np.float32) + grain * (streaks / streaks.std())[..., None]
        corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
        turn = np.radians(rng.uniform(-angle, angle))
        rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array([columns, rows]) / 2
        moved = (corners - middle) * rng.uniform(0.68, 0.8) @ rotation.T + middle
        moved += rng.uniform(-0.03, 0.03, (4, 2)) * columns
        matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
        sheet = cv2.warpPerspective(page, matrix, (columns, rows))
        mask = cv2.warpPerspective(np.ones((rows, columns), np.float32), matrix, (columns, rows))
        return np.asarray(desk * (1 - mask[..., None]) + sheet, np.float32)

    return layer


def finger(page: Floats, rng: np.random.Generator) -> Floats:
    """The tip of a finger from the middle of a side."""
    rows, columns = page.shape[:2]
    mask = np.zeros((rows, columns), np.float32)
    reach, width = rng.uniform(0.1, 0.17) * columns, rng.uniform(35, 60)
    y = rng.uniform(0.15, 0.85) * rows
    cv2.ellipse(
        mask,
        (0, round(y)),
        (round(reach), round(width)),
        rng.uniform(-15, 15),
        0,
        360,
        1.0,
        -1,
        cv2.LINE_AA,
    )
    if rng.integers(2):
        mask = np.ascontiguousarray(mask[:, ::-1])
    mask = cv2.GaussianBlur(mask, (0, 0), 2.5)[..., None]
    skin = np.array((200, 150, 128), np.float32) * rng.uniform(0.55, 1.1)
    return np.asarray(page * (1 - mask) + skin * mask, np.float32)


def hand_shadow(softness: float, dark: float = 0.55) -> Layer:
    """The shadow of a hand and the phone in it: round parts and straight ones."""

    def layer(page: Floats, rng: np.random.Generator) -> Floats:
        rows, columns = page.shape[:2]
        mask = np.zeros((rows, columns), np.float32)
        x, y = rng.uniform(0.3, 0.9) * columns, rng.uniform(0.4, 0.8) * rows
        angle = rng.uniform(-30, 30)
        box = cv2.boxPoints(((x, y + 0.35 * rows), (0.5 * columns, 0.7 * rows), angle))
        cv2.fillPoly(mask, [np.rint(box).astype(np.int32)], 1.0, cv2.LINE_AA)
        cv2.circle(mask, (round(x), round(y)), round(0.2 * columns), 1.0, -1, cv2.LINE_AA)
        mask = cv2.GaussianBlur(mask, (0, 0), softness)
        return np.asarray(page * (1 - (1 - dark) * mask[..., None]), np.float32)

    return layer


def pen_cap(page: Floats, rng: np.random.Generator) -> Floats:
    """A pen's cap, or a rubber, that lies on the sheet beside the digit."""
    x, y = rng.choice([0.12, 0.88]) * page.shape[1], rng.uniform(0.15, 0.85) * page.shape[0]
    box = cv2.boxPoints(((x, y), (32, 110), rng.uniform(-40, 40)))
    cv2.fillPoly(page, [np.rint(box).astype(np.int32)], (30, 60, 120), cv2.LINE_AA)
    return page


def on_screen(page: Floats, rng: np.random.Generator) -> Floats:
    """The pattern that a screen's pixels make with the camera's, in color."""
    y, x = np.mgrid[: page.shape[0], : page.shape[1]].astype(np.float32)
    turns = rng.uniform(-0.2, 0.2, 3)
    waves = [np.sin(2 * np.pi * (x * np.cos(t) + y * np.sin(t)) / (9 + 40 * abs(t))) for t in turns]
    return np.asarray(page * (0.93 + 0.07 * np.stack(waves, axis=-1)), np.float32)


def dimmed(light: float) -> Layer:
    """All of it in less light, or in more than the camera can tell apart."""
    return lambda page, rng: np.clip(page * np.float32(light), 0, 255)


def glare(page: Floats, rng: np.random.Generator) -> Floats:
    """A lamp that shines on the paper."""
    rows, columns = page.shape[:2]
    x, y = rng.uniform(0.2, 0.8) * columns, rng.uniform(0.2, 0.8) * rows
    at_y, at_x = np.mgrid[:rows, :columns]
    light = np.exp(-(((at_x - x) / 150) ** 2 + ((at_y - y) / 150) ** 2))
    return np.asarray(page * (0.72 + 0.3 * light[..., None]), np.float32)


# What is written around a digit.


def box_around(ink: Floats, box: Box) -> None:
    """The box of a form."""
    left, top, right, bottom = (round(value) for value in box)
    space = round(0.25 * (bottom - top))
    corner, other = (left - space, top - space), (right + space, bottom + space)
    cv2.rectangle(ink, corner, other, 1.0, max(2, space // 8), cv2.LINE_AA)


def ring_around(ink: Floats, box: Box) -> None:
    """A circle, as around the number of an exercise."""
    left, top, right, bottom = box
    center = (round((left + right) / 2), round((top + bottom) / 2))
    axes = (round(0.75 * (bottom - top)), round(0.8 * (bottom - top)))
    cv2.ellipse(ink, center, axes, 0, 0, 360, 1.0, 8, cv2.LINE_AA)


def underlined_twice(ink: Floats, box: Box) -> None:
    """As a result is."""
    left, _, right, bottom = (round(value) for value in box)
    space = round(0.12 * (bottom - box[1]))
    for row in (1, 1.6):
        y = bottom + round(row * space)
        cv2.line(ink, (left - space, y), (right + space, y - space // 5), 1.0, 7, cv2.LINE_AA)


PLAIN = Shot()
PALE_BLUE, GRAY = (160, 185, 220), (120, 120, 125)
DARK_DESK, WOOD = (62, 50, 44), (190, 150, 105)

KINDS: dict[str, Shot] = {
    "plain": PLAIN,
    "thin": replace(PLAIN, weight=-1.3, height=0.3),
    "thick": replace(PLAIN, weight=1.3),
    "marker": replace(PLAIN, weight=-1.0, brush=0.16),
    "tilted": replace(PLAIN, tilt=14),
    "pencil": replace(PLAIN, ink=(150, 150, 150), weight=-0.8),
    "white on blue": replace(PLAIN, paper=(40, 60, 120), ink=(240, 240, 240)),
    "orange paper": replace(PLAIN, paper=(245, 160, 70), ink=(40, 50, 120)),
    "red on pink": replace(PLAIN, paper=(250, 200, 205), ink=(200, 40, 60), weight=-0.5),
    "whiteboard": replace(PLAIN, paper=(210, 215, 220), ink=(30, 120, 60), around=(glare,)),
    "blackboard": replace(PLAIN, paper=(45, 50, 48), ink=(215, 215, 205), print=(smeared,)),
    "spiral": replace(PLAIN, print=(ruled(PALE_BLUE, 0.06, 2, is_squared=True), spiral)),
    "orange squares": replace(PLAIN, print=(ruled((240, 170, 120), 0.05, 2, is_squared=True),)),
    "lines": replace(PLAIN, print=(ruled(PALE_BLUE, 0.08, 3),)),
    "dark lines": replace(PLAIN, print=(ruled(GRAY, 0.09, 2, 8),)),
    "bent lines": replace(PLAIN, print=(ruled(PALE_BLUE, 0.08, 3, bend=14),)),
    "dark squares": replace(PLAIN, print=(ruled((140, 150, 170), 0.055, 2, 6, is_squared=True),)),
    "lines and margin": replace(PLAIN, print=(ruled(PALE_BLUE, 0.08, 2), margin)),
    "holes": replace(PLAIN, print=(holes,)),
    "print beside": replace(PLAIN, print=(print_beside,)),
    "coffee": replace(PLAIN, print=(coffee,)),
    "crease": replace(PLAIN, around=(crease,)),
    "pencil in shadow": replace(PLAIN, ink=(140, 140, 140), around=(hand_shadow(40),)),
    "hand's shadow": replace(PLAIN, around=(hand_shadow(3),)),
    "lines in shadow": replace(PLAIN, print=(ruled(PALE_BLUE, 0.08, 2),), around=(hand_shadow(6),)),
    "glare": replace(PLAIN, around=(glare,)),
    "dark desk": replace(PLAIN, around=(on_desk(DARK_DESK),)),
    "wooden desk": replace(PLAIN, around=(on_desk(WOOD),)),
    "lines on a desk": replace(
        PLAIN, print=(ruled(PALE_BLUE, 0.08, 3),), around=(on_desk(DARK_DESK),)
    ),
    "finger": replace(PLAIN, around=(finger,)),
    "two shadows": replace(PLAIN, around=(hand_shadow(3, 0.65), hand_shadow(12, 0.65))),
    "pen's cap": replace(PLAIN, around=(pen_cap,)),
    "screen": replace(PLAIN, around=(on_screen,)),
    "overexposed": replace(PLAIN, ink=(90, 90, 100), around=(dimmed(1.7),)),
    "very dark": replace(PLAIN, around=(dimmed(0.12),), noise=4, quality=60),
    "out of focus": replace(PLAIN, blur=6.0),
    "dim": replace(PLAIN, paper=(120, 115, 105), noise=14, quality=40),
    "boxed": replace(PLAIN, height=0.3, marks=(box_around,)),
    "circled": replace(PLAIN, height=0.3, marks=(ring_around,)),
    "underlined twice": replace(PLAIN, height=0.35, marks=(underlined_twice,)),
    "three": replace(PLAIN, height=0.25, beside=2),
    "blank": replace(PLAIN, is_blank=True),
    "blank, dark lines": replace(PLAIN, print=(ruled(GRAY, 0.09, 2, 8),), is_blank=True),
    "blank, squares": replace(
        PLAIN, print=(ruled(PALE_BLUE, 0.05, 2, 5, is_squared=True),), is_blank=True
    ),
    "blank, hand's shadow": replace(PLAIN, around=(hand_shadow(3),), is_blank=True),
    "blank, desk": replace(PLAIN, around=(on_desk(DARK_DESK),), is_blank=True),
    "blank, finger": replace(PLAIN, around=(finger,), is_blank=True),
    "blank, glare": replace(PLAIN, around=(glare,), is_blank=True),
    "blank, dim": replace(PLAIN, paper=(120, 115, 105), noise=18, is_blank=True),
}


def photographs(kind: str, images: NDArray[np.uint8], seed: int = 0) -> Iterator[bytes]:
    """A photograph of each of the images (N, 28, 28), of one kind."""
    for number in range(len(images)):
        rng = np.random.default_rng([seed, number, zlib.crc32(kind.encode())])
        written = [images[(number + step) % len(images)] for step in range(3)]
        yield photograph(written, KINDS[kind], rng)
