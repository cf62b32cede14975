"""When a checkpoint is due, by a clock that the test moves and writes that take a given time."""

import random
from pathlib import Path

import pytest

from mnist_tui.config import recipe_config
from mnist_tui.engine.checkpointing import CheckpointSchedule
from mnist_tui.run.events import CheckpointSaved, Event, SaveReason
from mnist_tui.run.session import Session
from mnist_tui.store.checkpoint import Checkpoint
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.writer import RunWriter

CHECKPOINT = Checkpoint(
    model={},
    optimizer={},
    config=recipe_config("tutorial"),
    fingerprint="",
    epoch=1,
    batch=7,
    global_batch=7,
    loss_sum=0.0,
    correct=0,
    lr_scale=1.0,
    rng={},
    rows=(),
    elapsed_s=0.0,
    epoch_train_s=0.0,
)


class Disk:
    """A run that saves on a schedule, its clock, and a disk of a given slowness."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        directory = RunDirectory(folder)
        self.session = Session()
        self.writer = RunWriter(directory, self.session)  # its thread is not started yet
        self.schedule = CheckpointSchedule(directory, self.writer, clock=lambda: self.now)

    def oldest(self, every_s: float, write_s: list[float], step_s: float) -> tuple[float, int]:
        """Train until every write is done: the greatest age of the last save, and the saves."""
        saved_at_s, writing, oldest, saves = 0.0, (0.0, 0.0), 0.0, 0
        durations = iter(write_s)
        while True:
            self.now += step_s
            asked_at, done_at = writing
            if done_at and self.now >= done_at:
                oldest = max(oldest, done_at - saved_at_s)
                saved_at_s, writing = asked_at, (0.0, 0.0)
                self.writer.save_s = done_at - asked_at
            oldest = max(oldest, self.now - saved_at_s)
            if not self.schedule.is_due(every_s):
                continue
            duration = next(durations, None)
            if duration is None:
                return oldest, saves
            saves += 1
            self.schedule.save(SaveReason.SCHEDULE, CHECKPOINT)
            if not writing[1]:
                writing = (self.now, self.now + duration)


@pytest.mark.parametrize("step_s", [0.003, 0.15])
def test_the_last_save_is_never_older_than_the_interval(tmp_path: Path, step_s: float) -> None:
    dice = random.Random(4)
    writes = [dice.uniform(0.1, 0.19) for _ in range(50)]
    disk = Disk(tmp_path)
    disk.writer.save_s = 0.1
    oldest, saves = disk.oldest(1.0, writes, step_s)
    assert oldest <= 1.0
    assert saves == len(writes)
    assert disk.now < 1.0 * (saves + 2), "and it is not saved much more often than asked for"
    assert disk.now > 0.5 * saves


def test_a_disk_slower_than_the_interval_is_asked_at_half_of_it(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.writer.save_s = 30.0
    _, saves = disk.oldest(1.0, [30.0] * 20, 0.01)
    assert disk.now / (saves + 1) == pytest.approx(0.5, abs=0.1)


def test_no_interval_is_never_due(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.now += 1e9
    assert not disk.schedule.is_due(0.0)


@pytest.mark.parametrize(
    ("reason", "files"),
    [
        (SaveReason.BEST, {"best.pt": "best", "last.pt": "epoch"}),
        (SaveReason.MANUAL, {"step-7.pt": "manual", "last.pt": "schedule"}),
        (SaveReason.SCHEDULE, {"last.pt": "schedule"}),
        (SaveReason.STOP, {"last.pt": "stop"}),
    ],
)
def test_every_save_brings_last_up_to_it(
    tmp_path: Path, reason: SaveReason, files: dict[str, str]
) -> None:
    disk = Disk(tmp_path)
    written: dict[str, str] = {}

    def note(event: Event) -> None:
        if isinstance(event, CheckpointSaved):
            written[Path(event.path).name] = event.reason

    disk.session.subscribe(note)
    disk.schedule.save(reason, CHECKPOINT)
    disk.writer.start({})
    disk.writer.close()
    assert written == files
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == set(files)


def test_an_epoch_that_ends_soon_after_a_checkpoint_is_not_saved(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.now += 1.5
    assert disk.schedule.is_due_after_epoch
    disk.schedule.save(SaveReason.SCHEDULE, CHECKPOINT)
    disk.now += 0.5
    assert not disk.schedule.is_due_after_epoch
