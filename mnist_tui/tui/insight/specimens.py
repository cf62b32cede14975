"""Which digits of a validation are wanted: guessed wrong or hardly right, of which classes."""

from dataclasses import dataclass, replace

from mnist_tui.run.validation import Example, ValidationResults


@dataclass(frozen=True)
class Filter:
    """Which specimens are wanted."""

    label: int | None = None
    """The true class; None: any."""
    guess: int | None = None
    is_narrow: bool = False
    """Whether the hardest correct ones are wanted, and not the mistakes."""

    def of(self, insight: ValidationResults) -> tuple[Example, ...]:
        """Those that are wanted, the greatest loss first."""
        known = insight.least_confident if self.is_narrow else insight.mistakes
        return tuple(one for one in known if self._takes(one))

    def _takes(self, one: Example) -> bool:
        return self.label in (None, one.label) and self.guess in (None, one.predicted)

    @property
    def is_open(self) -> bool:
        """Whether it lets all of its kind through."""
        return self.label is None and self.guess is None

    def turned(self, what: str, by: int) -> "Filter":
        """With the next class, or any; of the correct ones, label and guess are the same."""
        old = self.label if what == "label" else self.guess
        order = [None, *range(10)]
        new = order[(order.index(old) + by) % len(order)]
        if self.is_narrow:
            return replace(self, label=new, guess=new)
        return replace(self, label=new) if what == "label" else replace(self, guess=new)

    def toggled(self) -> "Filter":
        """The other kind. What was filtered by class is kept where it still makes sense."""
        if self.is_narrow:
            return Filter(label=self.label)
        return Filter(label=self.label, guess=self.label, is_narrow=True)

    @property
    def words(self) -> str:
        """The specimens that are wanted, in words."""
        if self.is_narrow:
            return "digits" if self.label is None else f"digits of class {self.label}"
        label = "" if self.label is None else f" of class {self.label}"
        guess = "" if self.guess is None else f" taken for {self.guess}"
        return f"digits{label}{guess}"
