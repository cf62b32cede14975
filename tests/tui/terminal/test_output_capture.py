"""What is printed while the dashboard shows becomes lines of the log."""

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_tui.store.logfile import PRINTED, log_to
from mnist_tui.tui.terminal.output_capture import DescriptorLog, Liner, prints_logged


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    handler = Lines()
    for logger in PRINTED.values():
        logger.addHandler(handler)
    yield handler.lines
    for logger in PRINTED.values():
        logger.removeHandler(handler)


def test_pieces_become_lines_and_blank_ones_are_left_out() -> None:
    lines: list[str] = []
    liner = Liner(lines.append)
    for piece in ("a", " b", "\n\n  \nc\n", "d"):
        liner.add(piece)
    assert lines == ["a b", "c"]
    liner.end()
    assert lines == ["a b", "c", "d"]


def test_of_a_line_that_is_written_over_only_the_last_version_is_kept() -> None:
    lines: list[str] = []
    liner = Liner(lines.append)
    for percent in range(10_000):
        liner.add(f"\r{percent} of 9999")
    liner.add("\r\n")
    assert lines == ["9999 of 9999"]


def test_what_is_printed_is_logged_by_whole_lines(lines: list[str]) -> None:
    with prints_logged():
        print("one", 2, "three")
        sys.stderr.write("careful\n")
        print("no end", end="")
    assert lines == ["stdout: one 2 three", "stderr: careful", "stdout: no end"]


def test_threads_do_not_mix_within_a_line(lines: list[str]) -> None:
    gate = threading.Barrier(4)

    def work(name: str) -> None:
        gate.wait(10)
        for _ in range(50):
            for piece in (name, "-", name, "\n"):
                sys.stdout.write(piece)

    with prints_logged():
        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(lines) == sorted(f"stdout: {name}-{name}" for name in "abcd" for _ in range(50))


def test_a_handler_that_prints_its_failure_does_not_go_round_in_circles(lines: list[str]) -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print("I cannot", file=sys.stderr)

    failing = Failing()
    PRINTED["stdout"].addHandler(failing)
    try:
        with prints_logged():
            print("hello")
    finally:
        PRINTED["stdout"].removeHandler(failing)
    assert lines == ["stdout: hello"]


def test_what_compiled_code_writes_to_a_descriptor_is_logged(
    lines: list[str], tmp_path: Path
) -> None:
    with (tmp_path / "terminal").open("w+b", buffering=0) as terminal:
        with DescriptorLog(terminal.fileno(), "stderr"):
            os.write(terminal.fileno(), "from C: µ\nand more\n".encode())
        os.write(terminal.fileno(), b"after")
        assert lines == ["stderr: from C: µ", "stderr: and more"]
        assert (tmp_path / "terminal").read_bytes() == b"after"


def test_prints_and_warnings_of_a_run_are_in_its_log(tmp_path: Path) -> None:
    file = tmp_path / "log.txt"
    with log_to(file), prints_logged():
        print("printed")
        thread = threading.Thread(target=lambda: print("elsewhere", file=sys.stderr))
        thread.start()
        thread.join()
        warnings.warn("warned", stacklevel=1)
        logging.getLogger("some.library").info("logged")
    text = file.read_text()
    for word in ("INFO    stdout: printed", "WARNING stderr: elsewhere", "warned", "logged"):
        assert word in text
