"""What is emitted while a file cannot be written, and when it can be again."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui.run.events import Event, SavedAgain, SaveFailed
from mnist_tui.store.retry import REPEAT_S, Retry

PATH = Path("last.pt")
FULL = SaveFailed(path="last.pt", message="No space left on device")


class Disk:
    """A file that can be written, or not, with what a Retry emits about it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.error: Exception | None = None
        self.emitted: list[Event] = []
        self.restored = 0
        self.retry = Retry(self.emitted.append, self._restore, lambda: self.now)

    def _restore(self) -> None:
        self.restored += 1
        self.error = None

    def _write(self) -> None:
        if self.error is not None:
            raise self.error

    def attempt(self, **options: bool) -> list[Event]:
        """Write once; what was emitted."""
        self.emitted.clear()
        is_written = self.retry.attempt(PATH, self._write, **options)
        assert is_written == (PATH not in self.retry.failing) == (self.error is None)
        return list(self.emitted)


def full() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def test_a_failure_is_emitted_once_and_its_end_too() -> None:
    disk = Disk()
    assert disk.attempt() == []
    disk.error = full()
    assert disk.attempt() == [FULL]
    disk.now = 10 * REPEAT_S
    assert disk.attempt() == []
    disk.error = None
    assert disk.attempt() == [SavedAgain(path="last.pt")]
    assert disk.attempt() == []


def test_a_failure_with_another_reason_is_emitted_again() -> None:
    disk = Disk()
    disk.error = full()
    disk.attempt()
    disk.error = OSError(errno.EROFS, "Read-only file system")
    assert disk.attempt() == [SaveFailed(path="last.pt", message="Read-only file system")]


def test_a_failing_checkpoint_is_repeated_each_minute() -> None:
    disk, repeats = Disk(), []
    disk.error = full()
    for second in range(int(3 * REPEAT_S)):
        disk.now = float(second)
        if disk.attempt(repeats=True):
            repeats.append(second)
    assert repeats == [0, REPEAT_S, 2 * REPEAT_S]


def test_a_save_by_hand_that_fails_is_always_emitted() -> None:
    disk = Disk()
    disk.error = full()
    assert [disk.attempt(always_emits=True) for _ in range(3)] == [[FULL]] * 3


def test_a_missing_folder_is_made_again_before_a_second_attempt() -> None:
    disk = Disk()
    disk.error = FileNotFoundError(errno.ENOENT, "No such file or directory")
    assert disk.attempt() == []
    assert disk.restored == 1


@pytest.mark.parametrize("make", [lambda: ValueError("no weights"), lambda: MemoryError()])
def test_any_other_error_leaves_the_thread_alive(make: Callable[[], Exception]) -> None:
    disk = Disk()
    disk.error = make()
    [event] = disk.attempt()
    assert isinstance(event, SaveFailed)
    assert type(disk.error).__name__ in event.message
