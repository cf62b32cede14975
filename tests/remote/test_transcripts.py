"""Programs of every contract so far and this one understand each other, in both directions."""

import socket
from pathlib import Path

import pytest

from mnist_tui.remote.connection import Connection
from mnist_tui.remote.mirror import Mirror
from mnist_tui.run.machine import MachineSample
from mnist_tui.run.protocol import Done, Greeting, RunStatus
from mnist_tui.run.state import State
from mnist_tui.run.wire import Decoder, encode
from tests.remote.served import LIMIT_S, served_run

RECORDED = sorted(Path(__file__).parent.glob("contract-*"))
"""What tests/remote/transcripts.py has written for each contract."""


def test_there_is_a_recording() -> None:
    assert RECORDED


@pytest.mark.parametrize("folder", RECORDED, ids=lambda folder: folder.name)
def test_a_client_of_that_contract_steers_a_run_of_this_one(folder: Path, tmp_path: Path) -> None:
    said = Decoder().feed((folder / "client.bin").read_bytes())
    frames = [(message.id, encode(message.value, message.id)) for message in said]
    with served_run(tmp_path) as run:
        run.runner.train(300)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(LIMIT_S)
        connection.connect(str(run.socket))
        run.stack.callback(connection.close)
        came: dict[int | None, object] = {}
        decoder = Decoder()
        for number, frame in frames:
            connection.sendall(frame)
            waits = {0: None, 2: None}.get(number or 0, number)  # these are not answered
            while waits is not None and not _is_final(came.get(waits)):
                for message in decoder.feed(connection.recv(65536)):
                    came[message.id] = message.value
        assert isinstance(came[1], RunStatus)
        for number in (3, 4, 7, 8, 9):
            assert isinstance(came[number], Done)
        assert isinstance(came[6], MachineSample)
        assert run.runner.session.state is State.STOPPED
        assert run.runner.session.log.epochs == 7


def _is_final(value: object) -> bool:
    return value is not None and type(value).__name__ not in ("Answer", "Greeting")


@pytest.mark.parametrize("folder", RECORDED, ids=lambda folder: folder.name)
def test_a_client_of_this_contract_mirrors_a_run_of_that_one(folder: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall((folder / "server.bin").read_bytes())
        connection = Connection(ours)
        assert isinstance(connection.greeting, Greeting)
        mirror = Mirror(is_read_only=False)
        ended = mirror.follow(connection)
        mirror.close()
    assert ended is not None
    assert ended.state is State.STOPPED
    session = mirror.session
    assert session.log.epochs == 7
    assert session.log.learning_rates[-1].lr == 0.125
    assert session.log.notices == ["the sample"]
    assert len(session.log.rows) == 1
    assert len(session.history) == 300
    assert session.progress.global_batch == 300
    assert [event.kind for _, event in mirror.past][:2] == ["state_changed", "run_prepared"]
