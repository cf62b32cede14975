"""The immediate answer to a request: what will happen, or why nothing will."""

from mnist_tui.config import SETTINGS
from mnist_tui.run.progress import Progress
from mnist_tui.run.requests import Adjust, Detach, GiveUp, Infer, Pause, Request, Resume, Save, Stop
from mnist_tui.run.state import State


def name_of(request: Request) -> str:
    """What `request` asks for, as a verb."""
    names: dict[type[Request], str] = {
        Adjust: "change the settings",
        Infer: "ask the model",
        GiveUp: "give up saving",
        Detach: "leave the run running",
    }
    return names.get(type(request), type(request).__name__.lower())


def refusal(request: Request, state: State) -> str:
    """Why `request` cannot be honored in `state`, in words."""
    name = name_of(request)
    if state is State.READY:
        return f"cannot {name}: the run has not started"
    if state.is_over:
        return f"cannot {name}: the run is {state}"
    return f"cannot {name} while {state}"


def problem_of(request: Adjust, progress: Progress) -> str | None:
    """Why a run that has come as far as `progress` cannot be changed so; None when it can."""
    for name, value in request.changes.items():
        problem = SETTINGS[name].rule.problem(value)
        if problem is not None:
            return f"cannot change the settings: {SETTINGS[name].label} {problem}"
    if request.epochs is not None and request.epochs < progress.epoch:
        return (
            f"cannot change the settings: epochs must be at least {progress.epoch}: that "
            "epoch has begun"
        )
    return None


def promise(request: Request) -> str:
    """What will happen, in words, now that `request` is accepted."""
    match request:
        case Pause():
            return "pausing at the next batch"
        case Resume():
            return "resuming"
        case Save():
            return "saving a checkpoint"
        case Stop(save=True):
            return "stopping at the next batch, saving first"
        case Stop():
            return "stopping at the next batch, without saving"
        case GiveUp():
            return "ending without what cannot be saved"
        case Detach():
            return "starting a process without a terminal; the run moves there once it is ready"
        case Infer():
            return "asking the model at the next batch"
        case _:
            return "from the next batch on"
