"""The colors of compared runs as tones of lines."""

from typing import Final

from mnist_tui.store.comparison import MOST

RUN_TONES: Final = {f"lines--run-{number}" for number in range(1, MOST + 1)}
"""The component classes of the tones `run-1`, `run-2` and so on."""
RUN_TONES_CSS: Final = "".join(
    f"& > .lines--run-{number} {{ color: $run-{number}; text-style: bold; }}"
    for number in range(1, MOST + 1)
)
"""Their rules, within those of a widget."""
