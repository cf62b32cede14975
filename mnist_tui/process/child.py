"""How this program starts itself in another process."""

import os
import sys


def own_command(module: str, *words: str) -> list[str]:
    """The command line that runs one of this program's modules with `words`."""
    # -P: nothing of the current folder is imported.
    return [sys.executable, "-P", "-m", module, *words]


def own_environment() -> dict[str, str]:
    """The environment in which that imports what this process does, wherever that is."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
