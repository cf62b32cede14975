"""Takes the README's screenshots from a real training run on the full MNIST.

    uv run python screenshots/make.py [--data-dir FOLDER] [--epochs N] [--run RUN] [--runs FOLDER]
                                           [--sweep FOLDER]

With --run, the one picture of what was learned on other data is taken of that finished run; with
--runs, those of all runs and of a comparison of the runs in that folder; with --sweep, that of the
leaderboard of that sweep, as it stands.

The dashboard trains the tutorial's recipe through the real engine; only the terminal is
Textual's headless one. Nothing in the pictures is drawn or edited by hand: the SVG files
are Textual's own, with two changes that let them look alike everywhere. The web font is
left out, since README pages may not load one, and braille characters become dots at their
places in the cell, since few fonts have them.
"""

import argparse
import asyncio
import html
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual._xterm_parser import XTermParser
from textual.pilot import Pilot

from mnist_tui.config import recipe_config
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.replay import ReplayRunner
from mnist_tui.run.plan import NewRun, ShownRun
from mnist_tui.run.progress import Progress
from mnist_tui.run.state import State
from mnist_tui.store.comparison import MOST
from mnist_tui.store.directory import RunDirectory
from mnist_tui.sweep.record import SweepFolder
from mnist_tui.tui.app import DashboardApp
from mnist_tui.tui.dashboard.screen import Dashboard
from mnist_tui.tui.insight.widgets.canvas import Canvas
from mnist_tui.tui.runs.columns import COLUMNS, UPDATED
from mnist_tui.tui.runs.overlay import ListLine
from mnist_tui.tui.runs.screen import RunsScreen
from mnist_tui.tui.runs.table import RunTable
from mnist_tui.tui.widgets.flash_line import SHOWN_FOR_S

FOLDER = Path(__file__).resolve().parent
CELL_WIDTH, CELL_HEIGHT = 12.2, 24.4
"""Of Textual's SVG export, in its units."""
PANES = (100, 30)
"""The size of the pictures of what was learned."""
TWO = ((8, 8), (11, 5), (16, 4), (19, 8), (17, 13), (12, 18), (8, 22), (13, 21), (21, 22))
"""A digit to be drawn, in the canvas's pixels."""
DOTS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
"""(column, row) of the dot that each bit of a braille character stands for."""


def portable(svg: str) -> str:
    """The picture without its web font and with braille as dots."""
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    svg = svg.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")
    return re.sub(r"<text ([^>]*)>([^<]*)</text>", _spell, svg)


def _spell(match: re.Match[str]) -> str:
    """One run of text, in pieces and braille cell by cell, each at its own place.

    Renderers treat runs of spaces differently, fonts differ in width, and not every renderer
    knows `textLength`, so that what is long would not end where it should.
    """
    place = dict(re.findall(r'([\w-]+)="([^"]*)"', match[1]))
    left, base = float(place["x"]), float(place["y"])
    rest = " ".join(f'{k}="{v}"' for k, v in place.items() if k not in ("x", "y", "textLength"))
    drawn = []
    if "textLength" not in place:
        return match[0]  # the title, which is centered
    pieces = re.finditer("[\u2801-\u28ff]|[^\\s\u2800-\u28ff]{1,8}", html.unescape(match[2]))
    for word in pieces:
        x = left + word.start() * CELL_WIDTH
        bits = ord(word[0][0]) - 0x2800
        if 0 < bits < 256:
            drawn += [
                f'<circle class="{place["class"]}" '
                f'cx="{x + CELL_WIDTH * (0.25 + 0.5 * dot_x):.1f}" '
                f'cy="{base - 18.5 + CELL_HEIGHT * (0.125 + 0.25 * dot_y):.1f}" r="1.9"/>'
                for bit, (dot_x, dot_y) in enumerate(DOTS)
                if bits >> bit & 1
            ]
        else:
            drawn.append(
                f'<text {rest} x="{x:.1f}" y="{base}" '
                f'textLength="{len(word[0]) * CELL_WIDTH:.1f}">{html.escape(word[0])}</text>'
            )
    return "".join(drawn)


