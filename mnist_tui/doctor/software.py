"""Versions of the program, of Python, and of what it needs."""

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from mnist_tui.doctor.check import Check, fault, ok, shorten
from mnist_tui.version import __version__

NEEDED: Final = ("torch", "torchvision", "textual", "plotext", "numpy", "pillow", "psutil")


def look() -> Iterator[Check]:
    """The program, Python, the system, and the packages' versions."""
    yield ok("mnist-tui", __version__)
    python = f"{platform.python_version()}, {shorten(sys.executable)}"
    yield ok("Python", python)
    yield ok("system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    found, missing = [], []
    for package in NEEDED:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        advice = "install mnist-tui again, with all its packages"
        yield fault("packages", f"missing: {', '.join(missing)}", advice)
    if found:
        yield ok("packages", ", ".join(found))
