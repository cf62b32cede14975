"""The place and the directory of a new run, and settings that cannot be read."""

from pathlib import Path

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.errors import UsageError
from mnist_tui.store.catalog import find_run
from mnist_tui.store.new_run import check_place, create_run


def test_runs_that_start_in_the_same_second_have_names_of_their_own(tmp_path: Path) -> None:
    names = {create_run(tmp_path, None, TrainConfig()).name for _ in range(5)}
    assert len(names) == 5
    assert all("-tutorial" in name for name in names)


@pytest.mark.parametrize("name", ["..", ".", "a/b", "/a", "", "-a", "a\nb", ".hidden"])
def test_a_name_that_is_no_folders_name_is_refused(tmp_path: Path, name: str) -> None:
    said = "cannot be a folder's name: begin with a letter or digit, and go on with letters"
    with pytest.raises(UsageError, match=said):
        create_run(tmp_path, name, TrainConfig())
    assert not list(tmp_path.iterdir())


def test_a_name_of_a_folder_that_cannot_be_looked_into_is_taken(closed_folder: Path) -> None:
    with pytest.raises(UsageError, match="closed is already in"):
        check_place(closed_folder.parent, "closed")


def test_a_name_that_is_too_long_is_refused_for_its_length(tmp_path: Path) -> None:
    create_run(tmp_path, "x" * 100, TrainConfig())
    with pytest.raises(UsageError, match="a name of 101 characters is too long: 100 at most"):
        create_run(tmp_path, "x" * 101, TrainConfig())


def test_a_run_is_whole_from_its_first_moment(tmp_path: Path) -> None:
    run = create_run(tmp_path / "deep" / "runs", "a", TrainConfig(epochs=3))
    assert run.read_config() == TrainConfig(epochs=3)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"config": 3}', '{"config": {"epochs": 0}}'])
def test_a_run_whose_settings_cannot_be_read_is_one_line(tmp_path: Path, content: str) -> None:
    run = create_run(tmp_path, "a", TrainConfig())
    run.config.write_text(content)
    with pytest.raises(UsageError):
        find_run(tmp_path, "a").read_config()
