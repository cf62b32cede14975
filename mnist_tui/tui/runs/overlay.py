"""What the screens about several runs have in common."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from mnist_tui.tui.screens.overlay import Overlay

_DASHBOARDS = "space,n,s,x,e,i,d,left_square_bracket,right_square_bracket"


class RunsOverlay(Overlay[None]):
    """A screen on which the keys that steer the dashboard's run do nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(_DASHBOARDS, "nothing", show=False)]

    def action_nothing(self) -> None:
        """Do nothing: the key is about one run, and here are several."""
