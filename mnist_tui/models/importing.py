"""Importing a network that the user has named, from a file or a module."""

import inspect
import io
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Self

from torch import nn

from mnist_tui.errors import UsageError
from mnist_tui.models.python_files import PythonFiles, importable, load_module, shown
from mnist_tui.models.source import ModelSource
from mnist_tui.rules import expand_home

_MODULE: Final = "mnist_tui_model"
"""As what a user's file is imported, which keeps a homework called `random.py` apart from
Python's own module of that name."""
_SLOW_S: Final = 3.0
"""An import that takes more of the processor's time does work that belongs elsewhere."""

_loaded_packages: dict[str, Mapping[str, bytes]] = {}
"""Files of the installed packages that networks were imported from, as they were then."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """What a user names a network of their own by: `net.py:Net`, `package.module:make_net`."""

    place: str
    """`net.py`, `folder/net.py` or `package.module`."""
    attribute: str
    """`Net`, or with dots `Nets.small`."""

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read what TrainConfig's rule accepts as a network of the user's own."""
        place, _, attribute = name.rpartition(":")  # a path on Windows has a colon of its own
        return cls(place, attribute)

    @property
    def is_file(self) -> bool:
        """Whether the place is a file, and not a module."""
        return self.place.endswith(".py")

    def __str__(self) -> str:
        return f"{self.place}:{self.attribute}"


def import_model(
    spec: ModelSpec, folder: Path, kept: Mapping[str, bytes] | None = None
) -> tuple[ModelSource, tuple[str, ...]]:
    """Import a network's class or function. Runs the user's code: only for what they named.

    Args:
        folder: Where relative paths and modules are looked for.
        kept: The contents of its Python files by path below `folder`; None: from the disk.

    Returns:
        What makes the network, and what the user should know of the import, in sentences.

    Raises:
        UsageError: When it cannot be imported.
    """
    if spec.is_file:
        path = folder / expand_home(spec.place)
        files = PythonFiles(path.parent if kept is None else folder, kept)
    else:
        files = PythonFiles(folder, kept)
    notices: list[str] = []
    with _watched(spec, files, notices), importable(files):
        module = _load_file(spec, files) if spec.is_file else _load_module(spec, files)
    attribute = _find_attribute(module, spec)
    source = ModelSource(
        name=str(spec),
        make=make_with(attribute, spec, files),
        files=dict(files.contents),
        folder=files.folder,
    )
    return source, tuple(notices)


def _load_file(spec: ModelSpec, files: PythonFiles) -> ModuleType:
    name = Path(spec.place).name
    content = files.read(name)
    if content is None:
        others = sorted(path.name for path in files.folder.glob("*.py"))

        def write(other: str) -> str:
            return shown(files.path(other))

        raise UsageError(f"there is no file {write(name)}{_did_you_mean(name, others, '', write)}")
    return load_module(_MODULE, content, files.path(name))


def _load_module(spec: ModelSpec, files: PythonFiles) -> ModuleType:
    try:
        module = import_module(spec.place)
    except ModuleNotFoundError as error:
        # Of the module itself, or of one that it imports in vain?
        if not f"{spec.place}.".startswith(f"{error.name}."):
            raise
        raise UsageError(
            f"there is no module {error.name}, neither installed nor in {files.folder}"
        ) from error
    if not files.contents:
        package = spec.place.split(".")[0]
        found = _installed_files(package)
        if _loaded_packages.setdefault(package, found) != found:
            raise UsageError(
                f"{package} has changed since this program imported it; start the program anew"
            )
        files.contents.update(found)
        files.folder = _home_of(package)
    return module


def _home_of(package: str) -> Path:
    """The folder that an installed package is in."""
    path = Path(sys.modules[package].__file__ or ".")
    return path.parent.parent if path.name == "__init__.py" else path.parent


def _installed_files(package: str) -> dict[str, bytes]:
    """The Python files of an installed package that were imported."""
    home, found = _home_of(package), dict[str, bytes]()
    for name, module in list(sys.modules.items()):
        path = Path(getattr(module, "__file__", None) or "")
        if name.split(".")[0] == package and path.suffix == ".py" and path.is_relative_to(home):
            found[path.relative_to(home).as_posix()] = path.read_bytes()
    return found


