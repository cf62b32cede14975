"""The server's socket: one user's, the lock holder's, and no burden to the run."""

import os
import shutil
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_tui.errors import UsageError
from mnist_tui.remote import connection, listener, server
from mnist_tui.remote.address import make_address
from mnist_tui.remote.connection import connect
from mnist_tui.remote.framed_socket import PATIENCE_S, Gone
from mnist_tui.remote.listener import Listener, is_own, peer_uid
from mnist_tui.remote.peer import MOST_OPEN, Peer, Services
from mnist_tui.remote.pending import MOST_EVENTS
from mnist_tui.run.events import Event, Warned
from mnist_tui.run.log import CaughtUp
from mnist_tui.run.protocol import Done, Greeting, MachineAsked, RunStatus, StatusAsked, Watch
from mnist_tui.run.requests import Answer, Pause, Save, Stop
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.run.wire import Decoder, Message, encode
from mnist_tui.store.atomic import write_json
from tests.remote.served import LIMIT_S, Served, served_run, until

GREETING = Greeting(contract=1, oldest=1, release="0", pid=1, host="here")


def raw(run: Served) -> socket.socket:
    """A connection that says nothing by itself."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(LIMIT_S)
    connection.connect(str(run.socket))
    run.stack.callback(connection.close)
    return connection


def messages(connection: socket.socket) -> Iterator[Message]:
    """What comes, until the other end closes."""
    decoder = Decoder()
    while received := connection.recv(65536):
        yield from decoder.feed(received)


# Who may come in.


def test_the_socket_is_for_the_user_alone_and_goes_with_the_run(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        path = run.socket
        assert stat.S_IMODE(path.lstat().st_mode) == 0o600
        assert path.is_socket()
        run.runner.finish()
    assert not path.exists()
    assert run.runner.session.address == ""


def test_the_system_says_whose_process_is_at_the_other_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.geteuid()
        assert is_own(ours)
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert not is_own(ours)


def test_a_process_of_another_user_is_disconnected_without_an_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served_run(tmp_path) as run:
        monkeypatch.setattr(listener, "peer_uid", lambda connection: os.geteuid() + 1)
        assert not list(messages(raw(run)))


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_another_user_cannot_come_in_even_where_the_folder_is_open(
    runtime: Path, tmp_path: Path
) -> None:
    with served_run(tmp_path) as run:
        script = f"""
