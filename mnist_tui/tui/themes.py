"""Our two themes, and the choice of theme remembered between starts."""

import contextlib
from pathlib import Path
from typing import Final

from textual.theme import Theme

DARK: Final = Theme(
    name="digits-dark",
    dark=True,
    primary="#56a3e8",
    secondary="#7f8ea3",
    accent="#f0a33c",
    warning="#e8b84a",
    error="#e8705f",
    success="#5fbf8f",
    foreground="#d5dae2",
    background="#14171c",
    surface="#1b1f26",
    panel="#20252d",
    variables={"border": "#56a3e8", "border-blurred": "#39414d"},
)
"""Blue for training and orange for validation: distinct with any kind of color vision."""

LIGHT: Final = Theme(
    name="digits-light",
    dark=False,
    primary="#1f6fb8",
    secondary="#5d6b7e",
    accent="#b85a00",
    warning="#8f6400",
    error="#b3372a",
    success="#1f7a4d",
    foreground="#23282f",
    background="#f6f7f9",
    surface="#ffffff",
    panel="#e7eaef",
    variables={"border": "#1f6fb8", "border-blurred": "#b9c1cc"},
)
"""The same pair, dark enough for a light ground."""


_COMPARED_DARK: Final = (
    "#56b4e9", "#e69f00", "#2fbf8f", "#f0e442", "#d98cba", "#e8705f", "#9aa7f0", "#c8ccd4",
)  # fmt: skip
_COMPARED_LIGHT: Final = (
    "#0072b2", "#b36b00", "#00805f", "#8a7d00", "#a8407f", "#b3372a", "#4653c4", "#4a5058",
)  # fmt: skip
_COMPARED_ANSI: Final = (
    "blue", "yellow", "green", "magenta", "cyan", "red", "bright_blue", "bright_yellow",
)  # fmt: skip
COMPARED_ON_A_TERMINAL: Final = {f"run-{n}": f"ansi_{c}" for n, c in enumerate(_COMPARED_ANSI, 1)}
"""The same variables in the terminal's own colors."""


def curve_colors(theme: Theme) -> dict[str, str]:
    """The theme variables of the curves: a blue and an orange in every theme, `run-1` to `run-8`.

    After Okabe and Ito, "Color Universal Design" (2008): the pair is told apart with any kind of
    color vision, which many themes' own primary and accent are not, and so are most of six of the
    colors of compared runs, whose curves have numbers besides.
    """
    if theme.ansi:
        ansi = ("bright_blue", "bright_yellow") if theme.dark else ("blue", "red")
        training, validation = (f"ansi_{color}" for color in ansi)
        compared = COMPARED_ON_A_TERMINAL
    else:
        own, colors = (DARK, _COMPARED_DARK) if theme.dark else (LIGHT, _COMPARED_LIGHT)
        training, validation = own.primary, own.accent or own.primary
        compared = {f"run-{number}": color for number, color in enumerate(colors, 1)}
    return {"curve-training": training, "curve-validation": validation, **compared}


class ThemeChoice:
    """The theme's name in a small file."""

    def __init__(self, file: Path) -> None:
        self._file: Final = file

    def read(self) -> str | None:
        """The remembered name, or None."""
        try:
            return self._file.read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def write(self, name: str) -> None:
        """Remember `name`; where that cannot be done, the next start has the default."""
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(name + "\n", encoding="utf-8")
