"""What the insight screen showed when it was closed."""

from dataclasses import dataclass, field


@dataclass
class InsightMemory:
    """What the user left behind on the screen, for when it is opened again."""

    title: str = ""
    """The pane that was in sight; empty: the first."""
    panes: dict[str, object] = field(default_factory=dict)
    """What each pane remembers, by its title."""
