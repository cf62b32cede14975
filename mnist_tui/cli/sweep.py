"""`sweep`: one run for each combination of settings, in one folder."""

import json
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from mnist_tui.cli import options
from mnist_tui.cli.opened import check_terminal, open_dashboard
from mnist_tui.config import SETTINGS
from mnist_tui.errors import Remedy, UsageError
from mnist_tui.process.invocation import command_of, option_name
from mnist_tui.rules import Flag, absolute
from mnist_tui.run.plan import NewRun
from mnist_tui.sweep.cluster import Cluster
from mnist_tui.sweep.executor import Executor
from mnist_tui.sweep.grid import Grid, parse_values
from mnist_tui.sweep.record import SweepFolder, find_sweep, list_sweeps, make_sweep
from mnist_tui.tui import DisplayOptions


class ValuesType(options.SettingType):
    """Values of one field of TrainConfig with commas between them, each checked by its rule."""

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """What help shows for the values."""
        one = "on|off" if isinstance(self.rule, Flag) else super().get_metavar(param, ctx)
        return f"{one},..."

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The choices for the last of the values, for a shell."""
        before, comma, last = incomplete.rpartition(",")
        found = super().shell_complete(ctx, param, last)
        return [CompletionItem(f"{before}{comma}{item.value}", item.type) for item in found]

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Read and check the values.

        Raises:
            ConfigError: When one of them cannot be used.
        """
        return parse_values(self.field, value) if isinstance(value, str) else value


def values_options(command: options.Command) -> options.Command:
    """An option for each field of TrainConfig that takes one value or several."""
    for field, declared in reversed(list(SETTINGS.items())):
        text = f"{declared.help}{options.describe_default(field)}"
        option = click.option(option_name(field), field, type=ValuesType(field), help=text)
        command = option(command)
    return command


