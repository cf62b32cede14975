"""No character ends the program, whatever the encoding of its output."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_tui.process.streams import ESCAPED, is_terminal, prepare_streams, screen_stream

TEXT = "größe – 3.0 → 2.9 … ★ цифра-3.png \udcff 数字"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "koi8-r", "utf-8", "cp932"])
def test_every_character_can_be_written(encoding: str) -> None:
    assert TEXT.encode(encoding, ESCAPED).decode(encoding)


def test_lines_name_what_they_cannot_write() -> None:
    written = TEXT.encode("latin-1", ESCAPED).decode("latin-1")
    assert written.startswith("größe - 3.0 -> 2.9 ... * \\u0446\\u0438")
    assert "\\udcff" in written


def test_the_standard_streams_take_every_character(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    prepare_streams()
    print("ü –", flush=True)
    assert raw.getvalue() == b"\\xfc -\n"


def test_no_file_takes_the_place_of_a_stream_that_is_closed(tmp_path: Path) -> None:
    program = (
        "import os\n"
        "from mnist_tui.process.streams import is_terminal, prepare_streams\n"
        "import sys\n"
        "assert sys.stdout is sys.stderr is None and not is_terminal(sys.stdout)\n"
        "prepare_streams()\n"
        "file = open('out.txt', 'w')\n"
        "os.write(2, b'a warning of a library')\n"
        "file.write(str(file.fileno()))\n"
    )
    command = f'"{sys.executable}" -c "{program}" <&- >&- 2>&-'
    package = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": package}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0
    assert int((tmp_path / "out.txt").read_text()) > 2


def test_a_stream_that_is_closed_is_no_terminal() -> None:
    stream = io.StringIO()
    stream.close()
    assert not is_terminal(stream)
    assert not is_terminal(None)


def test_the_screen_is_where_a_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = os.openpty()
    with os.fdopen(there, "w") as terminal, io.StringIO() as file:
        monkeypatch.setattr(sys, "__stderr__", terminal)
        monkeypatch.setattr(sys, "__stdout__", terminal)
        assert screen_stream() is sys.__stderr__
        for other in (file, None):
            monkeypatch.setattr(sys, "__stderr__", other)
            assert screen_stream() is terminal
    os.close(here)
