"""Which Ray cluster is to train a sweep. Knows nothing of Ray but what an address looks like."""

import re
from dataclasses import dataclass
from typing import Any, Final

from mnist_tui.errors import Remedy, UsageError

LOCAL: Final = "local"
"""The address of a cluster that is made on this machine, and ends with the sweep."""
AUTO: Final = "auto"
"""The address of the cluster that this machine is a node of."""
_ADDRESS: Final = re.compile(r"(?:ray://)?(?:\[(?P<ip6>[\w:]+)\]|(?P<host>[\w.-]+)):(?P<port>\d+)")

_SMALLEST_SHARE: Final = 0.0001
"""Ray counts in ten-thousandths."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Which cluster trains a sweep, and how much of it each run gets.

    Raises:
        UsageError: When made with what cannot be one.
    """

    address: str
    """As Ray has it: LOCAL, AUTO, HOST:PORT, or ray://HOST:PORT from outside of the cluster."""
    cpus: int = 1
    """Processor cores, and torch's threads."""
    gpus: float | None = None
    """GPUs, or a share of one; None: one, where the cluster has any."""

    def __post_init__(self) -> None:
        if self.address not in (LOCAL, AUTO) and not _ADDRESS.fullmatch(self.address):
            raise UsageError(
                f"{self.address} is no address of a Ray cluster: it is {LOCAL}, {AUTO}, HOST:PORT "
                "or ray://HOST:PORT",
                Remedy(settings={"ray": LOCAL}),
            )
        if self.gpus is not None and self.gpus and not self.gpus >= _SMALLEST_SHARE:
            raise UsageError(
                f"a run cannot have {self.gpus:g} GPUs: the smallest share is {_SMALLEST_SHARE:g}",
                Remedy(settings={"gpus_per_run": _SMALLEST_SHARE}),
            )
        if self.gpus is not None and self.gpus > 1 and self.gpus != round(self.gpus):
            raise UsageError(
                f"a run cannot have {self.gpus:g} GPUs: it can have a share of one, or whole ones",
                Remedy(settings={"gpus_per_run": round(self.gpus)}),
            )

    @property
    def settings(self) -> dict[str, Any]:
        """The same by the names of the command's options."""
        given = {"ray": self.address, "cpus_per_run": self.cpus}
        return given if self.gpus is None else {**given, "gpus_per_run": self.gpus}

    @property
    def beginning(self) -> str:
        """What is done first, which may take a while, in words."""
        if self.address == LOCAL:
            return "starting Ray"
        return f"connecting to {self.name}"

    @property
    def name(self) -> str:
        """Which cluster it is, in words."""
        if self.address in (LOCAL, AUTO):
            return "the Ray cluster of this machine"
        return f"the Ray cluster at {self.address}"

    @property
    def place(self) -> tuple[str, int] | None:
        """The host and port that are to answer, where the address says them."""
        found = _ADDRESS.fullmatch(self.address)
        return (found["host"] or found["ip6"], int(found["port"])) if found else None
