"""Viewers that come and go, are killed, stopped, slow or a nuisance, while a run trains.

    python -m tests.campaigns.viewers --count 50 --seed 0

Up to five processes at a time watch one run: dashboards' clients that follow it, clients that take
a byte now and then or nothing at all, and some that send requests without end and read no answer.
They are ended, killed, stopped and continued at any instant. The run ends by itself, and is the
same, bit for bit, as the one that nobody watched.
"""

import os
import random
import signal
import socket
import time
from functools import cache
from pathlib import Path

from mnist_tui.cli import main as command
from mnist_tui.errors import UsageError
from mnist_tui.remote.client import RemoteRunner
from mnist_tui.remote.connection import ConnectionLostError, connect
from mnist_tui.run.inference import IMAGE_BYTES, InferenceRequest
from mnist_tui.run.plan import AttachedRun
from mnist_tui.run.protocol import MachineAsked, StatusAsked, Watch
from mnist_tui.run.requests import Infer
from mnist_tui.run.session import Audience
from mnist_tui.run.wire import encode
from mnist_tui.store.directory import RunDirectory
from tests.campaigns.campaign import few_digits, kept_folder, main
from tests.campaigns.kills import assert_whole
from tests.campaigns.processes import in_child, leave
from tests.campaigns.sameness import assert_same_run

EPOCHS = 8
MOST = 5
LIMIT_S = 300.0
KINDS = ("follows", "follows", "takes little", "takes nothing", "floods")

tried: dict[str, int] = dict.fromkeys((*KINDS, "kill", "stop", "continue"), 0)
"""How often each was done, by all attempts."""


def options(name: str) -> list[str]:
    return [
        *("--dataset", "mnist", "--data-dir", str(few_digits()), "--epochs", str(EPOCHS)),
        *("--lr", "0.05", "--checkpoint-every", "0.2", "--name", name, "--headless"),
    ]


@cache
def whole_run() -> Path:
    """The run that nobody watched."""
    folder = kept_folder()
    assert in_child(lambda: _train(folder, "whole")) == 0
    return folder / "runs" / "whole"


def attempt(dice: random.Random, folder: Path) -> None:
    """Train one run among its viewers, and compare."""
    whole = whole_run()
    run = RunDirectory(folder / "runs" / "a")
    owner = _fork(lambda: _train(folder, "a"))
    viewers: set[int] = set()
    began = time.monotonic()
    try:
        while (ended := os.waitpid(owner, os.WNOHANG)) == (0, 0):
            assert time.monotonic() - began < LIMIT_S, "the run does not end"
            time.sleep(dice.uniform(0, 0.05))
            if run.path.exists():
                _do_something(dice, run, viewers)
    finally:
        for pid in viewers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(ended[1]) == 0, run.log.read_text()[-500:]
    assert_whole(run)
    assert_same_run(whole, run.path)
    log = run.log.read_text()
    assert "broke" not in log, log
    assert "Traceback" not in log, log


def _do_something(dice: random.Random, run: RunDirectory, viewers: set[int]) -> None:
    """Have one viewer come, go, stop or continue."""
    act = dice.choice(("come", "come", "kill", "stop", "continue"))
    if act == "come" and len(viewers) < MOST:
        kind, seed = dice.choice(KINDS), dice.random()
        tried[kind] += 1
        viewers.add(_fork(lambda: _watch(run, kind, random.Random(seed))))
    elif act != "come" and viewers:
        tried[act] += 1
        pid = dice.choice(sorted(viewers))
        number = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "continue": signal.SIGCONT}[act]
        os.kill(pid, number)
        if act == "kill":
            os.waitpid(pid, 0)
            viewers.remove(pid)


def _watch(run: RunDirectory, kind: str, dice: random.Random) -> int:
    """A viewer of that kind. In a process of its own."""
    if kind == "follows":
        plan = AttachedRun(name="a", runs_dir=run.path.parent, is_read_only=bool(dice.randrange(2)))
        runner = RemoteRunner(plan)
        runner.session.subscribe(lambda event: None, audience=Audience.INTERACTIVE)
        runner.run()
        return 0
    try:
        connection = connect(run)
        connection.send(Watch())
        if kind == "floods":
            _flood(connection.fileno(), dice)
        while kind == "takes little":
            os.read(connection.fileno(), 1)
            time.sleep(dice.uniform(0, 0.01))
    except (UsageError, ConnectionLostError, OSError):
        return 0
    time.sleep(LIMIT_S)
    return 0


def _flood(descriptor: int, dice: random.Random) -> None:
    """Send requests until that is over, and read nothing."""
    images = InferenceRequest(images=bytes(IMAGE_BYTES))
    frames = [encode(value, 1) for value in (StatusAsked(), MachineAsked(), Infer(images))]
    sending = socket.socket(fileno=os.dup(descriptor))
    while True:
        sending.sendall(dice.choice(frames))


def _fork(act: object) -> int:
    """The id of a process that does it, silently."""
    assert callable(act)
    pid = os.fork()
    if pid == 0:
        leave(act)
    return pid


def _train(folder: Path, name: str) -> int:
    os.chdir(folder)
    try:
        command(["train", *options(name)])
    except SystemExit as end:
        return int(end.code or 0)


def _counts() -> list[str]:
    return [", ".join(f"{what} {count}" for what, count in tried.items())]


if __name__ == "__main__":
    main(attempt, 50, measured=_counts)
