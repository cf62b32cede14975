"""Runs handed over to another process while one of the two is killed: still the same run.

    python -m tests.campaigns.handover --count 200 --seed 0

Each run is handed over once, at a random batch, paused, while validating or while saving. Then
nothing is killed, or the old or the new process, by kill -9: while the new one loads, or from
before to after one of the four messages between them. What was interrupted is resumed, and the run
must be the one that was left alone, bit for bit. Both processes note each step that they take: once
the new one has begun, the old one must have taken its last.
"""

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from mnist_tui.engine import learner
from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.headless import run_headless
from mnist_tui.process.successor import Successor
from mnist_tui.run.plan import NewRun, ResumedRun
from mnist_tui.run.requests import Detach, Pause, Resume
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from tests.campaigns.campaign import main, spread
from tests.campaigns.command import run_command
from tests.campaigns.processes import BROKEN, in_child
from tests.campaigns.same_run import config, whole_run
from tests.campaigns.sameness import assert_same_run

EPOCHS = 3
STEPS = 45
"""Steps of training and validation in the run, about."""
LIMIT_S = 300.0
MESSAGES = ("ready", "stopped", "restored", "train", "training")
LOADING = "loading"

seconds: list[float] = []
"""That training stood still for, where nothing was killed or paused."""
ends: Counter[str] = Counter()
"""How the runs ended, before what was interrupted was resumed."""

NOTING = """
import sys
if "mnist_tui.cli.owner" in sys.orig_argv:
    from tests.campaigns.handover import note_steps
    note_steps({trace!r})
"""
"""sitecustomize.py of the new process."""


def attempt(dice: random.Random, folder: Path) -> None:
    """Hand a run over, kill, resume, compare."""
    chosen = dice.choice(("sgd", "momentum", "adamw")), dice.choice(("constant", "one-cycle"))
    whole = whole_run(*chosen)
    directory, trace = RunDirectory(folder / "parts"), folder / "trace"
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(NOTING.format(trace=str(trace)))
    plan = NewRun(config=config(*chosen), runs_dir=folder, name="parts")
    script = Script(dice)
    code = in_child(partial(old_process, plan, script, folder / "site", trace))
    assert code not in BROKEN, f"the old process ended with {code}; {script}"
    end = time.monotonic() + LIMIT_S
    while directory.lock.is_held():
        assert time.monotonic() < end, f"the run is held for ever; {script}"
        if script.pauses and read_json(directory.status).get("state") == "paused":
            run_command("control", directory.path, "continue")  # the old process died before that
        time.sleep(0.02)
    steps = read_steps(trace)
    old, last = steps[0][0], str(read_json(directory.status)["pid"])
    where = "the old process" if last == old else "the new process"
    how = f"finished in {where}" if directory.is_over(EPOCHS) else "interrupted"
    ends[f"{script.victim or 'nobody'} killed, {how}"] += 1
    assert_one_at_a_time(steps, script)
    if script.victim is None and not script.pauses:
        note_standstill(steps)
    if script.victim is None:
        assert directory.is_over(EPOCHS), f"nothing was killed, and the run is not over; {script}"
        assert last != old, f"the run was not handed over; {script}"
    if not directory.is_over(EPOCHS):
        resumed = ResumedRun(runs_dir=folder, name="parts")
        code = in_child(partial(run_headless, TrainingRunner(resumed), as_json=True))
        assert code == 0, f"resume ended with {code}; {script}: {directory.log.read_text()[-300:]}"
    rows = [row.epoch for row in directory.read_rows()]
    assert rows == list(range(1, EPOCHS + 1)), f"epochs {rows}; {script}"
    assert_same_run(whole, directory.path)


class Script:
    """What is done to one run."""

    def __init__(self, dice: random.Random) -> None:
        self.step = dice.randrange(2, STEPS)
        """The step that waits until the new process is ready."""
        self.pauses = dice.random() < 0.25
        self.victim = dice.choice((None, "old", "new", "old", "new"))
        self.moment = dice.choice((LOADING, *MESSAGES, *MESSAGES))
        """The message around which it is killed, or before all of them."""
        self.is_before = dice.random() < 0.5
        self.delay_s = dice.choice((0.0, dice.uniform(0, 0.02), dice.uniform(0, 0.3)))
        if self.moment == LOADING:
            self.delay_s = dice.uniform(0, 2.0)

    def __str__(self) -> str:
        kill = f"kill {self.victim} {self.delay_s:.3f} s after {self.moment}"
        return f"step {self.step}, paused: {self.pauses}, {kill if self.victim else 'no kill'}"

    def reaches(self, moment: str, successor: Successor, *, is_before: bool) -> None:
        """Kill if it is time."""
        if self.victim is None or moment != self.moment or is_before != self.is_before:
            return
        pid = os.getpid() if self.victim == "old" else successor.pid
        if not self.delay_s:
            os.kill(pid, signal.SIGKILL)
        timer = threading.Timer(self.delay_s, lambda: kill_if_alive(pid))
        timer.daemon = True
        timer.start()


