"""What status.json says of a run, in whatever form it is."""

from pathlib import Path

import pytest

from mnist_tui.run.state import State
from mnist_tui.store.atomic import write_json
from mnist_tui.store.status import StatusFile


def test_what_has_another_form_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_json(path, {"state": "running", "epoch": "3", "batches": None, "updated": 5, "best": {}})
    assert StatusFile.read(path) == StatusFile(state="running", updated=5)


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_nothing_is_known_of_a_file_that_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "status.json").write_text(content)
    assert StatusFile.read(tmp_path / "status.json") == StatusFile()


def test_a_run_whose_process_died_has_stopped() -> None:
    assert StatusFile(state="failed", message="out of memory").end == (
        State.FAILED,
        "out of memory",
    )
    state, message = StatusFile(state="running").end
    assert state is State.STOPPED
    assert message.startswith("interrupted: its process died")
