"""Numbers that go wrong: a loss that is nan or infinite, and a device without memory.

    python -m tests.campaigns.wrong_numbers --count 60 --seed 0

By turns: a learning rate of a million, weights or losses that the test breaks after a random
batch, and an error of the kind that a full device raises. The run fails and says in which
batch, best.pt and last.pt stay good, what can be typed is said, and typing it goes on.
"""

import math
import random
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from mnist_tui.engine.learner import Learner
from mnist_tui.process.invocation import spell_out
from mnist_tui.run.events import EpochFinished, LearningRateChanged
from mnist_tui.run.state import State
from mnist_tui.store.catalog import list_runs
from mnist_tui.store.checkpoint import read_checkpoint
from tests.campaigns.campaign import few_digits, main
from tests.campaigns.command import run_command
from tests.training_helpers import few_config, resume, train

BATCHES, EPOCHS = 11, 3


@contextmanager
def after_batch(number: int, act: Callable[[Learner, int], None]) -> Iterator[None]:
    """Let `act` follow the training step of that number, counted from 1."""
    real, done = Learner.train, 0

    def acting(self: Learner, start: int, rates: Sequence[float]) -> None:
        nonlocal done
        real(self, start, rates)
        done += 1
        if done == number:
            act(self, start)

    Learner.train = acting  # type: ignore[method-assign]
    try:
        yield
    finally:
        Learner.train = real  # type: ignore[method-assign]


def attempt(dice: random.Random, folder: Path) -> None:
    """Let one number go wrong after some batch."""
    bad = dice.choice((math.nan, math.inf, -math.inf))

    def break_weights(learner: Learner, batch: int) -> None:
        parameters = list(learner.model.parameters())
        with torch.no_grad():
            dice.choice(parameters).view(-1)[0] = bad

    def break_loss(learner: Learner, batch: int) -> None:
        learner._losses[batch] = bad

    def run_out(learner: Learner, batch: int) -> None:
        raise dice.choice(
            (
                torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
                RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"),
                MemoryError(),
            )
        )

    number = dice.randint(1, BATCHES * EPOCHS)
    every_s = dice.choice((0.0, 0.01, 1000.0))
    act = dice.choice((break_weights, break_loss, run_out, None))
    if act is None:
        config = few_config(
            few_digits(), batch_size=32, epochs=EPOCHS, lr=1e6, checkpoint_every_s=every_s
        )
        run = train(config, folder, "a")
    else:
        config = few_config(few_digits(), batch_size=32, epochs=EPOCHS, checkpoint_every_s=every_s)
        with after_batch(number, act):
            run = train(config, folder, "a")
    ended, directory = run.ended, run.directory
    assert ended.state is State.FAILED, f"the run is {ended.state}"
    assert ended.exit_code == 1
    assert "batch" in ended.message, ended.message
    way_out = "a new run with batches smaller than" if act is run_out else "try a "
    assert way_out in ended.message, ended.message
    for path in directory.checkpoints.iterdir():
        read_checkpoint(path)  # which refuses weights that are not numbers
    for event in run.of(EpochFinished):
        is_number = math.isfinite(event.row.train_loss)
        assert is_number, "an epoch with a loss that is no number was counted"
    [listed] = list_runs(folder)
    assert listed.state == "failed"
    assert run_command("runs", "--runs-dir", folder, "--json").code == 0
    if not directory.last.exists():
        assert "start again (--lr" in spell_out(ended).hint or act is run_out, ended.hint
        return
    assert "mnist-tui resume" in spell_out(ended).hint, ended.hint
    if act is None:
        return
    # The command that the hint names.
    words = shlex.split(spell_out(ended).hint.partition(": ")[2])
    rate = float(words[words.index("--lr") + 1]) if "--lr" in words else None
    before = read_checkpoint(directory.last)
    resumed = resume(folder, "a", {"lr": rate} if rate else None)
    assert resumed.ended.state is State.FINISHED, resumed.ended.message
    assert read_checkpoint(directory.last).global_batch == BATCHES * EPOCHS
    if rate:
        assert rate == 0.025, f"half of 0.05 is not {rate}"
        [change] = resumed.of(LearningRateChanged)
        assert math.isclose(change.lr, rate)
        assert change.global_batch == before.global_batch
    assert run_command("resume", directory.path, "--headless").code == 0


if __name__ == "__main__":
    main(attempt, 60)
