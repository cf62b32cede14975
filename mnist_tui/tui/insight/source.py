"""Where the insight panes get what they show."""

from typing import Protocol

from mnist_tui.data.dataset import Dataset
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.validation import ValidationResults


class InsightSource(Protocol):
    """A run, live or over, or one on disk, as the panes see it."""

    @property
    def insight(self) -> ValidationResults:
        """What its validations showed so far; a new object after each. Any thread."""

    def ask(self, question: InferenceRequest) -> InferenceFuture:
        """Let its model read images. Any thread; returns at once.

        The reply is done on another thread: come back with `call_soon_threadsafe` or a message.
        """

    def load_dataset(self) -> Dataset:
        """The digits that it is trained and validated on. Blocks; call it on a worker's thread.

        Raises:
            MnistTuiError: When they are not to be had, without a download.
        """