@contextmanager
def _watched(spec: ModelSpec, files: PythonFiles, notices: list[str]) -> Iterator[None]:
    """Turn what goes wrong in an import into an error, and what is odd into notices."""
    printed, began_s = io.StringIO(), time.thread_time()
    stdin, sys.stdin = sys.stdin, io.StringIO()  # the keyboard is the dashboard's
    try:
        with redirect_stdout(printed):
            yield
    except UsageError:
        raise
    except SystemExit as error:
        place = files.place_of(error) or spec.place
        raise UsageError(f"{place}: it ends the program as it is imported; {_GUARD}") from error
    except Exception as error:
        if isinstance(error, EOFError) and str(error) == _NO_INPUT:
            place = files.place_of(error) or spec.place
            raise UsageError(f"{place}: it asks for input as it is imported; {_GUARD}") from error
        raise UsageError(f"{spec.place} cannot be imported: {files.describe(error)}") from error
    finally:
        sys.stdin = stdin
    text = printed.getvalue().strip()
    if text:
        notices.append(
            f"{spec.place} prints {text.splitlines()[0][:40]!r} as it is imported; {_GUARD}"
        )
    elif time.thread_time() - began_s > _SLOW_S:
        seconds = time.thread_time() - began_s
        notices.append(f"{spec.place} works for {seconds:.0f} s as it is imported; {_GUARD}")


_NO_INPUT: Final = "EOF when reading a line"
"""What `input()` says where there is none; other readers say other things."""
_GUARD: Final = 'put what it does as a script below `if __name__ == "__main__":`'


def _find_attribute(module: ModuleType, spec: ModelSpec) -> Callable[..., Any]:
    found: Any = module
    for name in spec.attribute.split("."):
        if not hasattr(found, name):
            raise UsageError(
                f"{spec.place} has no {spec.attribute}"
                f"{_did_you_mean(spec.attribute, _candidates(module), 'it has ')}"
            )
        found = getattr(found, name)
    if isinstance(found, nn.Module):
        raise UsageError(
            f"{spec} is a network that is made already, with weights of no seed: name a function "
            f"that makes it, as def make_net(): return {type(found).__name__}(...)"
        )
    if not callable(found):
        raise UsageError(
            f"{spec} is not a class or function, but of the type {type(found).__name__}"
        )
    makes: Callable[..., Any] = found
    return makes


def _candidates(module: ModuleType) -> list[str]:
    """The networks' classes, and the functions, that a module defines itself."""
    return [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and _makes_networks(value)
    ]


def _makes_networks(value: object) -> bool:
    return inspect.isfunction(value) or (isinstance(value, type) and issubclass(value, nn.Module))


def _did_you_mean(
    name: str, others: list[str], otherwise: str, write: Callable[[str], str] = str
) -> str:
    """A clause that proposes what is there; empty where that leads nowhere.

    Args:
        others: What there is.
        otherwise: Begins the clause that lists them where none is close; empty: nothing is said.
        write: How one of them is written.
    """
    close = get_close_matches(name, others, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {write(close[0])}?"
    return f"; {otherwise}{', '.join(map(write, others[:5]))}" if otherwise and others else ""


def make_with(
    attribute: Callable[..., Any], spec: ModelSpec, files: PythonFiles
) -> Callable[[int], nn.Module]:
    """A function that makes the network for a number of classes.

    Raises:
        UsageError: When the class or function `attribute` needs arguments that it does not get.
    """
    parameters: tuple[inspect.Parameter, ...] = ()
    with suppress(ValueError):  # of a class written in C
        parameters = tuple(inspect.signature(attribute).parameters.values())
    needed = [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and parameter.name != "num_classes"
    ]
    if needed:
        raise UsageError(
            f"{spec} cannot be made without {', '.join(needed)}: name a function that gives them, "
            f"as def make_net(num_classes): return {spec.attribute}(...)"
        )
    takes_classes = any(parameter.name == "num_classes" for parameter in parameters)

    def make(num_classes: int) -> nn.Module:
        try:
            made = attribute(**({"num_classes": num_classes} if takes_classes else {}))
        except Exception as error:
            raise UsageError(f"{spec} cannot be made: {files.describe(error)}") from error
        if not isinstance(made, nn.Module):
            raise UsageError(f"{spec} makes a {type(made).__name__}, not a torch.nn.Module")
        return made

    return make
