"""Thousands of runs in a folder, made of a few that were really trained.

python -m devtools.many_runs FOLDER [COUNT]
"""

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from devtools.terminal import COMMAND

_TRAINED = (
    ("--lr", "0.1", "--epochs", "2"),
    ("--lr", "0.01", "--epochs", "3"),
    ("--lr", "0.001", "--epochs", "1"),
    ("--lr", "0.01", "--optimizer", "momentum", "--epochs", "3"),
)
_LINKED = (".pt", ".npz")
"""Files that are large and the same in all copies of a run."""
_APART_S = 600.0
"""Between the ends of two runs."""


def make_many_runs(folder: Path, count: int) -> None:
    """Train a few runs on the sample, and copy them until there are `count`, the newest first.

    Some are in folders of their own, one in five stopped, with seeds, tags and ends that differ.
    """
    trained = folder / ".trained"
    for number, options in enumerate(_TRAINED):
        command = (COMMAND, "train", "--headless", "--dataset", "sample", "--batch-size", "128")
        place = ("--runs-dir", str(trained), "--name", f"run{number}")
        subprocess.run([*command, *options, *place], check=True, stdout=subprocess.DEVNULL)
    draw = random.Random(0)
    sources = itertools.cycle(sorted(trained.iterdir()))
    for number in range(count):
        below = f"week{number // 500}/" if number % 3 == 0 else ""
        ended_s = time.time() - 60 - number * _APART_S
        _copy(next(sources), folder / f"{below}run-{count - number:04d}", ended_s, draw)
    shutil.rmtree(trained)


def _copy(source: Path, target: Path, ended_s: float, draw: random.Random) -> None:
    """A run like `source` that ended then."""
    (target / "checkpoints").mkdir(parents=True)
    for path in source.rglob("*"):
        copy = target / path.relative_to(source)
        if path.suffix in _LINKED:
            os.link(path, copy)
        elif path.is_file():
            shutil.copyfile(path, copy)
    config = json.loads((target / "config.json").read_text())
    config["config"]["seed"] = draw.randrange(10)
    (target / "config.json").write_text(json.dumps(config, indent=2))
    status = json.loads((target / "status.json").read_text())
    state = "stopped" if draw.random() < 0.2 else status["state"]
    (target / "status.json").write_text(
        json.dumps({**status, "state": state, "updated": ended_s}, indent=2)
    )
    if draw.random() < 0.1:
        (target / "labels.json").write_text(json.dumps({"tags": ["keep"], "note": "look again"}))
    os.utime(target, (ended_s, ended_s))


if __name__ == "__main__":
    make_many_runs(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5000)
