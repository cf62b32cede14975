"""How right the dashboard is about the time that is left: looks at runs of the recipe `tutorial`.

    python -m benchmarks.remaining [--data-dir DIR] [--device DEVICE] [--runs N] [--epochs N]

A look each tenth of a second, from the fifth second on; the last two seconds are left out, in
which a tenth is no longer than a look. The share of looks that are right, and how far the others
are off, come as a line for each run. Takes two minutes a run and more on a CPU.
"""

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from benchmarks.arguments import parse
from benchmarks.pairs import Figure, tell
from mnist_tui.config import recipe_config
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.run.plan import NewRun
from mnist_tui.run.state import State

_LOOK_S = 0.1
_FROM_S = 5.0
_END_S = 2.0
_RIGHT = 0.1
"""What is told may be off by this part of what is then left."""


def looks(data_dir: Path, device: str, epochs: int) -> list[tuple[float, float]]:
    """(seconds to the end, seconds told to be left) at each look at a whole run."""
    config = recipe_config(dataset="mnist", data_dir=str(data_dir), device=device, epochs=epochs)
    with tempfile.TemporaryDirectory() as folder:
        runner = TrainingRunner(NewRun(config=config, runs_dir=Path(folder), name="run"))
        session, told = runner.session, []
        thread = threading.Thread(target=runner.run)
        thread.start()
        while thread.is_alive():
            thread.join(_LOOK_S)
            progress = session.progress
            told.append((progress.elapsed_s, progress.remaining_s))
        if session.state is not State.FINISHED:
            raise RuntimeError(f"the run is {session.state.value} at its end")
    end_s = told[-1][0]
    if end_s <= _FROM_S + _END_S:
        raise RuntimeError(f"the run took {end_s:.1f} s, which is too short: give it more --epochs")
    return [
        (end_s - elapsed_s, remaining_s)
        for elapsed_s, remaining_s in told
        if remaining_s is not None and _FROM_S <= elapsed_s <= end_s - _END_S
    ]


def measure(data_dir: Path, device: str, runs: int, epochs: int) -> Iterator[Figure]:
    """The share of right looks and the worst one, of each run."""
    for run in range(1, runs + 1):
        errors = [(abs(told - left) / left, left) for left, told in looks(data_dir, device, epochs)]
        worst, left_s = max(errors)
        yield Figure(
            name=f"looks at what remains that are right within a tenth, run {run}, {device}",
            values=(100 * sum(error <= _RIGHT for error, _ in errors) / len(errors),),
            goal=100,
            is_more_better=True,
            unit="%",
            note=f"{len(errors):,} looks; {100 * worst:.1f} % off {left_s:.1f} s before the end",
        )


if __name__ == "__main__":
    arguments = parse(__doc__, runs=3, epochs=3)
    tell(measure(arguments.data_dir, arguments.device, arguments.runs, arguments.epochs))
