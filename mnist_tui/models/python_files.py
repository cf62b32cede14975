"""The Python files of a user's network, and importing them from memory."""

import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

_OURS: Final = "mnist_tui"


class PythonFiles:
    """The Python files below a folder, each read once: what is run is what `read` is kept."""

    def __init__(self, folder: Path, kept: Mapping[str, bytes] | None = None) -> None:
        """Take the files of `folder` as they are.

        Args:
            folder: Where they are.
            kept: Their contents by path below the folder, and no others; None: from the disk.
        """
        self.folder = folder
        self._kept = kept
        self.contents: dict[str, bytes] = {}
        """Those that were read, by their paths below the folder, with slashes."""

    def read(self, name: str) -> bytes | None:
        """The content of a file, or None where there is none."""
        if name not in self.contents:
            content = self._find(name)
            if content is None:
                return None
            self.contents[name] = content
        return self.contents[name]

    def _find(self, name: str) -> bytes | None:
        if self._kept is not None:
            return self._kept.get(name)
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            return None

    def has_folder(self, name: str) -> bool:
        """Whether there is a folder of that name that may have Python files."""
        if self._kept is not None:
            return any(kept.startswith(f"{name}/") for kept in self._kept)
        return (self.folder / name).is_dir()

    def path(self, name: str) -> Path:
        """Where a file is, or was."""
        return self.folder / name

    def place_of(self, error: BaseException) -> str:
        """The last line of these files that an error went through: `net.py:12`; else empty."""
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            return f"{shown(Path(error.filename))}:{error.lineno}"
        paths = {str(self.path(name)) for name in (*self.contents, *(self._kept or ()))}
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if frame.filename in paths:
                return f"{shown(Path(frame.filename))}:{frame.lineno}"
        return ""

    def describe(self, error: BaseException, otherwise: str = "") -> str:
        """An error in one line, after the line of these files that it comes from.

        Args:
            otherwise: What it comes after where it has no line in them.
        """
        reason = (str(error).strip() or "no reason given").splitlines()[0]
        if isinstance(error, SyntaxError):
            reason = error.msg
        place = self.place_of(error) or otherwise
        return f"{place}{': ' if place else ''}{type(error).__name__}: {reason}"


def shown(path: Path) -> str:
    """A path as short as it can be typed."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


class _Loader(InspectLoader):
    """Loads one module from a content that was read before."""

    def __init__(self, content: bytes, path: Path, *, is_package: bool) -> None:
        self._content, self._path, self._is_package = content, path, is_package

    def is_package(self, fullname: str) -> bool:
        return self._is_package

    def get_source(self, fullname: str) -> str:
        return self._content.decode("utf-8", "replace")

    def get_code(self, fullname: str) -> CodeType:
        """Compile it; a traceback shows its lines."""
        return compile(self._content, str(self._path), "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds modules among Python files, for the thread that made it."""

    def __init__(self, files: PythonFiles) -> None:
        self._files = files
        self._thread = threading.get_ident()
        self.found: set[str] = set()
        """The modules that it found."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that no other finder has."""
        if threading.get_ident() != self._thread or fullname.split(".")[0] == _OURS:
            return None
        stem = fullname.replace(".", "/")
        for name, is_package in ((f"{stem}/__init__.py", True), (f"{stem}.py", False)):
            content = self._files.read(name)
            if content is not None:
                self.found.add(fullname)
                return _make_spec(fullname, content, self._files.path(name), is_package=is_package)
        if not self._files.has_folder(stem):
            return None
        self.found.add(fullname)
        return ModuleSpec(fullname, None, is_package=True)


def _make_spec(fullname: str, content: bytes, path: Path, *, is_package: bool) -> ModuleSpec:
    # A package's path is left empty, so that its modules are asked of this finder alone.
    spec = spec_from_loader(
        fullname,
        _Loader(content, path, is_package=is_package),
        origin=str(path),
        is_package=is_package,
    )
    assert spec is not None
    spec.has_location = True
    return spec


@contextmanager
def importable(files: PythonFiles) -> Iterator[None]:
    """While inside, this thread can import `files` by their names, afresh.

    They come after all others: what is installed, and Python's own library, is not replaced by a
    file that happens to have its name. Afterwards they are out of sight of other code again.
    """
    finder = _Finder(files)
    older = {
        name: module for name, module in list(sys.modules.items()) if _is_among(module, name, files)
    }
    for name in older:
        del sys.modules[name]
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.found:
            sys.modules.pop(name, None)
        sys.modules.update(older)


def _is_among(module: ModuleType, name: str, files: PythonFiles) -> bool:
    """Whether a module that other code has imported is one of `files`."""
    file = getattr(module, "__file__", None)
    if file is None or name.split(".")[0] in (_OURS, "__main__"):
        return False
    stem = files.folder / name.replace(".", "/")
    with suppress(TypeError):
        return Path(file) in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py")
    return False


def load_module(name: str, content: bytes, path: Path) -> ModuleType:
    """Run a file as the module of that name, and leave it in sys.modules.

    Raises:
        BaseException: Whatever the file raises.
    """
    spec = _make_spec(name, content, path, is_package=False)
    assert spec.loader is not None
    module = ModuleType(name)
    module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, str(path)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
