"""Fetching MNIST through torchvision, in a process of its own.

torchvision knows the mirrors and the checksums, and verifies and unpacks the files. It
takes long to import and cannot be interrupted, so it runs in a child process: the parent
watches the bytes arrive, ends a download that stalls or never ends, and moves the files to
their place only when all of them are whole.
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

from mnist_tui.errors import DataError

FILES: Final = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The four files of MNIST, unpacked."""

_ASKED: Final = "asked"
"""The file that says that the child has begun to ask the mirrors."""

OnStatus = Callable[[str], None]
"""Called with what is being done, in words."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the packed files are, and what they must be; empty fields are torchvision's own."""

    mirrors: tuple[str, ...] = ()
    """Base URLs, each ending with a slash."""
    resources: tuple[tuple[str, str], ...] = ()
    """(name of the packed file, its MD5)."""
    packed_bytes: int = 11_594_722
    """The four packed files together."""
    max_bytes: int = 100_000_000
    """More than this, packed and unpacked, cannot be MNIST."""
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
        data_dir: Made if it is not there.
        on_status: Told how far the download is, a few times a second.
        should_stop: Asked a few times a second; True gives up.
        source: Mirrors and checksums, if not torchvision's own.

    Raises:
        DataError: When the files could not be had whole; nothing is left behind then.
    """
    source = source or Source()
    raw = data_dir / "MNIST" / "raw"
    with _no_empty_folders(raw), _scratch(data_dir) as folder:
        _fetch(Path(folder), source, on_status, should_stop)
        fetched = Path(folder) / "MNIST" / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            # Each is verified and complete, and a rename is all or nothing.
            (fetched / name).replace(raw / name)


@contextmanager
def _no_empty_folders(path: Path) -> Iterator[None]:
    """When what is done inside fails, remove the folders on the way to `path` that it made.

    Those that something has been put into since stay.
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
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".download-", dir=data_dir)
    except OSError as error:
        raise DataError(
            f"cannot write to {data_dir}: {error.strerror}; choose another --data-dir"
        ) from error


def _fetch(
    folder: Path, source: Source, on_status: OnStatus, should_stop: Callable[[], bool]
) -> None:
    """Run the child and watch it until the files are in `folder`."""
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder), json.dumps(asdict(source))],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
        )
        try:
            _watch(child, folder, source, on_status, should_stop)
        finally:
            child.kill()
            child.wait()
        if child.returncode != 0:
            errors.seek(0)
            lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
            reason = lines[-1] if lines else "the download ended unexpectedly"
            raise DataError(f"MNIST could not be downloaded: {reason}")


def _watch(
    child: subprocess.Popen[bytes],
    folder: Path,
    source: Source,
    on_status: OnStatus,
    should_stop: Callable[[], bool],
) -> None:
    on_status("getting ready to download MNIST")
    seen, seen_at, has_asked = 0, 0.0, False
    while True:
        try:
            child.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            pass
        else:
            return
        if should_stop():
            raise DataError("the download of MNIST was stopped")
        packed = _size(folder, "*.gz")
        total = packed + _size(folder, "*-ubyte")
        now = time.monotonic()
        if not has_asked:
            # Importing torchvision comes first; on a busy machine it takes longer than a stall.
            has_asked, seen_at = (folder / _ASKED).exists(), now
            if has_asked:
                on_status("asking for MNIST")
        if total > seen:
            seen, seen_at = total, now
            on_status(
                f"downloading MNIST, {packed / 1e6:.1f} of {source.packed_bytes / 1e6:.1f} MB"
            )
        if total > source.max_bytes:
            raise DataError("the download of MNIST does not end: the mirror sends something else")
        if now - seen_at > source.stall_s:
            raise DataError(f"the download of MNIST stalled: no byte for {source.stall_s:.0f} s")


def _size(folder: Path, pattern: str) -> int:
    total = 0
    for path in folder.rglob(pattern):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _child(folder: str, source: str) -> None:
    """What runs in the process of its own: torchvision's download; one line on failure."""
    import socket

    settings = json.loads(source)
    socket.setdefaulttimeout(settings["stall_s"])
    from torchvision.datasets import MNIST

    if settings["mirrors"]:
        MNIST.mirrors = settings["mirrors"]
    if settings["resources"]:
        MNIST.resources = [tuple(resource) for resource in settings["resources"]]
    (Path(folder) / _ASKED).touch()
    try:
        MNIST(folder, download=True)
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        # torchvision lists what every mirror answered; the last answer says enough.
        reason = " ".join(str(error).split()).rpartition("got: ")[2]
        sys.exit(reason.strip("<>") or type(error).__name__)


if __name__ == "__main__":
    _child(*sys.argv[1:])
