"""A client finds the run's process, or says why it cannot, and which side is old."""

import os
import platform
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.errors import Remedy, UsageError
from mnist_tui.remote import connection as connections
from mnist_tui.remote.address import make_address
from mnist_tui.remote.client import RemoteRunner
from mnist_tui.remote.connection import connect
from mnist_tui.remote.listener import Listener
from mnist_tui.run.plan import AttachedRun
from mnist_tui.run.protocol import Greeting
from mnist_tui.run.state import State
from mnist_tui.run.wire import encode
from mnist_tui.store.atomic import write_json
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.new_run import create_run
from tests.remote.served import served_run


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[RunDirectory]:
    """A run that is live, so far as its lock says."""
    made = create_run(tmp_path, "a", TrainConfig())
    with made.lock.hold():
        yield made


@contextmanager
def answering(directory: RunDirectory, content: bytes) -> Iterator[None]:
    """A process that says `content` to whoever comes, and nothing more."""
    bound = Listener(make_address(directory.path))
    bound.socket.setblocking(True)

    def answer() -> None:
        client, _ = bound.socket.accept()
        kept.append(client)
        client.sendall(content)

    kept: list[socket.socket] = []
    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        for client in kept:
            client.close()
        bound.close()


def greeting(contract: int, oldest: int) -> bytes:
    return encode(
        Greeting(contract=contract, oldest=oldest, release="9.9", pid=1, host="here", run="a")
    )


@pytest.mark.parametrize(
    ("contract", "oldest", "who"),
    [(7, 6, "this program is the older one"), (0, 0, "the run's process is the older one")],
)
def test_a_process_of_another_contract_is_distinguished_from_this_one(
    contract: int, oldest: int, who: str, directory: RunDirectory
) -> None:
    with answering(directory, greeting(contract, oldest)), pytest.raises(UsageError) as error:
        connect(directory)
    assert f"speaks contract {contract} (release 9.9)" in str(error.value)
    assert who in str(error.value)


def test_frozen_messages_are_sent_to_any_contract(directory: RunDirectory) -> None:
    with answering(directory, greeting(7, 6)):
        connect(directory, asks_frozen=True).close()


def test_a_newer_process_that_still_speaks_ours_is_attached_to(directory: RunDirectory) -> None:
    with answering(directory, greeting(7, 1)):
        connect(directory).close()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", r"it did not answer within 0\.3 s"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "it sent a message of"),
        (encode(Greeting(contract=1, oldest=1, release="", pid=1, host=""))[:30], "did not answer"),
    ],
)
def test_a_process_that_does_not_greet_is_given_up(
    content: bytes, why: str, directory: RunDirectory
) -> None:
    with answering(directory, content), pytest.raises(UsageError, match=why) as error:
        connect(directory, patience_s=0.3)
    assert "which trains run a, cannot be attached to" in str(error.value)


def test_a_run_that_cannot_be_attached_to_goes_on_and_it_is_said_what_to_do(
    directory: RunDirectory,
) -> None:
    with answering(directory, greeting(7, 6)):
        runner = RemoteRunner(AttachedRun(name="a", runs_dir=directory.path.parent))
        runner.run()
    ended = runner.session.log.ended
    assert ended is not None
    assert (ended.elsewhere, ended.exit_code) == (os.getpid(), UsageError.exit_code)
    assert "speaks contract 7" in ended.message
    assert ended.hint == "the run goes on; try again, or see what it has saved"
    assert ended.remedy == Remedy(command="show", run=str(directory.path))


def test_a_run_that_has_ended_before_it_is_attached_to_ends_as_its_files_say(
    tmp_path: Path,
) -> None:
    directory = create_run(tmp_path, "a", TrainConfig())
    write_json(directory.status, {"state": "finished", "message": "Finished."})
    runner = RemoteRunner(AttachedRun(name="a", runs_dir=tmp_path))
    runner.run()
    ended = runner.session.log.ended
    assert ended is not None
    assert (ended.state, ended.message, ended.elsewhere) == (State.FINISHED, "Finished.", None)


def test_a_process_without_a_socket_is_given_up(directory: RunDirectory) -> None:
    with pytest.raises(UsageError, match="it has no socket; it may be of an older release"):
        connect(directory, patience_s=0.1)


def test_a_socket_that_nobody_listens_at_is_given_up(directory: RunDirectory) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(make_address(directory.path)))
    with pytest.raises(UsageError, match="Connection refused"):
        connect(directory, patience_s=0.1)


def test_a_run_that_no_process_trains_is_not_live(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run a is not live: no process trains it"):
        connect(create_run(tmp_path, "a", TrainConfig()))


def test_a_run_of_another_machine_is_to_be_attached_to_there(directory: RunDirectory) -> None:
    lock = directory.path / "lock"
    lock.write_text(lock.read_text().replace(platform.node(), "node7"))
    with pytest.raises(UsageError, match=r"is trained by process \d+ on node7: attach to it there"):
        connect(directory)


def test_a_run_is_attached_to_after_its_machine_was_renamed(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        lock = run.directory.path / "lock"
        lock.write_text(lock.read_text().replace(platform.node(), "old-name"))
        connect(run.directory).close()


def test_without_unix_sockets_it_says_what_can_be_done(
    directory: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HAS_SOCKETS", False)
    with pytest.raises(UsageError, match="Python has no Unix sockets on this system"):
        connect(directory)


def test_a_server_of_another_user_is_not_listened_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote the run's files could name a socket of his own."""
    with served_run(tmp_path) as run:
        monkeypatch.setattr(connections, "is_own", lambda connection: False)
        with pytest.raises(UsageError, match="is another user's"):
            connect(run.directory, patience_s=0.1)


def test_a_socket_in_an_open_folder_is_not_connected_to(
    directory: RunDirectory, tmp_path: Path
) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    write_json(directory.status, {"address": str(folder / "s.sock")})
    with pytest.raises(UsageError, match="is open to other users"):
        connect(directory, patience_s=0.1)
