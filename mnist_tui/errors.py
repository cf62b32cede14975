"""What can go wrong in ways the user can act on: each error is one line and an exit code.

The message says what happened and what to do, without keys or options, which depend on where it
is shown: a Remedy carries what a viewer needs to name them. A traceback never reaches the user;
it goes to the run's log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What the user can do about an error, for a viewer to put into a command or a key."""

    command: str = ""
    """`resume`, `train` or `runs`; empty: what was tried before, with other settings."""
    run: str = ""
    """The path of the run that the command is about, if any."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What to give with it: values by TrainConfig's names, and `checkpoint`, `name`, `runs_dir`.
    None where the user has to choose one."""


class MnistTuiError(Exception):
    """The root of every error that is meant to be read by the user.

    `str(error)` is one line: what happened, then what to do.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: Remedy | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy
        """What would mend it, where that is known."""


def first_line(error: BaseException) -> str:
    """What an error says, in one line; its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class TrainingError(MnistTuiError):
    """Training could not go on: the loss was not a number, or the device gave up."""


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
    """The dataset or an image is not available, or is not what it should be."""

    exit_code = 3


class CheckpointError(MnistTuiError):
    """A checkpoint cannot be read, or is not one of this model."""

    exit_code = 4
