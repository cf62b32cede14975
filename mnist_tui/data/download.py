"""Downloading MNIST in a process of its own, watched by this one.

torchvision verifies and unpacks the files. It takes long to import and cannot be interrupted,
so it runs in a child process: the parent watches the bytes arrive, ends a download that stalls
or never ends, and moves the files to their place only when all of them are complete.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from mnist_tui.data.files import FILES, RAW
from mnist_tui.errors import DataError

_PROGRAM: Final = Path(__file__).with_name("torchvision_download.py")

OnStatus = Callable[[str], None]
"""Called with what is being done, in words."""


class DownloadError(DataError):
    """MNIST could not be downloaded; nothing of it was left behind."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        """Why, in words that follow no subject."""
        super().__init__(f"MNIST could not be downloaded ({reason})")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the packed files are, and what they must be."""

    mirrors: tuple[str, ...] = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    )
    """Base URLs, each ending with a slash; torchvision's own."""
    resources: tuple[tuple[str, str], ...] = ()
    """(name of the packed file, its MD5); empty: torchvision's own."""
    packed_bytes: int = 11_594_722
    """The four packed files together."""
    max_bytes: int = 100_000_000
    """More than this, packed and unpacked, cannot be MNIST."""
    connect_s: float = 3.0
    """Seconds within which a mirror or a proxy must be reached."""
    stall_s: float = 30.0
    """Seconds without a new byte after which the download is given up."""


def download_mnist(
    data_dir: Path,
    on_status: OnStatus,
    should_stop: Callable[[], bool] = lambda: False,
    source: Source | None = None,
) -> None:
    """Put MNIST's files into `data_dir/MNIST/raw`. Blocks; any thread.

    Args:
        data_dir: Created if it is not there.
        on_status: Called with how far the download is, a few times a second.
        should_stop: Polled a few times a second; True gives up.
        source: Mirrors and checksums, if not torchvision's own.

    Raises:
        DownloadError: When the files could not all be had; nothing is left behind then.
    """
    raw = data_dir / RAW
    try:
        with _no_empty_folders(raw), _scratch(data_dir) as scratch:
            folder = Path(scratch).resolve()
            _fetch(folder, source or Source(), on_status, should_stop)
            raw.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                # Each is verified and complete, and a rename is all or nothing.
                (folder / RAW / name).replace(raw / name)
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


def _fetch(
    folder: Path, source: Source, on_status: OnStatus, should_stop: Callable[[], bool]
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
            _watch(child, folder, source, on_status, should_stop)
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


def _watch(
    child: subprocess.Popen[bytes],
    folder: Path,
    source: Source,
    on_status: OnStatus,
    should_stop: Callable[[], bool],
) -> None:
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
        packed = _size(folder, "*.gz")
        total = packed + _size(folder, "*-ubyte")
        now = time.monotonic()
        if not is_ready:
            # Importing torchvision comes first; on a busy machine it takes longer than a stall.
            is_ready, seen_at = (folder / "ready").exists(), now
        if total > seen:
            seen, seen_at = total, now
            on_status(
                f"downloading MNIST, {packed / 1e6:.1f} of {source.packed_bytes / 1e6:.1f} MB"
            )
        if total > source.max_bytes:
            raise DownloadError("it does not end: the mirror sends something else")
        if now - seen_at > source.stall_s:
            raise DownloadError(f"it stalled: no byte for {source.stall_s:.0f} s")


def _size(folder: Path, pattern: str) -> int:
    total = 0
    for path in folder.rglob(pattern):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
