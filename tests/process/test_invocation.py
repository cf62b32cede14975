"""Command lines are put into words that the user can type."""

from pathlib import Path

import pytest

from mnist_tui.errors import Remedy
from mnist_tui.process.invocation import command, command_of, with_remedy


def test_a_command_is_named_as_the_program_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    assert command("resume", "a run") == "mnist-tui resume 'a run'"
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    assert command("resume", "a") == "uv run mnist-tui resume a"


@pytest.mark.parametrize(
    ("remedy", "text"),
    [
        (None, "broken"),
        (
            Remedy(command="resume", run="runs/a", settings={"lr": 0.005}),
            "broken: mnist-tui resume a --lr 0.005",
        ),
        (
            Remedy(command="resume", run="elsewhere/a", settings={"checkpoint": "best.pt"}),
            "broken: mnist-tui resume elsewhere/a --checkpoint best.pt",
        ),
        (Remedy(command="runs"), "broken: mnist-tui runs"),
        (
            Remedy(settings={"data_dir": None, "dataset": "sample"}),
            "broken (--data-dir or --dataset sample)",
        ),
    ],
)
def test_a_remedy_is_put_into_options_or_a_command(
    monkeypatch: pytest.MonkeyPatch, remedy: Remedy | None, text: str
) -> None:
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    assert with_remedy("broken", remedy) == text


def test_a_run_among_those_of_the_current_folder_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    monkeypatch.chdir(tmp_path)
    remedy = Remedy(command="attach", run=str(tmp_path / "runs" / "a"))
    assert command_of(remedy) == "mnist-tui attach a"
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    assert command_of(remedy) == f"mnist-tui attach {tmp_path}/runs/a"
    (tmp_path / "gone").rmdir()
    assert command_of(remedy) == f"mnist-tui attach {tmp_path}/runs/a"