class Photographer:
    """Takes pictures of one dashboard."""

    def __init__(self, app: DashboardApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def until(self, is_so: Callable[[], object]) -> None:
        """Let the dashboard work until `is_so`."""
        while not is_so():
            await self.pilot.pause(0.1)

    async def take(self, name: str, columns: int, rows: int, *keys: str) -> None:
        """Resize the terminal, press keys, let it draw, and keep the picture."""
        await self.pilot.resize_terminal(columns, rows)
        await self.pilot.press(*keys)
        await self.pilot.pause(2.5)
        path = FOLDER / f"{name}.svg"
        path.write_text(portable(self.app.export_screenshot(title="mnist-tui")))

    async def draw(self, *points: tuple[int, int]) -> None:
        """One stroke on the canvas, with the mouse as a terminal tells of it."""
        canvas = self.app.screen.query_one(Canvas)
        (left, top), scale = canvas.content_region.offset, canvas.scale
        cells = [(left + 2 + scale * x, top + 2 + scale * y // 2) for x, y in points]
        reports = [f"<0;{x};{y}M" if not i else f"<32;{x};{y}M" for i, (x, y) in enumerate(cells)]
        parser, driver = XTermParser(), self.app._driver
        assert driver is not None
        for report in (*reports, "<0;{};{}m".format(*cells[-1])):
            for event in parser.feed(f"\x1b[{report}"):
                driver.process_message(event)
            await self.pilot.pause()


async def session(data_dir: str | None, epochs: int) -> None:
    """One run, from ready to its end, and the pictures on the way."""
    config = recipe_config("tutorial", dataset="mnist", data_dir=data_dir, epochs=epochs)
    plan = NewRun(config=config, runs_dir=Path("runs"), name="first-run")
    app = DashboardApp(plan, TrainingRunner)
    async with app.run_test(size=(120, 36)) as pilot:
        photographer = Photographer(app, pilot)
        await pilot.pause(1.0)
        await photographer.take("ready", 80, 24)
        await pilot.press("space")
        # The rate is halved for the last two epochs, so that the charts have a mark of it.
        await photographer.until(lambda: _epoch(app) == epochs - 1)
        await pilot.press("left_square_bracket")
        await photographer.until(lambda: _is_training(app, epochs - 1, 0.2))
        await training(photographer)
        await photographer.until(lambda: _is_training(app, epochs, 0.6) or _epoch(app) > epochs)
        await pilot.press("space")
        await photographer.until(lambda: _progress(app).state is State.PAUSED)
        await paused(photographer)
        await pilot.press("space")
        await photographer.until(lambda: app.run_controller.log.ended is not None)
        await photographer.take("finished", 120, 36)
        await learned(photographer)
        await pilot.press("q")


async def several(runs_dir: Path) -> None:
    """Pictures of the list of the runs in a folder, and of their comparison."""
    app = DashboardApp(NewRun(runs_dir=runs_dir), TrainingRunner, opens_runs=True)
    async with app.run_test(size=PANES) as pilot:
        photographer = Photographer(app, pilot)
        await photographer.until(lambda: isinstance(app.screen, RunsScreen))
        await photographer.until(
            lambda: "reading" not in "".join(app.screen.query_one(ListLine).counts)
        )
        table = app.screen.query_one(RunTable)
        # By name, so that the numbers are in the order of the list.
        await pilot.press(*["o"] * (len(COLUMNS) - COLUMNS.index(UPDATED)))
        await pilot.press(*["space"] * min(table.count, MOST), "home")
        await photographer.take("runs", 126, 24)
        await photographer.take("compare", 120, 36, "c", "l")


async def leaderboard(sweep: Path) -> None:
    """A picture of a sweep as it stands."""
    plan = NewRun(runs_dir=sweep.parent)
    app = DashboardApp(plan, TrainingRunner, opens_sweep=SweepFolder(sweep))
    async with app.run_test(size=PANES) as pilot:
        await Photographer(app, pilot).take("sweep", 120, 30)


def _epoch(app: DashboardApp) -> int:
    return 1 + len(app.run_controller.log.rows)


def _is_training(app: DashboardApp, epoch: int, fraction: float) -> bool:
    progress = _progress(app)
    return progress.epoch == epoch and progress.epoch_fraction >= fraction


def _progress(app: DashboardApp) -> Progress:
    dashboard = app.screen_stack[0]
    assert isinstance(dashboard, Dashboard)
    return dashboard.progress


async def training(photographer: Photographer) -> None:
    """Pictures of the last epoch but one, while it trains."""
    await photographer.take("normal", 120, 36)
    await photographer.take("wide", 160, 48)
    await photographer.take("compact", 80, 24, "3")
    await photographer.take("tiny", 50, 12)


async def paused(photographer: Photographer) -> None:
    """Pictures that would take longer than an epoch."""
    await photographer.take("compact-accuracy", 80, 24, "2")
    await photographer.take("compact-epochs", 80, 24, "4")
    await photographer.take("desk", 200, 60, "3")
    photographer.app.theme = "digits-light"
    await photographer.take("light", 120, 36)
    photographer.app.theme = "digits-dark"
    for name, key in (("help", "question_mark"), ("settings", "e"), ("quit", "q")):
        await photographer.take(name, 80, 24, key)
        await photographer.pilot.press("escape")


async def learned(photographer: Photographer) -> None:
    """Pictures of what it has learned, once it has ended."""
    await photographer.pilot.press("i")
    # By then the line at the top has said its last.
    await photographer.pilot.pause(SHOWN_FOR_S)
    await photographer.take("insight-confusion", *PANES)
    await photographer.take("insight-mistakes", *PANES, "2")
    await photographer.take("insight-learning", *PANES, "3", "home", *["down"] * 10)
    await photographer.take("insight-inside", *PANES, "4", *["full_stop"] * 4, *["right"] * 2)
    await photographer.take("insight-data", *PANES, "6")
    await photographer.pilot.press("5")
    await photographer.until(lambda: photographer.app.screen.query(Canvas))
    await photographer.pilot.pause(0.5)
    await photographer.draw(*TWO)
    await photographer.take("insight-draw", *PANES)
    await photographer.pilot.press("escape")


async def other_data(run: Path) -> None:
    """The confusion of a run of other data, from its directory, in a terminal of 80x24."""
    directory = RunDirectory(run)
    plan = ShownRun(
        name=directory.name, config=directory.read_config(), runs_dir=directory.path.parent
    )
    app = DashboardApp(plan, ReplayRunner, start=True)
    async with app.run_test(size=(80, 24)) as pilot:
        photographer = Photographer(app, pilot)
        await photographer.until(lambda: app.run_controller.log.ended is not None)
        await photographer.pilot.press("i")
        await photographer.pilot.pause(SHOWN_FOR_S)
        await photographer.take("insight-fashion", 80, 24)


def main() -> None:
    """Parse the arguments and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", default=os.environ.get("MNIST_TUI_DATA"))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--run")
    parser.add_argument("--runs")
    parser.add_argument("--sweep")
    arguments = parser.parse_args()
    data_dir = str(Path(arguments.data_dir).resolve()) if arguments.data_dir else None
    run, runs, sweep = (
        Path(path).resolve() if path else None
        for path in (arguments.run, arguments.runs, arguments.sweep)
    )
    with tempfile.TemporaryDirectory() as folder:
        # The pictures show paths: `runs/first-run`, as a user's would be.
        os.chdir(folder if runs is None else runs.parent)
        # As in a terminal of today, whatever this one is.
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        os.environ.pop("NO_COLOR", None)
        if run is not None:
            asyncio.run(other_data(run))
        elif sweep is not None:
            asyncio.run(leaderboard(sweep))
        elif runs is not None:
            asyncio.run(several(Path(runs.name)))
        else:
            asyncio.run(session(data_dir, arguments.epochs))


if __name__ == "__main__":
    main()
