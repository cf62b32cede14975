"""Whoever is not a client of ours, at the socket of a run: nothing reaches the run.

    python -m tests.campaigns.strangers --count 200 --seed 0

Each attempt sends fifty damaged streams: frames cut, changed, swapped, repeated, too long, of
unknown kinds, of other contracts, and noise, in pieces. Another one comes as another user (as
root, on Linux), or removes the socket, or puts a link or a folder in its place. The run goes on
as if nobody had come, and the next proper client is served.
"""

import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mnist_tui.remote import server
from mnist_tui.run.inference import IMAGE_BYTES, InferenceRequest
from mnist_tui.run.protocol import Greeting, MachineAsked, StatusAsked, Watch
from mnist_tui.run.requests import Infer
from mnist_tui.run.state import State
from mnist_tui.run.wire import encode
from tests.campaigns.campaign import main
from tests.remote.served import Served, served_run, until

STREAMS = 50
"""In one attempt."""
GREETING = Greeting(contract=1, oldest=1, release="0", pid=1, host="here")
WORDS = (
    GREETING,
    Watch(),
    Watch(is_read_only=True),
    StatusAsked(),
    MachineAsked(),
    Infer(InferenceRequest(images=bytes(IMAGE_BYTES))),
)
"""What is damaged: nothing that would change a run, were it to arrive whole."""


def attempt(dice: random.Random, folder: Path) -> None:
    """Damage, intrude, and look whether the run has noticed."""
    server.CHECK_S = 0.02
    with tempfile.TemporaryDirectory(prefix="rt") as runtime:
        os.environ["XDG_RUNTIME_DIR"] = runtime
        with served_run(folder) as run:
            for _ in range(STREAMS):
                _send(run, dice)
            dice.choice((_remove, _replace_by_link, _replace_by_folder, _come_as_another))(run)
            viewer = run.attach()
            session = run.runner.session
            assert session.state is viewer.runner.session.state is State.RUNNING
            until(lambda: not session.mailbox.waiting, "an end of what was whole")
            kinds = [event.kind for _, event in session.subscribe(lambda event: None).past]
            assert kinds == ["state_changed", "run_prepared", "state_changed"], kinds
            assert "run-server" in [thread.name for thread in threading.enumerate()]
            run.runner.finish()
            viewer.thread.join(60)
            assert viewer.runner.session.state is State.FINISHED


def _send(run: Served, dice: random.Random) -> None:
    """One damaged stream, in pieces."""
    frames = [encode(dice.choice(WORDS), number) for number in range(dice.randint(1, 4))]
    if dice.random() < 0.7:
        frames.insert(0, encode(GREETING))
    place = dice.randrange(len(frames))
    frames[place] = dice.choice((_noise, _cut, _flip, _boast, _rename, _other_contract))(
        frames[place], dice
    )
    stream = b"".join(frames)
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
        connection.settimeout(5)
        connection.connect(str(run.socket))
        while stream:
            size = dice.randint(1, len(stream))
            connection.sendall(stream[:size])
            stream = stream[size:]
        if dice.random() < 0.5:
            connection.recv(1 << 16)


def _noise(frame: bytes, dice: random.Random) -> bytes:
    return dice.randbytes(dice.randint(1, 200))


def _cut(frame: bytes, dice: random.Random) -> bytes:
    return frame[: dice.randrange(len(frame))]


def _flip(frame: bytes, dice: random.Random) -> bytes:
    damaged = bytearray(frame)
    for _ in range(dice.randint(1, 4)):
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def _boast(frame: bytes, dice: random.Random) -> bytes:
    """A frame that says that it is longer, or shorter, than it is."""
    return struct.pack(">II", dice.randrange(2**32), dice.choice((0, 1, 2**31))) + frame[8:]


def _rename(frame: bytes, dice: random.Random) -> bytes:
    """A frame whose fields are of other kinds."""
    text_size, binary_size = struct.unpack(">II", frame[:8])
    content = json.loads(frame[8 : 8 + text_size])
    key = dice.choice(("kind", "id", "value", "parts"))
    content[key] = dice.choice((None, [], {}, "x" * 50, 2**70, -1, [1, -1], {"images": 0}, True))
    text = json.dumps(content).encode()
    return struct.pack(">II", len(text), binary_size) + text + frame[8 + text_size :]


def _other_contract(frame: bytes, dice: random.Random) -> bytes:
    number = dice.choice((-1, 0, 2, 99, 2**40))
    return encode(Greeting(contract=number, oldest=number, release="?", pid=0, host="")) + frame


def _remove(run: Served) -> None:
    run.socket.unlink()
    until(lambda: run.socket.is_socket(), "the socket again")


def _replace_by_link(run: Served) -> None:
    path = run.socket
    precious = path.parent / "precious"
    precious.write_text("mine")
    _replace(path, lambda: path.symlink_to(precious))
    until(lambda: path.is_socket() and not path.is_symlink(), "the socket again")
    assert precious.read_text() == "mine"


def _replace_by_folder(run: Served) -> None:
    path = run.socket
    folder = path.with_name("folder")
    folder.mkdir()
    (folder / "kept").touch()
    _replace(path, lambda: folder.rename(path))
    until(lambda: path.is_socket(), "the socket again")
    assert list(path.parent.rglob("kept"))


def _replace(path: Path, put: Callable[[], object]) -> None:
    """Put something in the place of the socket before the run makes another one."""
    while True:
        path.unlink()
        with suppress(FileExistsError, NotADirectoryError):
            put()
            return


def _come_as_another(run: Served) -> None:
    if os.geteuid() != 0 or sys.platform != "linux":
        return
    for place in (run.socket.parent.parent, run.socket.parent):
        place.chmod(0o755)
    run.socket.chmod(0o666)
    watch = encode(GREETING) + encode(Watch())
    script = f"""
import socket
connection = socket.socket(socket.AF_UNIX)
connection.connect({str(run.socket)!r})
try:
    connection.sendall({watch!r})
    print(connection.recv(1))
except OSError:
    print(b"")
"""
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", script],
        user=65534,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.stdout == "b''\n", done
    run.socket.chmod(0o600)
    run.socket.parent.chmod(0o700)


if __name__ == "__main__":
    main(attempt, 200)
