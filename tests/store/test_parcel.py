"""A run's files on their way to another machine and back."""

from pathlib import Path

import pytest

from mnist_tui.store.atomic import write_atomic
from mnist_tui.store.parcel import Sender, unpack


def write_run(folder: Path) -> None:
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "checkpoints" / "last.pt").write_bytes(bytes(range(256)))


def content_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_packed_here_is_the_same_there(tmp_path: Path) -> None:
    write_run(tmp_path / "here")
    unpack(tmp_path / "there", Sender(tmp_path / "here").pack())
    assert content_of(tmp_path / "there") == content_of(tmp_path / "here")


def test_a_file_is_packed_again_only_when_it_has_changed(tmp_path: Path) -> None:
    write_run(tmp_path)
    sender = Sender(tmp_path)
    assert set(sender.pack()) == {"config.json", "checkpoints/last.pt"}
    assert sender.pack() == {}
    write_atomic(tmp_path / "config.json", b"[]")  # as long as before
    assert sender.pack() == {"config.json": b"[]"}


def test_a_file_that_is_being_written_stays_here(tmp_path: Path) -> None:
    (tmp_path / ".last.pt-0123456789ab").write_bytes(b"half")
    assert Sender(tmp_path).pack() == {}


def test_nothing_is_packed_of_a_run_that_is_not_there(tmp_path: Path) -> None:
    assert Sender(tmp_path / "none").pack() == {}


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "..", "", "."])
def test_no_file_is_written_outside_of_the_run(name: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(ValueError, match="not a file of a run"):
        unpack(run, {"good": b"", name: b"bad"})
    assert content_of(tmp_path) == {}


def test_no_file_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run" / "checkpoints").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="not a file of a run"):
        unpack(tmp_path / "run", {"checkpoints/last.pt": b""})
    assert content_of(tmp_path / "elsewhere") == {}
