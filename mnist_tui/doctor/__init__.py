"""What the program finds on this machine, and what to do where that is not enough.

`examine` never raises and writes nothing that stays; each module has the checks of one thing.
"""

from mnist_tui.doctor.check import Check, Level
from mnist_tui.doctor.examine import examine

__all__ = ["Check", "Level", "examine"]
