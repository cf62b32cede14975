"""Training a run on the calling thread, or in the dashboard, from a script."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from mnist_tui.api.arrays import keep_arrays
from mnist_tui.api.run import Run, network_of
from mnist_tui.config import SETTINGS, recipe_config
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.errors import UsageError
from mnist_tui.headless import EventPrinter, progress_line
from mnist_tui.process.plain_lines import PlainLines
from mnist_tui.remote.server import serve
from mnist_tui.run.events import Event, RunPrepared
from mnist_tui.run.plan import NewRun, ResumedRun, Runner, RunPlan, TrainedRun
from mnist_tui.run.requests import Stop
from mnist_tui.run.session import Session
from mnist_tui.store.catalog import find_run
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.new_run import check_place
from mnist_tui.torch_runtime import loading_torch

if TYPE_CHECKING:
    from mnist_tui.models.source import ModelSource

OnEvent = Callable[[Event], object]
"""Called with each event of a run, on the thread where it happens."""


def train(
    model: Any = None,
    data: Any = None,
    *,
    recipe: str = "tutorial",
    runs_dir: str | Path | None = None,
    name: str | None = None,
    on_event: OnEvent | None = None,
    quiet: bool = False,
    **settings: Any,
) -> Run:
    """Train a new run to its end, on the calling thread. Blocks.

    ctrl-c saves and ends the run, and raises KeyboardInterrupt; a second one does not wait.
    torch's settings for the whole process, and its generators, are afterwards as before.

    Args:
        model: The network: a class, a function that makes it, or a network that is made, whose
            weights the run begins with; or a name as on the command line, `tutorial`, `fast` or
            `net.py:Net`; None: the recipe's.
        data: The dataset: a name or a path as on the command line, `fashion`, `folder/of/images`;
            or arrays, (images, labels) or (images, labels, classes), of which a fifth validates;
            None: `auto`.
        recipe: The settings to start from: `tutorial` or `fast`.
        runs_dir: The parent of the run's directory; None: `runs` in the current folder.
        name: The name of its directory; None: made of the time and the recipe.
        on_event: Called with each event, most of them on this thread. What it raises ends the
            run, saved, and is raised here.
        quiet: Whether to print nothing; else a line for each epoch goes to stderr.
        settings: Other fields of TrainConfig: `epochs=3, lr=0.1`.

    Raises:
        MnistTuiError: When the run cannot be trained, or training fails.
        KeyboardInterrupt: After ctrl-c.
    """
    plan, network = plan_of(model, data, recipe, runs_dir, name, settings)
    return _train(plan, network, on_event, quiet=quiet)


def resume(
    run: Run | str | Path = "last",
    *,
    model: Any = None,
    runs_dir: str | Path | None = None,
    on_event: OnEvent | None = None,
    quiet: bool = False,
    **changes: Any,
) -> Run:
    """Train a run on from its last checkpoint, exactly, to its end. Blocks, as `train` does.

    Args:
        run: The run, its folder, its name in `runs_dir`, or `last` for the newest one.
        model: The class or function that it was trained with, where that is one of a script's, and
            `run` does not know it.
        runs_dir: As in `train`.
        on_event: As in `train`.
        quiet: As in `train`.
        changes: `epochs`, `lr`, `device` or `data_dir`, where they are to be others.

    Raises:
        MnistTuiError: When there is no such run, or it cannot be trained on.
        KeyboardInterrupt: After ctrl-c.
    """
    network = network_of(model) if model is not None else None
    if isinstance(run, Run):
        directory, network = RunDirectory(run.path), network or run.network
    else:
        directory = find_run(Path(runs_dir or "runs"), str(run))
    values = {**directory.read_config().to_dict(), **changes}
    plan = ResumedRun(
        name=directory.name,
        config=recipe_config(values.pop("recipe"), **values),
        runs_dir=directory.path.parent,
        overrides=changes,
    )
    return _train(plan, network, on_event, quiet=quiet)


def dashboard(
    model: Any = None,
    data: Any = None,
    *,
    recipe: str = "tutorial",
    runs_dir: str | Path | None = None,
    name: str | None = None,
    start: bool = True,
    **settings: Any,
) -> Run | None:
    """Show the dashboard on a new run until the user leaves it. Main thread, in a terminal.

    Args:
        model: As in `train`.
        data: As in `train`.
        recipe: As in `train`.
        runs_dir: As in `train`.
        name: As in `train`.
        start: Whether to start training at once, and not by the user's key.
        settings: As in `train`.

    Returns:
        The run that was trained last; None where none was.

    Raises:
        UsageError: When there is no terminal, or a setting is wrong.
    """
    from mnist_tui.cli.opened import check_terminal
    from mnist_tui.cli.opened import make_runner as make_any_runner
    from mnist_tui.tui import DisplayOptions
    from mnist_tui.tui.launch import run_dashboard

    plan, network = plan_of(model, data, recipe, runs_dir, name, settings)
    check_terminal(plan)
    prepared: list[RunPrepared] = []

    def make_runner(plan: RunPlan) -> Runner:
        is_own = network is not None and plan.config.model == network.name
        if is_own and isinstance(plan, NewRun | ResumedRun):
            runner: Runner = TrainingRunner(plan, serve, network=network)
        else:
            runner = make_any_runner(plan)
        runner.session.subscribe(
            lambda event: prepared.append(event) if isinstance(event, RunPrepared) else None
        )
        return runner

    run_dashboard(plan, make_runner, DisplayOptions(), start=start)
    return Run(RunDirectory(Path(prepared[-1].directory)), network) if prepared else None


def plan_of(
    model: Any,
    data: Any,
    recipe: str,
    runs_dir: str | Path | None,
    name: str | None,
    settings: dict[str, Any],
) -> "tuple[NewRun, ModelSource | None]":
    """The plan of a new run, and what makes its network where that is the script's own.

    The arguments are those of `train`.

    Raises:
        MnistTuiError: When a setting is unknown or wrong, or the place cannot be written to.
    """
    unknown = sorted(set(settings) - set(SETTINGS))
    if unknown:
        raise UsageError(f"there is no setting {unknown[0]!r}; there are {', '.join(SETTINGS)}")
    place = Path(runs_dir or "runs")
    network = None
    if model is not None and not isinstance(model, str):
        network = network_of(model)
        model = network.name
    model = SETTINGS["model"].rule.canonical(model)
    config = recipe_config(recipe, **settings, **({"model": model} if model is not None else {}))
    check_place(place, name)
    if data is not None:
        is_named = isinstance(data, str | Path)
        path = str(data if is_named else keep_arrays(data, place))
        config = replace(config, dataset=str(SETTINGS["dataset"].rule.parse(path)))
    return NewRun(config=config, runs_dir=place, name=name), network


def _train(
    plan: TrainedRun, network: "ModelSource | None", on_event: OnEvent | None, *, quiet: bool
) -> Run:
    """Train on this thread, and raise what went wrong."""
    runner = TrainingRunner(plan, serve, network=network)
    session = runner.session
    lines = PlainLines(lambda: "" if quiet else progress_line(session.progress))
    printer = EventPrinter(lines, as_json=False, results=sys.stderr)
    if not quiet:
        session.subscribe(printer.print_event)
    raised: list[BaseException] = []

    def listen(event: Event) -> None:
        if on_event is None or raised:
            return
        try:
            on_event(event)
        except BaseException as error:  # noqa: BLE001 - it is raised when the run has ended
            raised.append(error)
            session.request(Stop(reason=f"on_event raised {type(error).__name__}"))

    session.subscribe(listen)
    with loading_torch():
        from mnist_tui.devices import process_settings_kept
    with process_settings_kept(), ctrl_c_as_stop(session) as stopped, lines.live():
        runner.run()
    if raised:
        raise raised[0]
    if stopped():
        raise KeyboardInterrupt
    if runner.error is not None:
        raise runner.error
    assert session.log.prepared is not None
    return Run(RunDirectory(Path(session.log.prepared.directory)), network)


@contextmanager
def ctrl_c_as_stop(session: Session) -> Iterator[Callable[[], bool]]:
    """While inside, let the first ctrl-c stop the run after saving; yields whether it came.

    Where signals cannot be handled, in other threads than the main one, it does nothing.
    """
    came: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return

    def stop(number: int, frame: FrameType | None) -> None:
        came.append(number)
        signal.signal(number, before)  # the next one is as usual
        if not session.request(Stop(reason="ended by ctrl-c")).is_accepted:
            raise KeyboardInterrupt  # it has not begun, or is over

    signal.signal(signal.SIGINT, stop)
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, before)
