"""What can go wrong in ways a person can act on: each error is one line and an exit code.

The message says what happened and what to do. A traceback never reaches the
person; it goes to the run's log.
"""

from typing import ClassVar


class MnistTuiError(Exception):
    """The root of every error that is meant to be read by a person.

    `str(error)` is one line: what happened, then what to do.
    """

    exit_code: ClassVar[int] = 1


class TrainingError(MnistTuiError):
    """Training could not go on: the loss was not a number, or the device gave up."""

    exit_code = 1


class UsageError(MnistTuiError):
    """The command, an option or a setting is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting has a value that cannot be trained with."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        """The name of the TrainConfig field."""
        self.problem = problem
        """What is wrong with it and what is possible, without the field's name."""
        super().__init__(f"{field} {problem}")


class DataError(MnistTuiError):
    """The digits are not available, or are not what they should be."""

    exit_code = 3


class CheckpointError(MnistTuiError):
    """A checkpoint cannot be read, or is not one of this model."""

    exit_code = 4
