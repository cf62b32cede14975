"""What a command leaves behind, and what is expected of it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


def assert_one_line(done: Done, code: int, *words: str) -> None:
    """The command ended with `code` and one line that holds all the words, and no traceback."""
    assert done.code == code, done
    lines = done.err.strip().splitlines()
    assert len(lines) == 1, done
    assert lines[0].startswith("mnist-tui: ")
    for word in words:
        assert word in lines[0]
