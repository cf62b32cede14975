"""The dashboard's run, as the insight panes see it."""

from typing import Final

from mnist_tui.data import data_folder, has_mnist, read_mnist
from mnist_tui.data.digits import Digits
from mnist_tui.data.sample import load_sample
from mnist_tui.errors import DataError, MnistTuiError
from mnist_tui.run.inference import Question, Reply
from mnist_tui.run.validation import Insight
from mnist_tui.tui.run.controller import RunOwner


class LiveSource:
    """Whatever run the dashboard has at the moment, live or over. Follows InsightSource."""

    def __init__(self, owner: RunOwner) -> None:
        self._owner: Final = owner

    @property
    def insight(self) -> Insight:
        """As InsightSource asks."""
        run = self._owner.run
        return run.session.insight if run is not None else Insight()

    def ask(self, question: Question) -> Reply:
        """As InsightSource asks."""
        run = self._owner.run
        if run is not None:
            return run.runner.ask(question)
        reply: Reply = Reply()
        reply.set_exception(MnistTuiError("there is no model to ask yet; start a run"))
        return reply

    def load_digits(self) -> Digits:
        """As InsightSource asks."""
        config = self._owner.plan.config
        return digits_at_hand(config.dataset, config.data_dir)


def digits_at_hand(dataset: str, data_dir: str | None) -> Digits:
    """The digits that a run of these settings has, without a download. Blocks; any thread.

    Raises:
        DataError: When they are not there, or are damaged.
    """
    if dataset == "sample":
        return load_sample()
    folder = data_folder(data_dir)
    if has_mnist(folder):
        return read_mnist(folder)
    if dataset == "mnist":
        raise DataError(f"MNIST is not in {folder}; a run downloads it as it starts")
    return load_sample()
