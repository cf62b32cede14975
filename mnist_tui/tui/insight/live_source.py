"""The dashboard's run, as the insight panes see it."""

from typing import Final

from mnist_tui.data import data_folder, has_mnist, read_mnist
from mnist_tui.data.dataset import Dataset
from mnist_tui.data.sample import load_sample
from mnist_tui.errors import DataError, MnistTuiError
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.run.controller import RunController


class LiveSource:
    """Whatever run the dashboard has at the moment, live or over. Follows InsightSource."""

    def __init__(self, run: RunController) -> None:
        self._run: Final = run

    @property
    def insight(self) -> ValidationResults:
        """As InsightSource asks."""
        return self._run.session.validation

    def ask(self, question: InferenceRequest) -> InferenceFuture:
        """As InsightSource asks."""
        if self._run.thread is not None:
            return self._run.thread.runner.ask(question)
        reply: InferenceFuture = InferenceFuture()
        reply.set_exception(MnistTuiError("there is no model to ask yet; start a run"))
        return reply

    def load_dataset(self) -> Dataset:
        """As InsightSource asks."""
        config = self._run.plan.config
        return digits_at_hand(config.dataset, config.data_dir)


def digits_at_hand(dataset: str, data_dir: str | None) -> Dataset:
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
