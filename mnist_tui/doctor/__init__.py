"""An examination of this machine, with advice where something is missing.

`examine` never raises and writes nothing that stays; each module has the checks of one thing.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from mnist_tui.doctor import folders, machine, software, terminal
from mnist_tui.doctor.check import Check, Level, warning
from mnist_tui.doctor.torch_probe import TorchProbe

__all__ = ["Check", "Level", "examine"]

Checks = Callable[[], Iterable[Check]]
"""Gives the checks of one thing."""


def examine(
    runs_dir: Path = Path("runs"), data_dir: str | None = None, *, is_on_screen: bool = False
) -> Iterator[Check]:
    """Look at everything; each check comes as soon as it is done. Any thread.

    Args:
        runs_dir: Where runs are to be written.
        data_dir: Where MNIST is looked for; None: where `train` would look.
        is_on_screen: Whether a dashboard has the terminal.
    """
    # PyTorch takes seconds to load, and may end the process that loads it.
    probe = TorchProbe()
    things: Final[dict[str, Checks]] = {
        "software": software.look,
        "processor": machine.look_at_processor,
        "memory": machine.look_at_memory,
        "terminal": lambda: terminal.look(is_in_use=is_on_screen),
        "data": lambda: folders.look_at_data(data_dir),
        "folders": lambda: folders.look_at_folders(runs_dir),
        "NVIDIA driver": machine.look_at_driver,
        "PyTorch": probe.look,
    }
    try:
        for name, look in things.items():
            yield from guarded(name, look)
    finally:
        probe.end()


def guarded(name: str, look: Checks) -> Iterator[Check]:
    """Make of whatever goes wrong in `look` a warning."""
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 - a machine that is ill must not end its examination
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        yield warning(name, f"could not be found out: {reason}", "report this")
