"""The first moments of the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

INTERRUPTED = """
import os, signal
os.kill(os.getpid(), signal.SIGINT)
signal.pause()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals there are others")
def test_ctrl_c_while_it_imports_ends_it_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text(INTERRUPTED, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mnist_tui", "runs"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
