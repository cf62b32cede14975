"""What all tests share: one thread for torch, no user's settings, and a small set of digits."""

import gc
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

from devtools.few_digits import write_few_digits
from mnist_tui.engine.steps.native import library
from mnist_tui.torch_runtime import freeze_objects

# Before torch is loaded, here and in the processes that tests start: with several threads,
# torch waits for its own threads, which takes long while other tests or programs are busy.
os.environ["OMP_NUM_THREADS"] = "1"
# The same device wherever they run, and kernels of our own by Triton's interpreter on it.
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TRITON_INTERPRET"] = "1"
# They start many times, and so does this; none need compile each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# What the program tells people to type depends on it.
os.environ.pop("UV_RUN_RECURSION_DEPTH", None)
# Tests that are started by nohup or in the background inherit ignored signals, which we respect.
for number in {"SIGHUP", "SIGINT", "SIGQUIT"} & set(dir(signal)):
    if signal.getsignal(getattr(signal, number)) is signal.SIG_IGN:
        is_int = number == "SIGINT"
        signal.signal(
            getattr(signal, number), signal.default_int_handler if is_int else signal.SIG_DFL
        )
# No test asserts a time.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
FULL_MNIST = os.environ.get("MNIST_TUI_DATA")


# What is imported for the tests stays: torch and Textual make some hundred thousand objects, and
# to look through them for cycles again and again took half of the time of a test of the dashboard.
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Exempt what was imported from garbage collection, and collect what tests make."""
    freeze_objects()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


def _use_home(patch: pytest.MonkeyPatch, home: Path) -> None:
    patch.setenv("HOME", str(home))
    patch.delenv("MNIST_TUI_DATA", raising=False)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        patch.setenv(name, str(home / name.lower()))


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where homes are made, as pytest counts what is in a folder before it makes another one."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(scope="session", autouse=True)
def _compiled(_homes: Path) -> Iterator[Sequence[Path]]:
    """The native kernels, compiled once for all tests of this process, and a home for fixtures."""
    with pytest.MonkeyPatch.context() as patch:
        _use_home(patch, Path(tempfile.mkdtemp(dir=_homes)))
        with suppress(library.NativeUnavailableError):
            for model in library.MODELS:
                library.load(model)
        yield tuple(library.cache_folder().glob("*.so"))


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, _homes: Path, _compiled: Sequence[Path]) -> None:
    """Keep the user's caches and settings out of every test."""
    _use_home(monkeypatch, Path(tempfile.mkdtemp(dir=_homes)))
    folder = library.cache_folder()
    folder.parent.mkdir(parents=True)
    folder.mkdir(mode=0o700)
    for path in _compiled:
        (folder / path.name).hardlink_to(path)


@pytest.fixture(scope="session")
def few_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in torchvision's layout: 82 real digits to train on, 50 to validate on."""
    return write_few_digits(tmp_path_factory.mktemp("few-digits"), 82, 50)


@pytest.fixture(scope="session")
def full_mnist() -> Path:
    """The folder of the full MNIST that MNIST_TUI_DATA names."""
    if FULL_MNIST is None:
        pytest.skip("MNIST_TUI_DATA names no folder with the full MNIST")
    return Path(FULL_MNIST)


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which this user may not even look for a name."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    if os.access(folder, os.X_OK):
        pytest.skip("rights keep nobody out here")
    yield folder
    folder.chmod(0o700)
