"""A network that a script hands over: a class, a function that makes one, or one that is made."""

import copy
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from mnist_tui.errors import UsageError
from mnist_tui.models.importing import ModelSpec, make_with
from mnist_tui.models.python_files import PythonFiles
from mnist_tui.models.source import ModelSource
from mnist_tui.rules import absolute


def source_of_object(model: type[nn.Module] | Callable[..., nn.Module] | nn.Module) -> ModelSource:
    """Where a network of a script's own comes from. The file that it is written in is kept, and
    those beside it that the script has imported.

    Args:
        model: A class or function, called without arguments or with `num_classes`; or a network,
            whose weights a run begins with.

    Raises:
        UsageError: When it is something else.
    """
    if not isinstance(model, nn.Module) and not callable(model):
        raise UsageError(f"model must be a torch.nn.Module or what makes one, not {model!r}")
    named = type(model) if isinstance(model, nn.Module) else model
    path = _file_of(named)
    files = PythonFiles(path.parent if path is not None else absolute(Path()))
    if path is not None:
        files.read(path.name)
        _read_imported(files)
    place = path.name if path is not None else str(getattr(named, "__module__", "__main__"))
    attribute = str(getattr(named, "__qualname__", type(named).__name__)).rpartition(".<locals>.")[
        2
    ]
    spec = ModelSpec(place, attribute if attribute.isidentifier() else "model")
    make = _copies_of(model) if isinstance(model, nn.Module) else make_with(model, spec, files)
    return ModelSource(name=str(spec), make=make, files=dict(files.contents), folder=files.folder)


def _copies_of(model: nn.Module) -> Callable[[int], nn.Module]:
    return lambda num_classes: copy.deepcopy(model).train()


def _read_imported(files: PythonFiles) -> None:
    """Read the files of the modules that were imported from the folder itself."""
    for name, module in list(sys.modules.items()):
        stem, origin = name.replace(".", "/"), getattr(module, "__file__", None)
        for place in (f"{stem}.py", f"{stem}/__init__.py"):
            if origin == str(files.path(place)):
                files.read(place)


def _file_of(named: Any) -> Path | None:
    """The Python file that a class or function is written in; None for a notebook's cell."""
    try:
        found = inspect.getsourcefile(named)
    except (OSError, TypeError):
        return None
    path = Path(found) if found else None
    return path if path is not None and path.is_file() and path.suffix == ".py" else None