def kill_if_alive(pid: int) -> None:
    """Kill that process, which may have ended meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def old_process(plan: NewRun, script: Script, site: Path, trace: Path) -> int:
    """In a process of its own: train, hand over, and be killed."""
    sys.path[:0] = [str(site), str(Path.cwd())]
    script.is_before = script.is_before or script.moment == LOADING
    note_steps(str(trace))
    runner = TrainingRunner(plan)
    session, done = runner.session, 0

    def step() -> None:
        nonlocal done
        done += 1
        if done == script.step - 1:
            session.request(Detach())
        elif done == script.step:
            while not session.mailbox.waiting and hand_over_runs():
                time.sleep(0.002)
            if script.pauses and session.mailbox.waiting:
                session.mailbox.take()
                session.mailbox.put(Pause())
                session.mailbox.put(Detach())

    def hand_over_runs() -> bool:
        return any(thread.name == "hand-over" for thread in threading.enumerate())

    count_steps(step)
    send, wait_for, start = Successor.send, Successor.wait_for, Successor.__init__

    def scripted_start(self: Successor, *given: Any) -> None:
        start(self, *given)
        script.reaches(LOADING, self, is_before=True)

    def scripted_send(self: Successor, message: Any) -> bool:
        key = next(iter(message))  # of the plan, which comes first, it is none of MESSAGES
        script.reaches(key, self, is_before=True)
        sent = send(self, message)
        script.reaches(key, self, is_before=False)
        return sent

    def scripted_wait(self: Successor, key: str, limit_s: float | None = None) -> None:
        script.reaches(key, self, is_before=True)
        try:
            wait_for(self, key, limit_s)
        finally:
            if script.pauses and key == "restored":
                session.mailbox.put(Resume())  # whoever has the run then goes on
        if key == "ready":
            note_time(str(trace))  # from here on it stands still, after one more step at most
        script.reaches(key, self, is_before=False)

    Successor.__init__ = scripted_start  # type: ignore[method-assign]
    Successor.send = scripted_send  # type: ignore[method-assign]
    Successor.wait_for = scripted_wait  # type: ignore[method-assign]
    return run_headless(runner, as_json=True)


def count_steps(step: Any) -> None:
    """Call `step` before each step of training and between those of validation."""
    train, evaluate = learner.Learner.train, learner.evaluate

    def counted_batch(self: learner.Learner, start: int, lrs: Sequence[float]) -> None:
        step()
        train(self, start, lrs)

    def counted_evaluation(*given: Any) -> Any:
        *rest, between = given
        step()
        return evaluate(*rest, lambda batch: (step(), between(batch)))

    learner.Learner.train = counted_batch  # type: ignore[method-assign]
    learner.evaluate = counted_evaluation  # type: ignore[assignment]


def note_steps(trace: str) -> None:
    """Let this process append its number and the time to a file at each training step."""
    train, rehearse = learner.Learner.train, learner.Learner.rehearse
    is_rehearsing = False

    def noted(self: learner.Learner, start: int, lrs: Sequence[float]) -> None:
        if not is_rehearsing:
            note_time(trace)
        train(self, start, lrs)

    def rehearsed(self: learner.Learner) -> None:
        nonlocal is_rehearsing
        is_rehearsing = True
        rehearse(self)
        is_rehearsing = False

    learner.Learner.train = noted  # type: ignore[method-assign]
    learner.Learner.rehearse = rehearsed  # type: ignore[method-assign]


def note_time(trace: str) -> None:
    """Append this process's number and the time to a file, in one piece."""
    file = os.open(trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{os.getpid()} {time.time()}\n".encode())
    os.close(file)


def read_steps(trace: Path) -> list[tuple[str, float]]:
    """The steps in the order in which they began: whose, and when."""
    lines = (line.split() for line in trace.read_text().splitlines())
    return [(pid, float(at)) for pid, at in lines]


def assert_one_at_a_time(steps: Sequence[tuple[str, float]], script: Script) -> None:
    """No process has taken a step after another one had begun."""
    changes = sum(one != other for (one, _), (other, _) in pairwise(steps))
    assert changes < len({pid for pid, _ in steps}), f"two have trained by turns; {script}"


def note_standstill(steps: Sequence[tuple[str, float]]) -> None:
    """Note the time from when the new process was ready to its first step."""
    seconds.extend(
        after - before for (one, before), (other, after) in pairwise(steps) if one != other
    )


if __name__ == "__main__":
    main(
        attempt,
        200,
        measured=lambda: (
            f"from when the new process was ready to its first step: {spread(seconds)}",
            *(f"{count} of {what}" for what, count in sorted(ends.items())),
        ),
    )
