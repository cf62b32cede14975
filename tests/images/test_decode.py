"""Every format and mode comes out as the same digit."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mnist_tui.errors import DataError
from mnist_tui.images.image import Picture, read_picture
from tests.images.files import DIGIT, colored, digit, encode, page, strokes

INVERTED = "inverted: dark on light"
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def read(image: Image.Image, format: str = "PNG", **options: object) -> Picture:
    return read_picture(encode(image, format, **options), "digit")


def pixels(picture: Picture) -> NDArray[np.uint8]:
    return np.frombuffer(picture.pixels, np.uint8).reshape(28, 28)


def assert_digit(picture: Picture, least: float = 0.97) -> None:
    """The picture is the page's digit, as a plain PNG file of the page gives it."""
    expected = pixels(read(page()))
    assert np.corrcoef(pixels(picture).ravel(), expected.ravel())[0, 1] > least


def test_a_page_comes_out_as_the_digit_that_was_scaled_onto_it() -> None:
    found = pixels(read(page()))
    moved = [np.roll(found, step, axis=(0, 1)) for step in itertools.product((-1, 0, 1), repeat=2)]
    assert max(np.corrcoef(image.ravel(), DIGIT.ravel())[0, 1] for image in moved) > 0.95


@pytest.mark.parametrize("format", ["PNG", "GIF", "BMP"])
@pytest.mark.parametrize("is_inverted", [False, True])
def test_a_digit_of_mnist_is_not_touched(format: str, is_inverted: bool) -> None:
    picture = read(ImageOps.invert(digit()) if is_inverted else digit(), format)
    assert picture.pixels == DIGIT.tobytes()
    expected = ("already in MNIST's form",)
    assert picture.done == ((INVERTED, *expected) if is_inverted else expected)


def test_a_digit_of_mnist_in_16_bits_is_not_touched() -> None:
    picture = read(Image.fromarray(DIGIT.astype(np.uint16) * 257))
    assert picture.pixels == DIGIT.tobytes()
    assert picture.done[0] == "0 to 65,535 taken as black to white"


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_format_is_read(format: str, mode: str) -> None:
    picture = read(page().convert(mode), format)
    assert_digit(picture)
    assert INVERTED in picture.done


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16"])
def test_every_mode_of_png_is_read(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(page()).astype(np.uint16) * 257)
    else:
        image = page().convert(mode)
    assert_digit(read(image), least=0.8 if mode == "1" else 0.97)


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_16_bits_of_which_fewer_are_used_are_read(bits: int) -> None:
    values = np.asarray(page()).astype(np.float64) * (2**bits - 1) / 255
    picture = read(Image.fromarray(values.astype(np.uint16)))
    assert_digit(picture)
    assert picture.done[0] == f"0 to {2**bits - 1:,} taken as black to white"


def test_the_colors_of_print_are_read() -> None:
    picture = read(page().convert("CMYK"), "JPEG")
    assert_digit(picture)


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (BLACK, WHITE),
        (WHITE, BLACK),
        ((0, 0, 180), (250, 250, 240)),
        ((255, 255, 0), WHITE),  # faint in gray
        ((255, 0, 0), (0, 130, 0)),  # as bright as its ground
        ((40, 90, 200), (90, 60, 60)),
    ],
)
def test_colors_are_read_whatever_they_are(
    ink: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    assert_digit(read(colored(ink, ground)))


def test_what_gray_would_hide_is_read_in_one_color() -> None:
    assert "turned to gray by its blue alone" in read(colored((255, 255, 0), WHITE)).done
    assert "turned to gray" in read(colored((0, 0, 180), WHITE)).done
    assert read(page().convert("RGB")).done == read(page()).done


@pytest.mark.parametrize(
    ("color", "ground"),
    [(BLACK, "white"), (WHITE, "black"), ((90, 0, 0), "white"), ((128, 255, 128), "black")],
)
@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_strokes_on_nothing_are_laid_on_what_shows_them(
    color: tuple[int, int, int], ground: str, format: str
) -> None:
    picture = read(strokes(color), format)
    assert_digit(picture)
    assert picture.done[0] == f"laid on {ground}"


def test_strokes_that_one_hardly_sees_are_read() -> None:
    faint = strokes(BLACK)
    faint.putalpha(faint.getchannel("A").point(lambda alpha: alpha // 5))
    assert_digit(read(faint))


def test_a_palette_with_a_color_of_nothing_is_read() -> None:
    picture = read(strokes(BLACK).quantize(32))
    assert_digit(picture)
    assert picture.done[0] == "laid on white"


def test_a_page_with_nothing_around_it_keeps_its_ground() -> None:
    sheet = Image.new("RGBA", (500, 400), (0, 0, 0, 0))
    sheet.paste(page().convert("RGBA"), (40, 60))
    picture = read(sheet)
    assert_digit(picture)
    assert picture.done[:2] == ("laid on the ground of its page", INVERTED)


def test_a_picture_taken_with_the_camera_turned_is_turned_back() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for format in ("JPEG", "PNG", "WEBP"):
        picture = read(page().transpose(Image.Transpose.ROTATE_90), format, exif=exif)
        assert_digit(picture)
        assert picture.done[0] == "turned upright"


def test_the_first_frame_of_an_animation_is_read() -> None:
    empty = Image.new("L", page().size, 255)
    for format in ("GIF", "WEBP", "PNG"):
        picture = read(page(), format, save_all=True, append_images=[empty])
        assert_digit(picture)
        assert picture.done[0] == "first of several frames"


def test_a_large_photograph_is_shrunk_with_a_note() -> None:
    picture = read(page().resize((6000, 5200)), "JPEG")
    assert_digit(picture)
    assert picture.done[0] == "shrunk to 1,024x887"


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 2)])
def test_an_image_without_room_for_a_digit_is_blank(size: tuple[int, int]) -> None:
    with pytest.raises(DataError, match="blank"):
        read(Image.new("L", size, 200))


def test_an_image_of_nothing_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="transparent"):
        read(Image.new("RGBA", (50, 50), (0, 0, 0, 0)))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_a_scan_of_any_compression_is_read(compression: str) -> None:
    assert_digit(read(page(), "TIFF", compression=compression))


@pytest.mark.parametrize("white", [1.0, 255.0, 70_000.0, 3e9])
def test_a_scan_in_fractions_or_in_32_bits_is_read(white: float) -> None:
    values = np.asarray(page(), np.float32) / 255 * np.float32(white)
    assert_digit(read(Image.fromarray(values), "TIFF"))
    damaged = values.copy()
    damaged[0, :3] = np.nan, -np.inf, -5
    assert_digit(read(Image.fromarray(damaged), "TIFF"))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_turned_image_of_any_kind_is_turned_upright_once(format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera's top was on the left
    lying = page().rotate(90, expand=True)
    picture = read(lying, format, exif=exif)
    assert_digit(picture)
    upright = read(page(), format)
    assert abs(picture.box.left - upright.box.left) <= 2
    assert abs(picture.box.width - upright.box.width) <= 2


@pytest.mark.parametrize("factor", [2, 4, 8, 16])
def test_an_image_that_was_enlarged_in_blocks_is_read(factor: int) -> None:
    original = Image.fromarray(DIGIT)
    blocks = original.resize((28 * factor, 28 * factor), Image.Resampling.NEAREST)
    for image in (blocks, ImageOps.invert(blocks)):
        found = pixels(read(image))
        assert np.corrcoef(found.ravel(), DIGIT.ravel())[0, 1] > 0.95
