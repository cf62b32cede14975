"""Records what a server and a client of this contract say to each other.

    python -m tests.remote.transcripts

writes it to tests/remote/contract-<number>. A recording is made once for each contract, and never
changed after a release: it represents programs that are out there.
"""

import os
import socket
import tempfile
import threading
from pathlib import Path

from mnist_tui.run.events import Notice
from mnist_tui.run.inference import IMAGE_BYTES, InferenceRequest
from mnist_tui.run.protocol import CONTRACT, Greeting, MachineAsked, StatusAsked, Watch
from mnist_tui.run.requests import Adjust, Infer, Pause, Resume, Save, Stop
from mnist_tui.run.wire import Decoder, encode
from tests.remote.served import served_run, until

FOLDER = Path(__file__).parent / f"contract-{CONTRACT}"

ASKED = (
    Greeting(contract=CONTRACT, oldest=CONTRACT, release="0.1.0", pid=1, host="here"),
    StatusAsked(),
    Watch(),
    Pause(),
    Adjust(lr=0.125, epochs=7),
    Infer(InferenceRequest(images=bytes(IMAGE_BYTES))),
    MachineAsked(),
    Save(),
    Resume(),
    Stop(),
)
"""What the client says, in order, each time after it has been answered."""


def record() -> tuple[bytes, bytes]:
    """What the client sent in one session, and what the server did."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        with served_run(Path(folder) / "runs") as run:
            run.runner.emit(Notice(message="the sample"))
            run.runner.train(300)
            run.runner.finish_epoch()
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(run.socket))
            sent, received = bytearray(), bytearray()
            reader = threading.Thread(target=_read, args=(connection, received))
            reader.start()
            for number, value in enumerate(ASKED):
                frame = encode(value, number)
                sent += frame
                before = len(received)
                connection.sendall(frame)
                if number:
                    until(lambda before=before: len(received) > before, f"an answer to {value}")
                threading.Event().wait(0.5)
            reader.join(20)
            connection.close()
    return bytes(sent), bytes(received)


def _read(connection: socket.socket, received: bytearray) -> None:
    kinds: set[str] = set()
    decoder = Decoder()
    while "run_ended" not in kinds and (content := connection.recv(65536)):
        received += content
        kinds |= {message.kind for message in decoder.feed(content)}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in zip(("client", "server"), record(), strict=True):
        (FOLDER / f"{name}.bin").write_bytes(content)
        print(f"{name}: {len(content):,} bytes")
