"""An examination of this machine, with advice where something is missing.

`examine` never raises and writes nothing that stays; each module has the checks of one thing.
"""

from mnist_tui.doctor.check import Check, Level
from mnist_tui.doctor.examine import examine

__all__ = ["Check", "Level", "examine"]
