"""The command `mnist-tui`: parse, check, hand over. What it says on errors is said in `entry`.

Each module of this package has a command or two; `entry` names them all. None imports torch,
Pillow or Textual before its command runs.
"""

from mnist_tui.cli.entry import commands, main

__all__ = ["commands", "main"]
