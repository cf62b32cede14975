"""What is no image is refused in one line, before it can do harm."""

import random
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from PIL import Image

from mnist_tui.errors import DataError
from mnist_tui.images.image import read_picture
from tests.images.files import (
    black_png,
    claiming_png,
    digit,
    encode,
    page,
    strokes,
    swollen_png,
)

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF")
OTHER_KIND = (
    "is not an image of a kind that can be read; "
    "name a PNG, JPEG, GIF, BMP, WebP, TIFF or AVIF file"
)


def refusal(content: bytes) -> str:
    """The one line that the content is refused with; nothing else is said."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError) as caught:
            read_picture(content, "digit.png")
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("content", [b"", b"x", b"not an image\n" * 50, bytes(5000)])
def test_what_is_no_image_is_refused(content: bytes) -> None:
    assert refusal(content) == OTHER_KIND


@pytest.mark.parametrize("format", ["EPS", "PPM", "TGA"])
def test_an_image_of_a_kind_that_is_not_read_is_refused_as_that(format: str) -> None:
    assert refusal(encode(page(), format)) == OTHER_KIND


@pytest.mark.parametrize("format", FORMATS)
def test_an_image_that_ends_with_its_first_bytes_is_no_other_kind(format: str) -> None:
    message = refusal(encode(page(), format)[:16])
    assert message.endswith("; save or download it again")
    if format in ("GIF", "BMP"):  # of the others Pillow says more
        assert message.startswith("is not a whole image")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_half_an_image_is_refused(format: str, part: float) -> None:
    whole = encode(page(), format)
    message = refusal(whole[: int(part * len(whole))])
    assert "damaged" in message or "not a whole image" in message


@pytest.mark.parametrize("size", [(60_000, 60_000), (12_000, 9_000), (2_000_000, 50)])
def test_an_image_that_claims_too_many_pixels_is_refused_by_its_header(
    size: tuple[int, int],
) -> None:
    assert "too many pixels" in refusal(claiming_png(*size))


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
def test_text_that_swells_is_not_unpacked(kind: bytes) -> None:
    assert "too large" in refusal(swollen_png(kind))


@pytest.mark.slow
def test_a_decompression_bomb_costs_no_memory(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(black_png(20_000, 20_000))
    assert bomb.stat().st_size < 100_000
    code = f"""
import resource
from pathlib import Path
from mnist_tui.errors import DataError
from mnist_tui.images.image import read_picture
from tests.images.files import encode, page
read_picture(encode(page()), "good")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_picture(Path({str(bomb)!r}).read_bytes(), "bomb")
except DataError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    grown, message = done.stdout.split(maxsplit=1)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(grown) * unit < 20_000_000
    assert "too many pixels" in message
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [150, pytest.param(1500, marks=pytest.mark.slow)])
def test_damage_anywhere_is_survived(rounds: int) -> None:
    chance = random.Random(rounds)
    exif = Image.Exif()
    exif[0x0112] = 3
    wholes = [
        *(encode(digit().resize((60, 60)).convert("RGB"), format) for format in FORMATS),
        encode(digit(), "GIF", save_all=True, append_images=[page()]),
        encode(strokes((0, 0, 0)).resize((50, 50))),
        encode(digit(), "JPEG", exif=exif),
        encode(digit(), "PNG", exif=exif),
    ]
    messages: set[str] = set()
    outcomes = {True: 0, False: 0}
    for _ in range(rounds):
        content = bytearray(chance.choice(wholes))
        for _ in range(chance.choice((1, 2, 8))):
            place = chance.randrange(min(len(content), chance.choice((40, 200, len(content)))))
            content[place] = chance.choice((0, 255, chance.randrange(256)))
        try:
            is_read = len(read_picture(bytes(content), "digit").pixels) == 784
        except DataError as error:
            is_read = False
            messages.add(str(error))
        outcomes[is_read] += 1
    assert not [message for message in messages if "\n" in message]
    assert min(outcomes.values()) > rounds / 15
