"""An error that nobody expected leaves one line, and its traceback in a file."""

from pathlib import Path

import pytest

from mnist_tui.process import places
from mnist_tui.process.crash import log_crash


def crash() -> ValueError:
    try:
        raise ValueError("first line\nsecond line")
    except ValueError as error:
        return error


def test_the_traceback_is_in_the_runs_log(tmp_path: Path) -> None:
    line = log_crash(crash(), "the dashboard broke", tmp_path / "log.txt")
    assert line == (
        "mnist-tui: the dashboard broke: ValueError: first line; "
        f"the details are in {tmp_path / 'log.txt'}"
    )
    log = (tmp_path / "log.txt").read_text()
    assert "Traceback" in log
    assert "second line" in log


def test_without_a_run_it_is_in_a_file_of_the_users() -> None:
    file = places.crash_file()
    assert file is not None
    assert log_crash(crash()).endswith(str(file))
    assert "Traceback" in file.read_text()


def test_where_no_file_can_be_written_there_is_still_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "file" / "folder"))
    line = log_crash(crash(), run_log=tmp_path / "gone" / "log.txt" / "log.txt")
    assert line.startswith("mnist-tui: ValueError: first line; ")


def test_a_user_without_a_home_has_no_places(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(*_: object, **__: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_config_path", no_home)
    monkeypatch.setattr("platformdirs.user_log_path", no_home)
    assert places.theme_file() is places.crash_file() is None
    assert log_crash(crash()) == "mnist-tui: ValueError: first line; please report it"
