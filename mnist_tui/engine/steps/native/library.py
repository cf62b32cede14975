"""Compiling C for this machine's processor, and keeping the result in the user's cache."""

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
from typing import Final, NamedTuple

import platformdirs

log: Final = logging.getLogger(__name__)

FOLDER: Final = Path(__file__).parent
"""Where the sources are: one file in C for each model, and headers that they share."""
MODELS: Final = ("mnist_net", "fast_net")
"""The models that there is a library for, by the names that TrainConfig uses."""
COMPILERS: Final = ("cc", "gcc", "clang")
FLAGS: Final = ("-O3", "-std=gnu11", "-ffp-contract=fast", "-fPIC", "-shared")
NATIVE: Final = ("-march=native", "-mcpu=native")
"""How compilers are told to use all that this processor has; the first that one understands."""
_SLOWEST_S: Final = 60
"""Seconds after which a compiler is given up."""
PROBE_S: Final = 15
"""The same where it has nothing to compile; with many programs at work even that takes long."""
_MONTH_S: Final = 30 * 24 * 3600
_UNFINISHED: Final = "tmp"
"""How the names of libraries begin that are still being compiled."""
_building: Final = threading.Lock()
"""Held while this process compiles, so that a library is compiled once."""


class NativeUnavailableError(Exception):
    """There are no native kernels on this machine; the message says why."""


class _GivenUpError(NativeUnavailableError):
    """A compiler took too long."""


def compile_ahead(model: str) -> None:
    """Begin to compile on a thread of its own, unless the library is in the cache. Any thread.

    Whether that works is found out by `load`, which waits for it.
    """

    def compile_quietly() -> None:
        with suppress(NativeUnavailableError, OSError):
            _cached(model)

    threading.Thread(target=compile_quietly, name="compile-kernels", daemon=True).start()


@functools.cache
def load(model: str) -> ctypes.CDLL:
    """Return a model's compiled library, compiling it first where it is not in the cache.

    Raises:
        NativeUnavailableError: When it cannot be compiled, or not be loaded.
    """
    library = _cached(model)
    if library is not None:
        try:
            return ctypes.CDLL(str(library))
        except OSError as error:  # torn by a power loss, or on a file system without programs
            log.info("the native kernels in the cache are not used: %s", error)
            with suppress(OSError):
                library.unlink()
    try:
        with tempfile.TemporaryDirectory(prefix="mnist-tui-") as folder:
            return ctypes.CDLL(str(_compile(model, Path(folder) / f"{model}.so")))
    except OSError as error:
        raise NativeUnavailableError(str(error)) from None


def cache_folder() -> Path:
    """Where compiled libraries are kept.

    Raises:
        RuntimeError: For a user without a home.
    """
    return platformdirs.user_cache_path("mnist-tui") / "native"


def _cached(model: str) -> Path | None:
    """A model's library in the cache, compiled now if need be; None where there can be no cache.

    Raises:
        NativeUnavailableError: When it has to be compiled and cannot be.
    """
    with _building:
        key = _key(model)
        try:
            folder = cache_folder()
        except RuntimeError as error:
            log.info("there is no cache: %s", error)
            return None
        if not _make_private_folder(folder):
            log.info("%s is not used: it cannot be written, or others can write to it", folder)
            return None
        library = folder / f"{model}-{key}.so"
        if _is_ours_alone(library):
            library.touch()
        else:
            handle, name = tempfile.mkstemp(dir=folder, prefix=_UNFINISHED, suffix=".so")
            os.close(handle)
            try:
                _compile(model, Path(name)).replace(library)
            finally:
                Path(name).unlink(missing_ok=True)
        _sweep(folder)
        return library


def _sweep(folder: Path) -> None:
    """Delete what was left by compilations that were cut off, and what was not used for long."""
    for path in folder.glob("*.so"):
        with suppress(OSError):
            age_s = time.time() - path.stat().st_mtime
            if age_s > (_SLOWEST_S if path.name.startswith(_UNFINISHED) else _MONTH_S):
                path.unlink()


class _Compiler(NamedTuple):
    path: str
    native: str
    """Its option for this machine's own processor."""
    macros: bytes
    """Those that it defines by itself, as C: they name its version, and each extension of the
    processor that it may use."""


@functools.cache
def _compiler() -> _Compiler:
    """The first C compiler that works.

    Raises:
        NativeUnavailableError: Where there is none.
    """
    if sys.platform == "win32":
        raise NativeUnavailableError("they are not made for Windows")
    if sys.platform == "darwin":
        # Without the developer tools, `cc` would open a dialog that offers them.
        _run(["xcode-select", "-p"], PROBE_S)
    for name in (os.environ.get("CC", ""), *COMPILERS):
        path = shutil.which(name) if name else None
        for native in NATIVE if path else ():
            probe = [str(path), native, "-dM", "-E", "-x", "c", os.devnull]
            try:
                return _Compiler(str(path), native, _run(probe, PROBE_S))
            except _GivenUpError:
                break  # it may know this option: with another one the bits would be others
            except NativeUnavailableError:
                continue
    raise NativeUnavailableError(f"there is no C compiler that works ({', '.join(COMPILERS)})")


def _key(model: str) -> str:
    """A hash of all that a library depends on: sources, options, compiler and processor."""
    key = hashlib.sha256(repr((model, FLAGS)).encode() + _compiler().macros)
    for source in sorted(FOLDER.glob("*.[ch]")):
        key.update(source.read_bytes())
    return key.hexdigest()[:32]


def _compile(model: str, library: Path) -> Path:
    compiler = _compiler()
    source = FOLDER / f"{model}.c"
    _run([compiler.path, compiler.native, *FLAGS, "-o", str(library), str(source)])
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
        raise _GivenUpError(f"{command[0]} took more than {longest_s} s") from None
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
