"""The terminal window's title: percent and accuracy, to be seen from another window."""

from collections.abc import Callable
from typing import Final

from mnist_tui import formatting
from mnist_tui.run.log import Scores
from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State

_PUSH: Final = "\x1b[22;2t"
_POP: Final = "\x1b[23;2t"


class TerminalTitle:
    """Writes the title when it changes, and gives the old one back."""

    def __init__(self, write: Callable[[str], object]) -> None:
        """`write` sends text to the terminal."""
        self._write = write
        self._shown = ""

    def show(self, title: str) -> None:
        """Set the title, if it is another one."""
        if title != self._shown:
            push = "" if self._shown else _PUSH
            self._shown = title
            self._write(f"{push}\x1b]2;{title}\x07")

    def restore(self) -> None:
        """Give back what the terminal had before."""
        if self._shown:
            self._shown = ""
            self._write(_POP)


def title_of(state: State, progress: Progress, scores: Scores) -> str:
    """The state in a few words: `mnist-tui 64 % · 97.20 %`."""
    parts = []
    if state.is_live and progress.total_batches:
        parts.append(formatting.whole_percent(progress.run_fraction).strip())
    if not state.is_live or state is State.PAUSED:
        parts.append(str(state))
    if scores.last is not None:
        parts.append(f"accuracy {formatting.percent(scores.last.val_accuracy)}")
    return "mnist-tui " + " · ".join(parts)
