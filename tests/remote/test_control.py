"""Scripts steer a run of another process, and learn what became of each request."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_tui.cli.main import commands
from mnist_tui.errors import UsageError
from mnist_tui.remote.control import ControlError, control
from mnist_tui.run.events import SaveFailed
from mnist_tui.run.requests import Adjust, Pause, Resume, Save, Stop
from mnist_tui.run.state import State
from tests.remote.served import LIMIT_S, Served, served_run, until

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls `mnist-tui control a ...`; returns the exit code and what it printed."""

    def run(runs: Path, *words: str) -> tuple[int, str]:
        code = commands.main(
            ["control", "a", *words, "--runs-dir", str(runs)], standalone_mode=False
        )
        return code or 0, capsys.readouterr().out

    return run


def test_each_request_says_what_it_did(tmp_path: Path, call: Call) -> None:
    with served_run(tmp_path) as run:
        run.runner.train(7)
        assert call(tmp_path, "pause") == (0, "paused\n")
        assert run.runner.session.state is State.PAUSED
        assert call(tmp_path, "continue") == (0, "training continues\n")
        assert call(tmp_path, "lr", "0.5") == (0, "learning rate 0.5, before 0.01\n")
        assert call(tmp_path, "epochs", "9") == (0, "9 epochs, before 3\n")
        assert call(tmp_path, "epochs", "1") == (0, "1 epoch, before 9\n")
        assert "step-7.pt" in call(tmp_path, "save")[1]
        code, said = call(tmp_path, "stop", "--json")
        assert (code, json.loads(said)["done"]) == (0, True)
        assert run.runner.session.state is State.STOPPED


def test_what_is_refused_says_why(tmp_path: Path, call: Call) -> None:
    with served_run(tmp_path) as run:
        with pytest.raises(UsageError, match="cannot resume while running"):
            control(run.directory, Resume())
        with pytest.raises(UsageError, match="epochs must be a whole number"):
            call(tmp_path, "epochs", "0")
        for words in (["lr"], ["lr", "much"], ["lr", "0"], ["epochs", "-3"], ["pause", "3"]):
            with pytest.raises(UsageError):
                call(tmp_path, *words)
    with pytest.raises(UsageError, match="run a is not live"):
        control(run.directory, Pause())


def test_a_run_that_loads_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served_run(tmp_path, is_prepared=False) as run:
        looks: list[float] = []

        def load_meanwhile(seconds: float) -> None:
            looks.append(seconds)
            if len(looks) == 2:
                run.runner.prepare()

        monkeypatch.setattr("mnist_tui.remote.control.time.sleep", load_meanwhile)
        assert control(run.directory, Pause()).message == "paused"
        assert len(looks) == 2


def test_a_run_that_loads_can_be_stopped(tmp_path: Path) -> None:
    with served_run(tmp_path, is_prepared=False) as run:
        control(run.directory, Stop())
        assert run.runner.session.state is State.STOPPED


def test_epochs_that_are_those_of_the_run_are_done_at_once(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        assert control(run.directory, Adjust(epochs=3)).message == "3 epochs, as before"


def test_a_request_says_so_when_the_disk_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served_run(tmp_path) as run:
        full = SaveFailed(path="a/last.pt", message="No space left on device")
        monkeypatch.setattr(run.runner, "save", lambda reason: run.runner.session.emit(full))
        with pytest.raises(ControlError, match=r"could not save a/last\.pt: No space left"):
            control(run.directory, Save())


def test_what_others_requested_before_is_not_mistaken_for_the_answer(tmp_path: Path) -> None:
    """The answer to a pause is a pause that followed it, and to each client its own."""
    with served_run(tmp_path) as run:
        replies: list[str] = []

        def ask() -> None:
            replies.append(control(run.directory, Save()).message)

        control(run.directory, Save())
        held = threading.Event()
        threading.Thread(target=lambda: run.runner.do(lambda: held.wait(LIMIT_S))).start()
        asking = [threading.Thread(target=ask) for _ in range(3)]
        for thread in asking:
            thread.start()
        until(lambda: run.runner.session.mailbox.waiting == 3, "three requests")
        assert not replies
        held.set()
        for thread in asking:
            thread.join(LIMIT_S)
        assert len(replies) == 3


def test_a_run_that_ends_first_says_so(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        failed = _ask_while_busy(run, Save(), lambda: run.runner.end(State.FAILED, "not a number"))
        assert failed == "cannot save: the run ended first: not a number"


def _ask_while_busy(run: Served, request: Save | Stop, then: Callable[[], None]) -> str:
    """What becomes of a request that the training thread never gets to."""
    said: list[str] = []

    def ask() -> None:
        try:
            control(run.directory, request)
        except ControlError as error:
            said.append(str(error))

    asking = threading.Thread(target=ask)

    def step() -> None:
        asking.start()
        until(lambda: run.runner.session.mailbox.waiting, "the request")
        then()

    run.runner.do(step)
    asking.join(LIMIT_S)
    return said[0]
