"""Lines that drop under a dashboard: the run goes on, is attached over the next line, and ends.

    python -m tests.campaigns.lines --count 100 --seed 0

By turns over a real SSH server of this machine, whose client is killed, and in a pseudo-terminal
that is closed; on terminals of several kinds, at random batches, one in three with a second SIGHUP
from the shell. The process must let go of the terminal, so that it can write nothing more to it,
and train on; a dashboard over another line attaches to it, and sees it to its end. The run must be
the one that never lost a line, bit for bit.
"""

import os
import random
import shlex
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pexpect

from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from tests.campaigns.campaign import few_digits, kept_folder, main, spread
from tests.campaigns.sameness import assert_same_run
from tests.campaigns.ssh_line import missing, server
from tests.training_helpers import few_config, train

TERMINALS = ("xterm-256color", "xterm", "screen", "vt100")
EPOCHS = 40
BATCHES = 11
LIMIT_S = 300.0

Connect = Callable[[str], pexpect.spawn]
"""Opens a line with this program at its other end, given what follows its name."""

tried: Counter[str] = Counter()
"""How many lines of each kind were dropped."""
seconds: list[float] = []
"""From the loss of the line to the process's last hold on the terminal."""


@cache
def whole_run() -> Path:
    """The run that never lost a line."""
    folder = kept_folder()
    train(few_config(few_digits(), batch_size=32, epochs=EPOCHS), folder, "whole")
    return folder / "whole"


def attempt(dice: random.Random, folder: Path) -> None:
    """Train over a line, drop it, attach over another, and compare."""
    whole = whole_run()
    run = RunDirectory(folder / "runs" / "a")
    settings = f"--epochs {EPOCHS} --lr 0.05 --checkpoint-every 0 --name a"
    data = f"--dataset mnist --data-dir {shlex.quote(str(few_digits()))}"
    is_ssh = missing() is None and dice.random() < 0.5
    tried["over SSH" if is_ssh else "by closing a terminal"] += 1
    with (ssh_lines if is_ssh else closed_terminals)(dice.choice(TERMINALS), folder) as connect:
        # Both names stay: pexpect kills the command of a line that nobody refers to any more.
        first = connect(f"train {data} {settings} --start")
        batch = dice.randrange(1, BATCHES * EPOCHS // 2)
        wait(lambda: int(read_json(run.status).get("global_batch") or 0) >= batch, first)
        pid = int(read_json(run.status)["pid"])
        drop(first, is_ssh=is_ssh)
        dropped_at = time.monotonic()
        if dice.random() < 1 / 3:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP)
        wait(lambda: not holds_terminal(pid))
        seconds.append(time.monotonic() - dropped_at)
        second = connect("attach a")
        wait(lambda: run.is_over(EPOCHS), second)
        wait(lambda: not run.lock.is_held(), second)
        second.send("q")
        wait(lambda: not second.isalive(), second)
        assert second.exitstatus == 0, f"the attached dashboard ended with {second.exitstatus}"
    assert read_json(run.status)["pid"] == pid, "another process has ended the run"
    assert "Traceback" not in run.log.read_text(), run.log.read_text()[-500:]
    assert_same_run(whole, run.path)


@contextmanager
def ssh_lines(term: str, folder: Path) -> Iterator[Connect]:
    """Lines to an SSH server of our own."""
    environment = f"OMP_NUM_THREADS=1 PYTHONPATH={shlex.quote(str(Path.cwd()))}"
    go = f"cd {shlex.quote(str(folder))} && {environment} {shlex.quote(sys.executable)}"
    with server(folder) as connect:
        yield lambda words: connect(term, f"{go} -m mnist_tui {words}")


@contextmanager
def closed_terminals(term: str, folder: Path) -> Iterator[Connect]:
    """Pseudo-terminals that are about to be closed."""
    python_path = str(Path.cwd())
    environment = {**os.environ, "TERM": term, "OMP_NUM_THREADS": "1", "PYTHONPATH": python_path}
    yield lambda words: pexpect.spawn(
        sys.executable,
        ["-m", "mnist_tui", *shlex.split(words)],
        cwd=str(folder),
        env=environment,
        dimensions=(24, 80),
    )


def drop(line: pexpect.spawn, *, is_ssh: bool) -> None:
    """Lose the line as when a lid is closed: kill its client, or close its terminal."""
    if is_ssh:
        line.close(force=True)
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, line.child_fd)
    os.close(nothing)


def holds_terminal(pid: int) -> bool:
    """Whether a process has any terminal open."""
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if "/pts/" in str(path.readlink()):
                return True
    return False


def wait(is_so: Callable[[], object], line: pexpect.spawn | None = None) -> None:
    """Wait until `is_so`, reading what comes over a line meanwhile."""
    end = time.monotonic() + LIMIT_S
    while not is_so():
        assert time.monotonic() < end, "it takes too long"
        if line is None:
            time.sleep(0.01)
            continue
        with suppress(pexpect.TIMEOUT, pexpect.EOF):
            line.read_nonblocking(65_536, 0.05)


if __name__ == "__main__":
    main(
        attempt,
        100,
        measured=lambda: (
            ", ".join(f"{count} {kind}" for kind, count in sorted(tried.items())),
            f"from the loss of the line to letting go of it: {spread(seconds)}",
        ),
    )
