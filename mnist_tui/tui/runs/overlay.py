"""What the screens about several runs have in common."""

from typing import Final

from textual.binding import Binding

from mnist_tui.tui.screens.overlay import Overlay

NO_RUN_KEYS: Final = Binding(
    "space,n,s,x,e,i,d,left_square_bracket,right_square_bracket", "nothing", show=False
)
"""The dashboard's keys that steer its run: on such a screen they do nothing.

The last of a screen's BINDINGS, which has some of these keys for itself.
"""


class RunsOverlay(Overlay[None]):
    """A screen about several runs."""

    def action_nothing(self) -> None:
        """Do nothing: the key is about one run, and here are several."""
