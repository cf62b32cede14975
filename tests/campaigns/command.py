"""The command, run in this process, with all that it said."""

import contextlib
import io
from dataclasses import dataclass

from mnist_tui.cli import main


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it said."""
        return self.out + self.err


def run_command(*args: object) -> Done:
    """Run `mnist-tui` with these arguments, without a terminal."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(arg) for arg in args])
        except SystemExit as end:
            code = int(end.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def assert_refused(done: Done, code: int, *words: str) -> None:
    """The command ended with `code`, said these words, and showed no traceback."""
    assert done.code == code, f"exit code {done.code}, not {code}: {done.text}"
    assert "Traceback" not in done.text, done.text
    for word in words:
        assert word in done.err, f"{word!r} is not in: {done.err}"
    errors = [line for line in done.err.splitlines() if line.startswith("mnist-tui: ")]
    assert len(errors) == 1, done.err
