"""The colors of the curves in every theme."""

import pytest
from textual.app import App
from textual.color import Color
from textual.theme import Theme

from mnist_tui.tui.themes import DARK, LIGHT, curve_colors
from tests.tui.app_harness import on_stage

THEMES = [*App[None]().available_themes.values(), DARK, LIGHT]
WITH_RGB = [theme for theme in THEMES if not theme.ansi]

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color
# Vision Deficiency" (2009), severity 1.0: what is left of linear red, green and blue.
PROTAN = ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052))
DEUTAN = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))
TRITAN = ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304))
VISIONS = {"protan": PROTAN, "deutan": DEUTAN, "tritan": TRITAN}


def linear(color: Color) -> list[float]:
    """Linear red, green and blue."""
    parts = [part / 255 for part in color.rgb]
    return [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]


def seen(color: Color, vision: tuple[tuple[float, ...], ...]) -> list[float]:
    """The color as somebody with that vision sees it, in sRGB from 0 to 1."""
    parts = (sum(a * b for a, b in zip(row, linear(color), strict=True)) for row in vision)
    return [min(max(part, 0.0), 1.0) ** (1 / 2.2) for part in parts]


def luminance(color: Color) -> float:
    """As WCAG 2 has it."""
    return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))


@pytest.mark.parametrize("theme", WITH_RGB, ids=lambda theme: theme.name)
def test_the_curves_stand_out_from_every_themes_ground(theme: Theme) -> None:
    ground = Color.parse(theme.to_color_system().generate()["background"])
    for name, value in curve_colors(theme).items():
        low, high = sorted((luminance(Color.parse(value)), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 3, name


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_the_curves_are_distinct_with_any_color_vision(theme: Theme, vision: str) -> None:
    colors = curve_colors(theme)
    pair = colors["curve-training"], colors["curve-validation"]
    one, other = (seen(Color.parse(color), VISIONS[vision]) for color in pair)
    assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 0.3


def test_the_terminals_own_colors_stay_the_terminals_own() -> None:
    for theme in THEMES:
        if theme.ansi:
            assert all(value.startswith("ansi_") for value in curve_colors(theme).values())


@pytest.mark.slow
async def test_a_theme_is_tried_on_under_the_cursor_and_taken_off_again_or_chosen() -> None:
    async with on_stage() as stage:
        before = stage.app.theme
        await stage.pilot.press("t")
        await stage.sees(f"{before} (current)")
        await stage.pilot.press("down")
        await stage.until(lambda: stage.app.theme != before, "another theme")
        tried = stage.app.theme
        await stage.pilot.press("escape")
        await stage.until(lambda: stage.app.theme == before, "the theme of before")
        await stage.pilot.press("t")
        await stage.sees(f"{before} (current)")
        await stage.pilot.press("down", "enter")
        await stage.until(lambda: stage.app.theme == tried, "the chosen theme")
        await stage.pilot.press("t")
        await stage.sees(f"{tried} (current)")