import socket
connection = socket.socket(socket.AF_UNIX)
connection.connect({str(run.socket)!r})
print(connection.recv(100))
"""

        def as_nobody() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["/usr/bin/env", "python3", "-c", script],
                user=65534,
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
            )

        assert "PermissionError" in as_nobody().stderr
        for folder in (run.socket.parent, runtime):
            folder.chmod(0o755)
        run.socket.chmod(0o666)
        done = as_nobody()
        assert done.stdout == "b''\n", done.stderr


# What stands at the path.


def a_dead_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))


def a_folder(path: Path) -> None:
    path.mkdir()
    (path / "kept").touch()


def a_link(path: Path) -> None:
    (path.parent / "precious").write_text("mine")
    path.symlink_to(path.parent / "precious")


@pytest.mark.parametrize("put", [a_dead_socket, a_folder, a_link, Path.touch])
def test_what_a_dead_process_left_gives_way(put: object, runtime: Path) -> None:
    assert callable(put)
    path = runtime / "s"
    put(path)
    bound = Listener(path)
    assert bound.is_in_place
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    bound.close()
    kept = [found for found in runtime.rglob("*") if found.name in ("kept", "precious")]
    assert [found.read_text() for found in kept if found.name == "precious"] in ([], ["mine"])
    assert kept or put not in (a_folder, a_link)


@pytest.mark.parametrize("put", [None, a_dead_socket, a_folder, a_link])
def test_a_socket_that_is_removed_or_replaced_is_made_again(
    put: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CHECK_S", 0.01)
    with served_run(tmp_path) as run:
        viewer, path = run.attach(), run.socket
        path.unlink()
        if callable(put):
            put(path)
        until(lambda: path.is_socket() and _answers(path), "the socket again")
        run.attach()
        run.runner.emit(Warned(message="hot"))
        until(lambda: isinstance(viewer.events[-1], Warned), "who was attached before stays")


def test_a_run_is_attached_to_after_the_folder_of_its_session_has_gone(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CHECK_S", 0.01)
    with served_run(tmp_path) as run:
        first = run.socket
        temporary = runtime / "tmp"
        temporary.mkdir()
        monkeypatch.setenv("TMPDIR", str(temporary))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime / "gone"))
        shutil.rmtree(first.parent)
        until(lambda: run.socket.parent.parent == temporary, "the socket beside temporary files")
        write_json(run.directory.status, {"address": str(run.socket)})
        monkeypatch.delenv("TMPDIR")  # as in another terminal
        run.attach()


def test_a_socket_that_cannot_be_made_again_is_told_once(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "CHECK_S", 0.01)
    tries: list[Path] = []

    def refuse(path: Path) -> Path:
        tries.append(path)
        raise UsageError("no folder for sockets can be used")

    with served_run(tmp_path) as run:
        path = run.socket
        monkeypatch.setattr(server, "make_address", refuse)
        path.unlink()
        until(lambda: len(tries) > 3, "several tries")
        assert run.runner.session.address == ""
        monkeypatch.setattr(server, "make_address", make_address)
        until(lambda: run.runner.session.address, "the socket again")
    assert caplog.text.count("cannot be made again") == 1


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def test_what_others_put_in_its_place_is_not_removed_at_the_end(runtime: Path) -> None:
    bound = Listener(runtime / "s")
    (runtime / "s").unlink()
    (runtime / "s").write_text("theirs")
    bound.close()
    assert (runtime / "s").read_text() == "theirs"


def test_a_run_that_cannot_be_served_goes_on_and_says_so(
    runtime: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "make_address", lambda run: runtime / ("x" * 200))
    with served_run(tmp_path) as run:
        [warning] = [event for _, event in _past(run.runner.session) if isinstance(event, Warned)]
        assert warning.message.startswith("the run cannot be attached to: ")
        run.runner.finish()
        assert run.runner.session.state is State.FINISHED


def _past(session: Session) -> tuple[tuple[float, Event], ...]:
    return session.subscribe(lambda event: None).past


def test_where_python_has_no_unix_sockets_nothing_else_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HAS_SOCKETS", False)
    with served_run(tmp_path) as run:
        assert run.runner.session.address == ""
        run.runner.finish()
        assert run.runner.session.state is State.FINISHED


# What is said.


def test_a_client_of_a_newer_contract_can_ask_for_the_status_and_stop_the_run(
    tmp_path: Path,
) -> None:
    with served_run(tmp_path) as run:
        connection = raw(run)
        newer = Greeting(contract=99, oldest=98, release="9", pid=1, host="here")
        for number, value in enumerate((newer, StatusAsked(), Watch(), Pause(), MachineAsked())):
            connection.sendall(encode(value, number))
        connection.sendall(encode(Stop(), 9))
        came = {}
        for message in messages(connection):
            came[message.id] = message.value
            if isinstance(message.value, Done):
                break
        assert isinstance(came[None], Greeting)
        status = came[1]
        assert isinstance(status, RunStatus)
        assert (status.run, status.state, status.epochs) == ("a", "running", 3)
        for number in (2, 3, 4):
            assert came[number].message.startswith("the run's process does not know this request")
        until(lambda: run.runner.session.state is State.STOPPED, "the end")


def test_a_request_of_a_kind_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        connection = raw(run)
        connection.sendall(encode(GREETING) + encode(Pause(), 7).replace(b"pause", b"dream"))
        stream = messages(connection)
        assert isinstance(next(stream).value, Greeting)
        answer = next(stream)
        assert answer.id == 7
        assert isinstance(answer.value, Answer)
        assert not answer.value.is_accepted


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0\0\0\2\0\0\0\0[]",
        b"\xff" * 100,
        encode(Pause())[:-3] + b"!!!",
    ],
)
def test_a_client_that_sends_nonsense_is_disconnected(noise: bytes, tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        connection = raw(run)
        connection.sendall(noise)
        assert len(list(messages(connection))) == 1, "the greeting"
        assert run.attach().runner.session.state is State.RUNNING


@settings(
    max_examples=int(os.environ.get("STRANGERS", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_no_frame_whatever_reaches_the_run_as_an_error(data: st.DataObject) -> None:
    session = Session()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        asked: list[object] = []
        services = Services(
            session, GREETING, lambda: None, lambda infer, reply: asked.append(infer), asked.append
        )
        peer = Peer(ours, services, 0.0)
        frames = b"".join(
            encode(value, number)
            for number, value in enumerate((GREETING, Watch(), Pause(), Stop(), StatusAsked()))
        )
        noise = data.draw(st.binary(max_size=60))
        at = data.draw(st.integers(0, len(frames)))
        cut = data.draw(st.integers(0, 20))
        theirs.sendall(frames[:at] + noise + frames[at + cut :] or b"x")
        try:
            peer.read(0.0)
            peer.write(0.0)
        except Gone:
            pass
        peer.close()
    assert session.state is State.READY
    assert not session.viewers


def test_a_request_longer_than_any_is_refused_before_it_is_waited_for(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        connection = raw(run)
        connection.sendall((2**21).to_bytes(4, "big") + bytes(4))
        assert len(list(messages(connection))) == 1


# Clients that are slow, stopped, or many.


def test_a_client_that_takes_nothing_costs_bounded_memory_and_catches_up(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        connection = raw(run)
        connection.sendall(encode(GREETING) + encode(Watch(), 1))
        emit, folds = run.runner.session.emit, 0
        for message in messages(connection):
            match message.value:
                case CaughtUp():
                    folds += 1
                    for number in range(3 * MOST_EVENTS if folds == 1 else 0):  # takes none of them
                        emit(Warned(message=f"{number} {'x' * 2000}"))
                    if folds == 2:
                        emit(Warned(message="last"))
                case Warned(message="last"):
                    break
        assert folds == 2, "what was left out came as one fold"


def test_a_client_that_takes_nothing_for_long_is_disconnected() -> None:
    session = Session()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        services = Services(
            session, GREETING, lambda: None, lambda infer, reply: None, lambda reply: None
        )
        peer = Peer(ours, services, 0.0)
        theirs.sendall(encode(GREETING) + encode(Watch()))
        peer.read(0.0)
        now = 0.0
        while not peer.has_unsent:
            session.emit(Warned(message="x" * 100_000))
            peer.write(now)
        for _ in range(9):
            session.emit(Warned(message="x" * 100_000))
        peer.write(PATIENCE_S - 1)
        theirs.recv(1 << 20)
        peer.write(PATIENCE_S - 1)  # it has taken something: the time begins anew
        peer.write(PATIENCE_S + 1)
        with pytest.raises(Gone, match="has taken nothing for 30 s"):
            peer.write(2 * PATIENCE_S)
        assert len(peer._frames._unsent) < 1 << 20
        peer.close()


def test_requests_without_end_wait_in_the_socket(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        connection = raw(run)
        connection.sendall(encode(GREETING))

        def flood() -> None:
            for number in range(50):
                connection.sendall(encode(Save(), number))
            until(lambda: run.runner.session.mailbox.waiting == MOST_OPEN, "as many")
            assert threading.Event().wait(0.05) is False
            assert run.runner.session.mailbox.waiting == MOST_OPEN

        run.runner.do(flood)
        done = 0
        for message in messages(connection):
            done += isinstance(message.value, Done)
            if done == 50:
                break


def test_a_stopped_client_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LAST_S", 0.05)
    with served_run(tmp_path) as run:
        connection = raw(run)
        connection.sendall(encode(GREETING) + encode(Watch()))
        until(lambda: run.runner.session.viewers, "the viewer")
        for _ in range(50):
            run.runner.session.emit(Warned(message="x" * 100_000))
        run.runner.finish()
    assert not run.socket.is_socket()


def test_no_more_clients_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_CLIENTS", 2)
    tried: list[Path] = []
    real = connection._connect_to

    def connect_to(path: Path, patience_s: float) -> connection.Connection:
        tried.append(path)
        return real(path, patience_s)

    monkeypatch.setattr(connection, "_connect_to", connect_to)
    with served_run(tmp_path) as run:
        kept = [run.connect(), run.connect()]
        tried.clear()
        with pytest.raises(UsageError, match="cannot be attached to: 2 others watch it, the most"):
            connect(run.directory)
        assert len(tried) == 1, "it is not asked again"
        kept.pop().close()
        until(lambda: raw(run).recv(1), "a greeting, once one has gone")


def test_a_process_that_takes_all_descriptors_does_not_spin(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = Listener(runtime / "s")
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    assert bound.accept() is None
    assert not waits, "nobody was there"
    bound.socket.close()
    assert bound.accept() is None
    assert waits