def complete_sweeps(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The sweeps whose names begin with `incomplete`, for a shell; then folders, by the shell."""
    names = sorted(sweep.path.name for sweep in list_sweeps(options.runs_dir_of(context)))
    return options.complete_names(("last", *names), incomplete, otherwise="dir")


@click.command(short_help="Train one run for each combination of settings.")
@values_options
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    help="Runs at a time. [default: 1; with --ray: as many as there is room for]",
)
@click.option("--name", help="The sweep's name. [default: made from its settings]")
@options.runs_dir_option
@click.option(
    "--resume",
    metavar="SWEEP",
    help="Resume a sweep: a name, a folder, or last.",
    shell_complete=complete_sweeps,
)
@click.option("--retry-failed", is_flag=True, help="Train again what has failed before.")
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Train on a Ray cluster: local, auto, HOST:PORT or ray://HOST:PORT.",
)
@click.option(
    "--cpus-per-run",
    type=click.IntRange(1, 1024),
    help="Cores that Ray gives to each run. [default: 1]",
)
@click.option(
    "--gpus-per-run",
    type=click.FloatRange(0, 64),
    help="GPUs that Ray gives to each run, or a share of one, as 0.25. "
    "[default: 1 where the cluster has any]",
)
@options.headless_option
@click.option("--detach", is_flag=True, help="Train without a terminal; return at once.")
@options.dashboard_options
def sweep(
    jobs: int | None,
    name: str | None,
    runs_dir: Path,
    resume: str | None,
    ray: str | None,
    cpus_per_run: int | None,
    gpus_per_run: float | None,
    headless: bool,
    detach: bool,
    retry_failed: bool,
    look: DisplayOptions,
    **settings: Any,
) -> int:
    """Train one run for each combination of settings, as in --lr 0.1,0.01 --seed 0,1,2.

    The runs are in one folder below that of all runs. A process without a terminal trains them
    one after the other, or --jobs of them at a time, and is watched as a leaderboard; leaving it
    (q) changes nothing. The same command again, or --resume, resumes what is not finished.
    With --ray, the machines of a Ray cluster train them. Exit code 1: a run has failed.
    """
    if ray is None and (cpus_per_run, gpus_per_run) != (None, None):
        raise UsageError("how much each run gets is for --ray, which is not given: add it")
    cluster = None
    if ray is not None:
        cluster = Cluster(address=ray, cpus=cpus_per_run or 1, gpus=gpus_per_run)
    grid = Grid({field: values for field, values in settings.items() if values is not None})
    resumed = None if resume is None else _find(grid, name, runs_dir, resume)
    if not headless and not detach:
        words = {"headless": None, **({"resume": resumed.path} if resumed else {})}
        check_terminal(NewRun(runs_dir=runs_dir), Remedy(command="sweep", settings=words))
    folder = resumed or _make(grid, name, runs_dir)
    if headless:
        return _train(folder, jobs, cluster, retries_failed=retry_failed)
    training = {**({"jobs": jobs} if jobs else {}), **(cluster.settings if cluster else {})}
    folder = SweepFolder(folder.path, training)
    if folder.is_locked():
        click.echo(f"sweep {folder.path.name} is being trained by {folder.owner}", err=True)
    else:
        if cluster is not None:
            click.echo(cluster.beginning, err=True)
        from mnist_tui.sweep.background import start

        start(folder, *(["--retry-failed"] if retry_failed else []))
    plan, code = NewRun(runs_dir=runs_dir), 0
    if not detach:
        code = open_dashboard(plan, look, start=False, opens_sweep=folder)
    click.echo(_describe(folder))
    return code


def _make(grid: Grid, name: str | None, runs_dir: Path) -> SweepFolder:
    """The folder of the sweep of this grid, made if there is none yet.

    Raises:
        UsageError: When it cannot be made, or is another sweep's.
    """
    here = absolute(Path())
    # Where the current folder has been deleted, nothing is found in it anyway.
    origin = here if here.is_absolute() else absolute(runs_dir)
    return make_sweep(runs_dir, name or default_name(grid), grid, origin)


def _find(grid: Grid, name: str | None, runs_dir: Path, resume: str) -> SweepFolder:
    """The folder of the sweep that is to be resumed.

    Raises:
        UsageError: When there is none, or settings are given with it.
    """
    given = [option_name(field) for field in grid.values] + (["--name"] if name else [])
    if given:
        raise UsageError(f"--resume takes a sweep as it is: leave {', '.join(given)} out")
    return find_sweep(runs_dir, resume)


def default_name(grid: Grid) -> str:
    """The name of a sweep that has none: the same for the same grid."""
    swept = "-".join(option_name(field).removeprefix("--") for field in grid.swept)
    return f"sweep-{swept[:40]}-{sha256(json.dumps(grid.to_dict()).encode()).hexdigest()[:6]}"


def _train(
    folder: SweepFolder, jobs: int | None, cluster: Cluster | None, *, retries_failed: bool
) -> int:
    """Train the sweep in this process, with a line for each thing that happens; the exit code."""
    from mnist_tui.process.plain_lines import PlainLines
    from mnist_tui.process.signals import signals_as_requests
    from mnist_tui.sweep.scheduler import Scheduler

    lines = PlainLines(lambda: scheduler.progress)

    def say(text: str) -> None:
        lines.print(text, sys.stdout)

    # Before the lock: whoever has started this process takes that for the sweep's beginning.
    with closing(_make_executor(folder, jobs, cluster, say)) as executor, folder.lock():
        if jobs is not None:
            folder.write(replace(folder.read(), jobs=jobs))
        scheduler = Scheduler(folder, executor, say, retries_failed=retries_failed)
        try:
            with signals_as_requests(scheduler.request), lines.live():
                return scheduler.run()
        finally:
            lines.let_go()


def _make_executor(
    folder: SweepFolder, jobs: int | None, cluster: Cluster | None, say: Callable[[str], None]
) -> Executor:
    """What trains the runs, here or elsewhere."""
    from mnist_tui.sweep.local import LocalExecutor
    from mnist_tui.sweep.ray_executor import RayExecutor

    known = folder.read()
    if cluster is None:
        return LocalExecutor(jobs or known.jobs, known.origin)
    return RayExecutor(cluster, folder.path, known.origin, say, jobs)


def _describe(folder: SweepFolder) -> str:
    """What the user has to know of a sweep that is left alone."""
    given = {"resume": folder.path, **folder.training}
    again = command_of(Remedy(command="sweep", settings=given))
    if folder.is_locked():
        return f"{folder.path.name} is trained by {folder.owner}\nto watch it: {again}"
    return f"{folder.path.name} is in {folder.path}\nto see it, and to resume it: {again}"
