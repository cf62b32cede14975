"""The exit code and output of a command, and what is expected of them."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


def assert_one_line(done: Done, code: int, *words: str) -> None:
    """The command ended with `code` and one line that holds all the words, beside notes."""
    assert done.code == code, done
    lines = [line for line in done.err.strip().splitlines() if not line.startswith("note: ")]
    assert len(lines) == 1, done
    assert lines[0].startswith("mnist-tui: ")
    for word in words:
        assert word in lines[0]
