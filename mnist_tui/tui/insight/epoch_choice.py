"""Which of the validated epochs is in view."""

from dataclasses import dataclass

from mnist_tui.run.validation import EpochResults, ValidationResults
from mnist_tui.tui.insight.widgets.text_lines import Part


@dataclass
class EpochChoice:
    """An epoch to look at, or whatever is the newest."""

    epoch: int | None = None
    """None: the newest, as it comes."""

    def place(self, insight: ValidationResults) -> int:
        """Where in `insight.epochs` it is; -1 when there is none at all."""
        newest = len(insight.epochs) - 1
        if self.epoch is None:
            return newest
        places = (i for i, known in enumerate(insight.epochs) if known.epoch == self.epoch)
        return next(places, newest)

    def of(self, insight: ValidationResults) -> EpochResults | None:
        """What is known of it."""
        place = self.place(insight)
        return insight.epochs[place] if place >= 0 else None

    def before(self, insight: ValidationResults) -> EpochResults | None:
        """What is known of the one before."""
        place = self.place(insight)
        return insight.epochs[place - 1] if place > 0 else None

    def is_newest(self, insight: ValidationResults) -> bool:
        """Whether nothing newer is known."""
        return self.place(insight) == len(insight.epochs) - 1

    def move(self, insight: ValidationResults, by: int) -> None:
        """Go back or forth; at the newest it follows what comes."""
        if not insight.epochs:
            return
        newest = len(insight.epochs) - 1
        place = min(max(self.place(insight) + by, 0), newest)
        self.epoch = None if place == newest else insight.epochs[place].epoch

    def parts(self, insight: ValidationResults) -> tuple[Part, ...]:
        """It in words, with arrows to click."""
        known = self.of(insight)
        if known is None:
            return ()
        has_older, has_newer = self.place(insight) > 0, not self.is_newest(insight)
        of = f" of {insight.epochs[-1].epoch}" if has_newer else ", the newest"
        return (
            ("◂ ", "accent" if has_older else "rest", "epoch(-1)"),
            (f"epoch {known.epoch}{of}", "strong", "newest"),
            (" ▸", "accent" if has_newer else "rest", "epoch(1)"),
        )
