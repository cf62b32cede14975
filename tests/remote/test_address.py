"""Sockets are where nobody else can come in, under names that a socket may have."""

import os
import stat
from pathlib import Path

import pytest

from mnist_tui.errors import UsageError
from mnist_tui.remote import address
from mnist_tui.remote.address import LONGEST_PATH, check_folder, find_addresses, make_address


def test_the_folder_is_made_for_the_user_alone(runtime: Path, tmp_path: Path) -> None:
    path = make_address(tmp_path)
    assert path.parent == runtime / "mnist-tui"
    assert stat.S_IMODE(path.parent.lstat().st_mode) == 0o700
    assert make_address(tmp_path) == path, "the same run has the same place"
    assert make_address(tmp_path / "other") != path
    (tmp_path / "link").symlink_to(tmp_path)
    assert make_address(tmp_path / "link") == path, "by whatever path it is reached"


def test_without_a_folder_of_the_session_it_is_beside_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert make_address(tmp_path).parent == tmp_path / f"mnist-tui-{os.geteuid()}"


@pytest.mark.parametrize("session", ["/" + "x" * 200, "relative", "/nowhere/at/all"])
def test_a_place_that_cannot_be_used_gives_way_to_the_next(
    session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", session)
    path = make_address(tmp_path)
    assert path.parent.name == f"mnist-tui-{os.geteuid()}"
    assert all(len(os.fsencode(found)) <= LONGEST_PATH for found in find_addresses(tmp_path))


def open_to_others(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o755)


def a_link(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir(mode=0o700)
    folder.symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (open_to_others, "is open to other users"),
        (a_link, "is not a folder"),
        (Path.touch, "is not a folder"),
    ],
)
def test_a_folder_that_others_could_have_made_is_not_used(
    make: object, why: str, runtime: Path, tmp_path: Path
) -> None:
    assert callable(make)
    make(runtime / "mnist-tui")
    with pytest.raises(UsageError, match=why):
        check_folder(runtime / "mnist-tui")
    assert not make_address(tmp_path).is_relative_to(runtime)


def test_a_folder_of_another_user_is_not_used(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = runtime / "mnist-tui"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(UsageError, match="belongs to another user"):
        check_folder(folder)


def test_where_no_folder_can_be_used_it_says_why(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "socket_folders", lambda: iter([runtime / "a"]))
    (runtime / "a").touch()
    with pytest.raises(UsageError, match="no folder for sockets can be used"):
        make_address(tmp_path)
