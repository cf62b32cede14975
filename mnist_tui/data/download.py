"""Downloading a dataset in a process of its own, watched by this one.

torchvision verifies and unpacks the files. It takes long to import and cannot be interrupted,
so it runs in a child process: the parent watches the bytes arrive, ends a download that stalls
or never ends, and moves the files to their place only when all of them are complete.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from mnist_tui.data.spec import Source
from mnist_tui.errors import DataError

_PROGRAM: Final = Path(__file__).with_name("torchvision_download.py")

OnStatus = Callable[[str], None]
"""Called with what is being done, in words."""


class DownloadError(DataError):
    """A dataset could not be downloaded; nothing of it was left behind."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        """Why, in words that follow no subject."""
        super().__init__(f"the dataset could not be downloaded ({reason})")


def download(
    raw: Path,
    data_dir: Path,
    title: str,
    source: Source,
    on_status: OnStatus,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Put a dataset's files into `raw`. Blocks; any thread.

    Args:
        raw: Where the files go, below `data_dir`.
        data_dir: Created if it is not there.
        title: The dataset's name in words.
        source: Mirrors and checksums.
        on_status: Called with how far the download is, a few times a second.
        should_stop: Polled a few times a second; True gives up.

    Raises:
        DownloadError: When the files could not all be had; nothing is left behind then.
    """
    try:
        with _no_empty_folders(raw), _scratch(data_dir) as scratch:
            folder = Path(scratch).resolve()
            _check_room(folder, source)
            _fetch(folder, title, source, on_status, should_stop)
            _verify(folder, source)
            raw.mkdir(parents=True, exist_ok=True)
            for name in source.files:
                # Each is verified and complete, and a rename is all or nothing.
                (folder / name).replace(raw / name)
    except OSError as error:
        place = error.filename2 or error.filename or data_dir
        raise DownloadError(f"cannot write to {place}: {error.strerror}") from error


@contextmanager
def _no_empty_folders(path: Path) -> Iterator[None]:
    """When what is done inside fails, remove the folders on the way to `path` that it created.

    Those that something has been put into since are kept.
    """
    missing = [folder for folder in (path, *path.parents) if not os.path.lexists(folder)]
    try:
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _scratch(data_dir: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder for the download, in `data_dir` so that its files need only be renamed."""
    data_dir.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix=".download-", dir=data_dir)


def _check_room(folder: Path, source: Source) -> None:
    """Find out before the first byte whether all of it will fit on the disk.

    Raises:
        DownloadError: When it will not.
    """
    free = shutil.disk_usage(folder).free
    if free < source.disk_bytes:
        raise DownloadError(
            f"it takes {source.disk_bytes / 1e6:,.0f} MB while it is unpacked, and "
            f"{folder.parent} has {free / 1e6:,.0f} MB left"
        )


def _verify(folder: Path, source: Source) -> None:
    """Compare the files that arrived with what is known of them.

    Raises:
        DownloadError: When one is another.
    """
    for name, expected in source.sha256.items():
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                raise DownloadError(
                    f"{name} is not the file that it should be: its SHA-256 differs"
                )


def _fetch(
    folder: Path, title: str, source: Source, on_status: OnStatus, should_stop: Callable[[], bool]
) -> None:
    """Run the child and watch it until the files are in `folder`."""
    output = folder / "output"
    with output.open("wb") as file:
        child = subprocess.Popen(
            # -P: without the folder of the program, or of the user, on the module search path.
            [sys.executable, "-P", str(_PROGRAM), str(folder), json.dumps(asdict(source))],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
        try:
            watch(child, folder, title, source, on_status, should_stop)
        finally:
            child.kill()
            child.wait()
    if child.returncode != 0:
        raise DownloadError(_problem(folder) or f"its process ended with {child.returncode}")


def _environment(folder: Path) -> dict[str, str]:
    """The child's environment: its temporary files in `folder`, and the user's current folder,
    which an empty entry of PYTHONPATH stands for, not on its module search path.
    """
    paths = [Path(path).absolute() for path in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    search_path = os.pathsep.join(str(path) for path in paths if path != Path.cwd())
    return {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": search_path}


def _problem(folder: Path) -> str:
    """Why the child failed: what it says, or the last line of a traceback."""
    for name in ("problem", "output"):
        with suppress(OSError):
            lines = (folder / name).read_text("utf-8", "replace").split("\n")
            for line in reversed(lines):
                if line.strip():
                    return line.strip()
    return ""


def watch(
    child: subprocess.Popen[bytes],
    folder: Path,
    title: str,
    source: Source,
    on_status: OnStatus,
    should_stop: Callable[[], bool],
) -> None:
    """Wait for a process that downloads, and report how far it is.

    Raises:
        DownloadError: When it is to stop, downloads nothing for too long, or too much.
    """
    seen, seen_at, is_ready = 0, 0.0, False
    while True:
        if should_stop():
            raise DownloadError("it was stopped")
        try:
            child.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            pass
        else:
            return
        packed = sum(_size(folder / name) for name, _ in source.resources)
        total = sum(_size(path) for path in folder.rglob("*"))
        now = time.monotonic()
        if not is_ready:
            # Importing torchvision comes first; on a busy machine it takes longer than a stall.
            is_ready, seen_at = (folder / "ready").exists(), now
        if total > seen:
            seen, seen_at = total, now
            on_status(
                f"downloading {title}, {packed / 1e6:.1f} of {source.packed_bytes / 1e6:.1f} MB"
            )
        if total > source.max_bytes:
            raise DownloadError("it does not end: the mirror sends something else")
        if now - seen_at > source.stall_s:
            raise DownloadError(f"it stalled: no byte for {source.stall_s:.0f} s")


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
