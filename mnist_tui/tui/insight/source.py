"""Where the insight panes get what they show."""

from typing import Final, Protocol

from mnist_tui.data import Dataset, load_dataset
from mnist_tui.errors import MnistTuiError
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.validation import ValidationResults
from mnist_tui.tui.run.controller import RunController


class InsightSource(Protocol):
    """A run, live or over, as the panes see it."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of its classes, in the order of the labels."""

    @property
    def is_handwriting(self) -> bool:
        """Whether its images are characters in MNIST's form, which one can draw."""

    @property
    def results(self) -> ValidationResults:
        """The results of its validations so far; a new object after each. Any thread."""

    def infer(self, request: InferenceRequest) -> InferenceFuture:
        """Let its model classify images. Any thread; returns at once.

        The future is done on another thread.
        """

    def load_dataset(self) -> Dataset:
        """The examples that it is trained and validated on. Blocks; call it on a worker thread.

        Raises:
            MnistTuiError: When they are not on this machine; nothing is downloaded.
        """


class RunSource:
    """Whatever run the dashboard has at the moment, live or over, as an InsightSource."""

    def __init__(self, run: RunController) -> None:
        self._run: Final = run

    @property
    def classes(self) -> tuple[str, ...]:
        return self._run.log.classes

    @property
    def is_handwriting(self) -> bool:
        return self._run.log.is_handwriting

    @property
    def results(self) -> ValidationResults:
        return self._run.session.validation

    def infer(self, request: InferenceRequest) -> InferenceFuture:
        """Hand the request to the run; while there is none, the future fails."""
        if self._run.thread is not None:
            return self._run.thread.runner.ask(request)
        future: InferenceFuture = InferenceFuture()
        future.set_exception(MnistTuiError("there is no model yet; start a run"))
        return future

    def load_dataset(self) -> Dataset:
        config = self._run.plan.config
        return load_dataset(config.dataset, config.data_dir, may_download=False)
