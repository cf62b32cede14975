"""Gray images as characters and colors."""

import numpy as np
import pytest
from textual.color import Color

from mnist_tui.tui.insight.widgets.bitmap import Bitmap, Form, Image, Shading, shading_of, strips_of
from mnist_tui.tui.insight.widgets.gallery import thumbnail
from tests.tui.insight.fake_insight import digits
from tests.tui.insight.pane_harness import Alone

BLACK, WHITE = Color(0, 0, 0), Color(255, 255, 255)


def shown(image: Image, form: Form) -> list[str]:
    """The text of an image's lines."""
    return [strip.text for strip in strips_of(image, Shading(form, BLACK, WHITE))]


def pixels(image: Image, shading: Shading) -> list[list[int]]:
    """The brightness of every pixel, read back from the cells."""
    rows: list[list[int]] = []
    for strip in strips_of(image, shading):
        above, below = [], []
        for text, style, _ in strip:
            assert style is not None
            assert style.bgcolor is not None
            lower = style.bgcolor.get_truecolor().red
            upper = style.color.get_truecolor().red if style.color else lower
            above += [upper] * len(text)
            below += [lower] * len(text)
        rows += [above, below]
    return rows[: image.height]


def test_each_half_of_a_cell_has_the_gray_of_its_pixel() -> None:
    image = Image.of(digits().images[305])
    seen = np.array(pixels(image, Shading(Form.GRAYS, BLACK, WHITE)))
    assert seen.shape == (28, 28)
    assert np.abs(seen - image.array.astype(int)).max() <= 255 / 23 / 2 + 1


def test_ink_is_dark_on_a_light_ground() -> None:
    seen = pixels(Image(bytes([0, 255, 128, 0]), 2, 2), Shading(Form.GRAYS, WHITE, BLACK))
    assert seen[0] == [255, 0]
    assert 100 < seen[1][0] < 150


def test_the_last_line_of_an_odd_height_is_half_paper() -> None:
    image = Image(bytes([255] * 15), 3, 5)
    (*_, last) = strips_of(image, Shading(Form.GRAYS, BLACK, WHITE))
    assert image.lines == 3
    assert last.text == "▀▀▀"


def test_without_grays_a_stroke_is_still_seen() -> None:
    image = Image(bytes([0, 255, 0, 255, 255, 0, 90, 90]), 4, 2)
    assert shown(image, Form.SHADES) == ["▄▀░▀"]


@pytest.mark.parametrize("form", [Form.SHADES, Form.ASCII])
def test_the_other_forms_take_the_same_room(form: Form) -> None:
    for image in (Image(bytes(784)), Image.of(digits().images[805]).resized(14, 14)):
        lines = shown(image, form)
        assert len(lines) == image.lines
        assert {len(line) for line in lines} == {image.width}


def test_ascii_is_ascii() -> None:
    assert "".join(shown(Image.of(digits().images[805]), Form.ASCII)).isascii()


def test_a_resized_image_has_the_means_of_its_squares() -> None:
    values = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert Image.of(values).resized(2, 2).array.tolist() == [[3, 5], [11, 13]]


def test_resizing_keeps_the_mean_brightness() -> None:
    image = Image.of(digits().images[305])
    for side in (20, 14, 10):
        assert image.resized(side, side).array.mean() == pytest.approx(image.array.mean(), abs=0.6)


def test_cropping_a_digit_loses_no_ink() -> None:
    split = digits()
    for values in split.images[::7]:
        assert Image.of(values).cropped(20).array.sum() == values.sum()


def test_a_blank_image_can_be_cropped() -> None:
    assert thumbnail(bytes(784), 10).array.sum() == 0


def test_bytes_that_are_no_image_are_refused() -> None:
    with pytest.raises(ValueError, match="5 bytes are not 28 x 28"):
        Image(bytes(5))


@pytest.mark.parametrize(
    ("term", "colorterm", "theme", "form"),
    [
        ("xterm-256color", "truecolor", "digits-dark", Form.GRAYS),
        ("xterm-256color", "", "digits-light", Form.GRAYS),
        ("xterm", "", "digits-dark", Form.SHADES),
        ("linux", "", "digits-dark", Form.SHADES),
        ("xterm-256color", "truecolor", "ansi-dark", Form.SHADES),
    ],
)
async def test_the_terminal_and_the_theme_decide_on_the_form(
    monkeypatch: pytest.MonkeyPatch, term: str, colorterm: str, theme: str, form: Form
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("COLORTERM", colorterm)
    monkeypatch.delenv("NO_COLOR", raising=False)
    app = Alone(Bitmap(Image.of(digits().images[305])), theme)  # type: ignore[arg-type]
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        assert shading_of(app.pane).form is form


async def test_another_image_of_the_same_size_costs_no_layout() -> None:
    bitmap = Bitmap(Image(bytes(784)))
    app = Alone(bitmap)  # type: ignore[arg-type]
    async with app.run_test(size=(40, 20)) as pilot:
        await pilot.pause()
        laid_out: list[bool] = []
        refresh = bitmap.refresh

        def spy(*regions: object, layout: bool = False, **options: object) -> object:
            laid_out.append(layout)
            return refresh(*regions, layout=layout, **options)  # type: ignore[arg-type]

        bitmap.refresh = spy  # type: ignore[method-assign, assignment]
        bitmap.image = Image.of(digits().images[305])
        await pilot.pause()
        assert laid_out
        assert not any(laid_out)
