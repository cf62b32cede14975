"""The command `mnist-tui`: parse, check, hand over. Errors are reported in `main`.

Each module of this package has a command or two; `main` names them all. None imports torch,
Pillow or Textual before its command runs.
"""

from mnist_tui.cli.main import commands, main

__all__ = ["commands", "main"]
