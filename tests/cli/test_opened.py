"""Runs as commands open them."""

from pathlib import Path

import pytest

from mnist_tui.cli.opened import place_of
from mnist_tui.store.directory import RunDirectory


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("runs/a", ("runs", "a")),
        ("runs/lab/a", ("runs", "lab/a")),
        ("/elsewhere/lab/a", ("/elsewhere/lab", "a")),
    ],
)
def test_a_run_in_a_folder_below_that_of_the_runs_is_named_by_its_place_there(
    path: str, place: tuple[str, str]
) -> None:
    folder, name = place_of(RunDirectory(Path(path)), Path("runs"))
    assert (str(folder), name) == place
