"""Where the run stands, in one line over the insight panes."""

from textual.reactive import reactive

from mnist_tui import formatting
from mnist_tui.run.log import Scores
from mnist_tui.tui.dashboard.header import Header
from mnist_tui.tui.widgets.flash_line import FlashLine
from mnist_tui.tui.widgets.lines import Line, fit, width_of


class RunLine(Header, FlashLine):
    """The run's name, epoch, accuracy and state; for a while, an answer instead."""

    scores: reactive[Scores] = reactive(Scores(), repaint=False)
    """The newest finished epochs."""

    def watch_scores(self) -> None:
        """Show them."""
        self.redraw()

    def lines(self, width: int, height: int) -> list[Line]:
        """As Lines asks: what does not fit whole is left out, the state last of all."""
        state = self._state(width)
        room = width - width_of(state) - 2
        if self.said is not None:
            left = self.answer(self.said, room)
        else:
            name = self.run or "mnist-tui"
            name = name if len(name) <= room else ""
            facts = fit(self._facts(), room - len(name) - 2)
            left = [(name, "accent"), ("  " if name and facts else "", ""), (facts, "muted")]
        return [[*left, (" " * max(width - width_of(left) - width_of(state), 0), ""), *state]]

    def _facts(self) -> list[str]:
        progress, last = self.progress, self.scores.last
        facts = []
        if progress.epoch:
            facts.append(f"epoch {progress.epoch} of {progress.epochs}")
        if last is not None:
            facts.append(f"accuracy {formatting.percent(last.val_accuracy)}")
        if progress.train_accuracy is not None and self.state.is_live:
            facts.append(f"training {formatting.percent(progress.train_accuracy)}")
        return facts
