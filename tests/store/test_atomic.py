"""Files are whole at every instant, and torn lines are repaired."""

import errno
import json
import math
import os
from pathlib import Path

import pytest

from mnist_tui.store.atomic import append_lines, read_json, read_lines, write_atomic, write_json


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"one")
    write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a.png"
    with pytest.raises(FileNotFoundError) as raised:
        write_atomic(path, b"")
    assert (raised.value.filename, raised.value.filename2) == (str(path), None)


def test_files_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("torn", [b'{"b": ', b"{", b'{"b": 2}', b"\x00\x00\x00"])
def test_a_torn_last_line_is_ignored_and_repaired(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "lines.jsonl"
    append_lines(path, [{"a": 1}])
    with path.open("ab") as file:
        file.write(torn)
    whole = [value for value in read_lines(path) if "a" in value]
    assert whole == [{"a": 1}]
    append_lines(path, [{"a": 3}])
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"a": 1}, {"a": 3}]


def test_numbers_that_json_has_not_become_null(tmp_path: Path) -> None:
    write_json(tmp_path / "file", {"loss": math.nan, "rows": [{"best": math.inf}]})
    assert json.loads((tmp_path / "file").read_text()) == {"loss": None, "rows": [{"best": None}]}


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "null", "\ufeff"])
def test_a_json_file_that_is_not_an_object_reads_as_empty(tmp_path: Path, content: str) -> None:
    (tmp_path / "file").write_text(content)
    assert read_json(tmp_path / "file") == {}
    assert read_json(tmp_path / "missing") == {}
