"""The colors of compared runs as tones of lines."""

from typing import Final

from mnist_tui.store.comparison import MOST
from mnist_tui.tui.widgets.lines import TONES

RUN_TONES: Final = TONES | {f"run-{number}": f"bold $run-{number}" for number in range(1, MOST + 1)}
"""The tones of all lines, and `run-1`, `run-2` and so on."""
