"""What two processes say to each other about a run, beside the values of the contract.

The server speaks first: a Greeting, or an Answer that says why the client is refused. A client
answers with a Greeting of its own, then asks: for the status, to watch, or with any Request. Each
request has an id and is answered twice, with that id: an Answer at once, then Done, Failed or the
result. `greeting`, `status_asked`, `run_status`, `stop` and `answer` are frozen: they keep their
names and fields for good, so that programs of any two contracts understand that much of each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CONTRACT: Final = 1
"""The number of this contract; not the release's. It changes where shapes cannot merely grow."""
OLDEST_CONTRACT: Final = 1
"""The oldest contract that this program still speaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """The first message of either side. Frozen."""

    contract: int
    oldest: int
    """The oldest contract that it speaks."""
    release: str
    pid: int
    host: str
    run: str = ""
    """The run's name; empty from a client."""
    directory: str = ""
    """The run's directory, as a path; empty from a client."""


@dataclass(frozen=True, slots=True)
class StatusAsked:
    """Send one RunStatus. Frozen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """How far the run is, and who watches. Frozen."""

    run: str
    directory: str
    pid: int
    host: str
    state: str
    epoch: int
    epochs: int
    batch: int
    batches: int
    viewers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Send everything from now on: what has been so far, then each change."""

    is_read_only: bool = False
    """Whether to refuse whatever would change the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The newest events from before a client came, oldest first; earlier ones are on disk."""

    lines: tuple[Mapping[str, Any], ...]
    """Each as a line of events.jsonl: `time`, `event`, and its fields."""


@dataclass(frozen=True, slots=True)
class MachineAsked:
    """Send one MachineSample of the machine that trains."""


@dataclass(frozen=True, slots=True)
class Done:
    """An accepted request has been honored."""

    message: str
    """What it did, in one line."""
    epoch: int = 0
    """The epoch in which that was."""
    batch: int = 0
    """Batches of that epoch that were done then."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An accepted request could not be honored."""

    message: str
    """Why, in one line."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """Another message, made smaller."""

    frame: bytes
    """The whole of its frame, compressed by zlib."""
