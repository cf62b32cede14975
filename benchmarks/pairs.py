"""Two things measured side by side: interleaved, several times, as ratios with their spread."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table: what was measured, and whether it reaches its goal."""

    name: str
    values: tuple[float, ...]
    """One per pair, or per measurement."""
    goal: float
    is_more_better: bool
    """Whether the goal is the least, else the most, that the median may be."""
    unit: str = "x"
    note: str = ""

    @property
    def median(self) -> float:
        """The figure itself."""
        return median(self.values)

    @property
    def is_reached(self) -> bool:
        """Whether the median reaches the goal."""
        return self.median >= self.goal if self.is_more_better else self.median <= self.goal

    def cells(self) -> tuple[str, ...]:
        """The line of the table: figure, median, spread, goal, verdict."""
        bound = "≥" if self.is_more_better else "≤"
        spread = f"{min(self.values):.3g} to {max(self.values):.3g}, {len(self.values)} values"
        name = f"{self.name} ({self.note})" if self.note else self.name
        return (
            name,
            f"{self.median:.3g} {self.unit}",
            spread,
            f"{bound} {self.goal:g} {self.unit}",
            "reached" if self.is_reached else "missed",
        )


def interleave(
    ours: Callable[[], float], theirs: Callable[[], float], pairs: int = 5
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Measure both in turns, the first to go changing each time.

    Returns:
        What `ours` gave and what `theirs` gave, in the same order.
    """
    mine, others = [], []
    for pair in range(pairs):
        if pair % 2:
            others.append(theirs())
            mine.append(ours())
        else:
            mine.append(ours())
            others.append(theirs())
    return tuple(mine), tuple(others)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, ...]:
    """Ours over theirs, pair by pair."""
    return tuple(mine / other for mine, other in zip(ours, theirs, strict=True))


def tell(figures: Iterable[Figure]) -> None:
    """Print the figures as a table in Markdown, each line as soon as it is measured."""
    header = ("figure", "median", "spread", "goal", "")
    for cells in itertools.chain(
        (header, ("---",) * len(header)), (figure.cells() for figure in figures)
    ):
        print(f"| {' | '.join(cells)} |", flush=True)
