"""Compiling `step.c` for this machine's processor, and keeping the result in the user's cache."""

import ctypes
import functools
import hashlib
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import platformdirs

log: Final = logging.getLogger(__name__)

SOURCE: Final = Path(__file__).with_name("step.c")
COMPILERS: Final = ("cc", "gcc", "clang")
FLAGS: Final = ("-O3", "-std=gnu11", "-ffp-contract=fast", "-fPIC", "-shared")
NATIVE: Final = ("-march=native", "-mcpu=native")
"""How compilers are told to use all that this processor has; the first that one understands."""
_SLOWEST_S: Final = 60
"""Seconds after which a compiler is given up."""
_PROBE_S: Final = 5
"""The same where it has nothing to compile."""
_MONTH_S: Final = 30 * 24 * 3600
_building: Final = threading.Lock()
"""Held while this process compiles, so that the library is compiled once."""


class NativeUnavailableError(Exception):
    """There are no native kernels on this machine; the message says why."""


def compile_ahead() -> None:
    """Begin to compile on a thread of its own, unless the library is in the cache. Any thread.

    Whether that works is found out by `load`, which waits for it.
    """

    def compile_quietly() -> None:
        with suppress(NativeUnavailableError, OSError):
            _cached()

    threading.Thread(target=compile_quietly, name="compile-kernels", daemon=True).start()


@functools.cache
def load() -> ctypes.CDLL:
    """Return the compiled library, compiling it first where it is not in the cache.

    Raises:
        NativeUnavailableError: When it cannot be compiled, or not be loaded.
    """
    library = _cached()
    if library is not None:
        try:
            return ctypes.CDLL(str(library))
        except OSError as error:  # torn by a power loss, or on a file system without programs
            log.info("the native kernels in the cache are not used: %s", error)
            with suppress(OSError):
                library.unlink()
    try:
        with tempfile.TemporaryDirectory(prefix="mnist-tui-") as folder:
            return ctypes.CDLL(str(_compile(*_compiler(), Path(folder) / "step.so")))
    except OSError as error:
        raise NativeUnavailableError(str(error)) from None


def cache_folder() -> Path:
    """Where compiled libraries are kept."""
    return platformdirs.user_cache_path("mnist-tui") / "native"


def _cached() -> Path | None:
    """The library in the user's cache, compiled now if need be; None where no cache can be used.

    Raises:
        NativeUnavailableError: When it has to be compiled and cannot be.
    """
    with _building:
        compiler, native = _compiler()
        folder = cache_folder()
        if not _make_private_folder(folder):
            log.info("%s is not used: it cannot be written, or others can write to it", folder)
            return None
        library = folder / f"step-{_key(compiler, native)}.so"
        if not _is_ours_alone(library):
            handle, name = tempfile.mkstemp(dir=folder, suffix=".so")
            os.close(handle)
            try:
                _compile(compiler, native, Path(name)).replace(library)
                _sweep(folder)
            finally:
                Path(name).unlink(missing_ok=True)
        return library


def _sweep(folder: Path) -> None:
    """Delete what was left by compilations that were cut off, and by sources of long ago."""
    for path in folder.glob("*.so"):
        with suppress(OSError):
            age_s = time.time() - path.stat().st_mtime
            if age_s > (_MONTH_S if path.name.startswith("step-") else _SLOWEST_S):
                path.unlink()


@functools.cache
def _compiler() -> tuple[str, str]:
    """The C compiler, and its option for this machine's own processor.

    Raises:
        NativeUnavailableError: Where there is none.
    """
    if sys.platform == "win32":
        raise NativeUnavailableError("they are not made for Windows")
    if sys.platform == "darwin":
        # Without the developer tools, `cc` would open a dialog that offers them.
        _run(["xcode-select", "-p"], _PROBE_S)
    for name in (os.environ.get("CC", ""), *COMPILERS):
        path = shutil.which(name) if name else None
        for native in NATIVE if path else ():
            with suppress(NativeUnavailableError):
                _run([str(path), native, "-E", "-x", "c", os.devnull], _PROBE_S)
                return str(path), native
    raise NativeUnavailableError(f"there is no C compiler that works ({', '.join(COMPILERS)})")


def _key(compiler: str, native: str) -> str:
    """A hash of all that the library depends on: source, options, compiler and processor.

    The macros that a compiler defines by itself name its version and each extension of the
    processor that it may use.
    """
    macros = _run([compiler, native, "-dM", "-E", "-x", "c", os.devnull])
    return hashlib.sha256(SOURCE.read_bytes() + repr(FLAGS).encode() + macros).hexdigest()[:32]


def _compile(compiler: str, native: str, library: Path) -> Path:
    _run([compiler, native, *FLAGS, "-o", str(library), str(SOURCE)])
    return library


def _run(command: Sequence[str], longest_s: float = _SLOWEST_S) -> bytes:
    """Run a compiler, and return what it printed.

    Raises:
        NativeUnavailableError: With its first complaint, when it fails or takes too long.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise NativeUnavailableError(str(error)) from None
    try:
        output, complaints = process.communicate(timeout=longest_s)
    except subprocess.TimeoutExpired:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)  # the compiler proper is a child of `cc`
        process.communicate()
        raise NativeUnavailableError(f"{command[0]} took more than {longest_s} s") from None
    if process.returncode:
        lines = complaints.decode(errors="replace").splitlines()
        complaint = next((line for line in lines if "error" in line), f"{command[0]} failed")
        raise NativeUnavailableError(complaint)
    return output


def _make_private_folder(folder: Path) -> bool:
    """Make the folder if need be; returns whether it is there and nobody else can write to it."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    return _is_ours_alone(folder, stat.S_ISDIR) and os.access(folder, os.W_OK)


def _is_ours_alone(path: Path, is_kind: Callable[[int], bool] = stat.S_ISREG) -> bool:
    """Whether it is a file (or another kind), no link, of this user, that nobody else can write."""
    try:
        status = path.lstat()
    except OSError:
        return False
    is_ours = status.st_uid == os.geteuid() and not status.st_mode & 0o022
    return is_kind(status.st_mode) and is_ours
