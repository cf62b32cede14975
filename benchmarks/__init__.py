"""Scripts that print ratios: each one paired, interleaved and repeatable."""

import os

from mnist_tui.torch_runtime import sleep_when_waiting_long

# As a run does before it imports torch; it holds for what we are compared with, too.
sleep_when_waiting_long()
# What is started here keeps its bytecode, as on anybody's machine.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
