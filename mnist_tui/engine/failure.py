"""What became of a run that failed, and what to do about it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mnist_tui.config import recipe_config
from mnist_tui.errors import CheckpointError, MnistTuiError, Remedy, UsageError
from mnist_tui.run.events import RunEnded, ended_by
from mnist_tui.store.directory import RunDirectory

if TYPE_CHECKING:
    from mnist_tui.engine.run_state import RunState

_HOPELESS: Final = 10.0
"""A learning rate that many times its recipe's is replaced by that; a lower one is halved."""


def ended_by_failure(error: Exception, directory: RunDirectory | None) -> RunEnded:
    """The last event of a run that `error` ended, with what to do."""
    ended, hint = ended_by(error), ""
    exit_code = ended.exit_code
    remedy = ended.remedy if isinstance(error, MnistTuiError) else other_device(error)
    says_how = exit_code in (CheckpointError.exit_code, UsageError.exit_code)
    says_how = says_how or (remedy is not None and exit_code != 1)
    settings = remedy.settings if remedy is not None else {}
    if not says_how and directory is not None and directory.last.exists():
        hint = "the last checkpoint is good"
        remedy = Remedy(command="resume", run=str(directory.path), settings=settings)
    elif directory is not None and exit_code == 1:
        hint = f"the details are in {directory.log}"
        hint += "; another device may do it" if settings else ""
    return replace(ended, hint=hint, remedy=remedy)


def with_way_on(
    ended: RunEnded, remedy: Remedy | None, state: "RunState", directory: RunDirectory
) -> RunEnded:
    """Add what to do after training has failed.

    Args:
        remedy: What is known to help; None: a lower learning rate.
    """
    usual, lr = recipe_config(state.config.recipe).lr, state.peak_lr
    # Halving is for a learning rate that is a little too high.
    lower = {"lr": usual if lr > _HOPELESS * usual else lr / 2}
    if not directory.last.exists():
        hint = "nothing was saved yet: start again"
        return replace(ended, hint=hint, remedy=remedy or Remedy(settings=lower))
    return replace(
        ended,
        hint="the last checkpoint is good",
        remedy=Remedy(
            command="resume", run=str(directory.path), settings=lower if remedy is None else {}
        ),
    )


def other_device(error: Exception) -> Remedy | None:
    """What helps where a device lacks an operation, or fails at one."""
    is_of_device = any(word in str(error) for word in ("CUDA error", "MPS device"))
    return Remedy(settings={"device": "cpu"}) if is_of_device else None
