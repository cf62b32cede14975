"""A terminal dashboard that trains MNIST with PyTorch.

The public names are loaded when they are first asked for: importing the package
imports neither torch nor Textual, so that the dashboard is on screen at once.
"""

import os
import sys

if os.path.basename((sys.argv or [""])[0]) in ("-m", "mnist-tui", "mnist-tui.exe"):  # noqa: PTH119
    # As a command, not as a library. `python -m`, and an empty entry of PYTHONPATH, put the current
    # folder on the module search path, where a file of the user's may be called `random.py`. It is
    # taken off before anything is imported that may be called so; but a copy of this package that
    # is not installed is found there.
    _home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    try:
        _current = os.getcwd()  # noqa: PTH109
    except OSError:  # it has been deleted
        _current = ""
    sys.path[:] = [path for path in sys.path if path not in ("", _current)]
    sys.path += [_home] if _home == _current else []
    for _name, _module in tuple(sys.modules.items()):  # what `python -m` itself has found there
        _file = getattr(_module, "__file__", None) or ""
        if _name != "__main__" and _current and os.path.dirname(_file) == _current:  # noqa: PTH120
            del sys.modules[_name]
    if _paths := os.environ.get("PYTHONPATH", ""):  # for the processes that it starts
        _kept = (path for path in _paths.split(os.pathsep) if path not in ("", ".", _current))
        os.environ["PYTHONPATH"] = os.pathsep.join(_kept)

    import signal

    _is_command = sys.argv[0] != "-m" or "mnist_tui" in sys.orig_argv  # not one of its processes
    if _is_command and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until it can answer ctrl+c: no traceback of whatever is being imported.
        signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mnist_tui.version import __version__ as __version__

__all__ = [
    "FastNet",
    "MnistNet",
    "Predictions",
    "Run",
    "TrainConfig",
    "dashboard",
    "load_dataset",
    "load_run",
    "read_checkpoint",
    "recipe_config",
    "resume",
    "train",
]

_HOMES = {
    "FastNet": "mnist_tui.models.fast_net",
    "MnistNet": "mnist_tui.models.mnist_net",
    "Predictions": "mnist_tui.api.run",
    "Run": "mnist_tui.api.run",
    "TrainConfig": "mnist_tui.config",
    "dashboard": "mnist_tui.api.training",
    "load_dataset": "mnist_tui.data",
    "load_run": "mnist_tui.api.run",
    "read_checkpoint": "mnist_tui.store.checkpoint",
    "recipe_config": "mnist_tui.config",
    "resume": "mnist_tui.api.training",
    "train": "mnist_tui.api.training",
}

# What is logged goes into a run's log; before there is one, an error is printed and not logged.
logging.getLogger(__name__).addHandler(logging.NullHandler())

if TYPE_CHECKING:
    from mnist_tui.api.run import Predictions, Run, load_run
    from mnist_tui.api.training import dashboard, resume, train
    from mnist_tui.config import TrainConfig, recipe_config
    from mnist_tui.data import load_dataset
    from mnist_tui.models.fast_net import FastNet
    from mnist_tui.models.mnist_net import MnistNet
    from mnist_tui.store.checkpoint import read_checkpoint


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
