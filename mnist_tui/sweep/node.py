"""One run of a sweep on another machine, as that machine has it. Knows nothing of Ray."""

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mnist_tui.run.plan import TrainedRun
from mnist_tui.run.requests import Save, Stop
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.parcel import Parcel, Sender, unpack
from mnist_tui.store.run_source import RunSource
from mnist_tui.store.used_models import hash_file
from mnist_tui.sweep.executor import Ended
from mnist_tui.sweep.local import LocalExecutor
from mnist_tui.version import __version__

_LOCK_S: Final = 180.0
"""How long a run stays locked, at most, by a machine that has died: as file servers keep it."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A machine that may train runs."""

    host: str
    version: str
    """Of this package there."""
    shares_folder: bool
    """Whether the sweep's folder is the same one there, and can be written to."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """A run to be trained on a node, and what that needs."""

    plan: TrainedRun
    """Its folder is where the run is on the machine that hands it out."""
    origin: Path
    """The folder that relative paths of the user's are below, on that machine."""
    files: Parcel | None
    """The run as it is there; None: both have its folder."""
    source: Parcel
    """The Python files of a network of the user's own, by their paths below the folder that its
    name is looked for in; none for the networks of this package."""
    environment: Mapping[str, str]
    """Variables of the process that trains."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a run goes on."""

    files: Parcel
    """Those that have changed since the last report; none where both have its folder."""
    ended: Ended | None
    """How it ended; None: it has not."""


def describe_node(marker: Path) -> Node:
    """What the machine is like that this is called on.

    Args:
        marker: A file in the sweep's folder, with its own name as its content: a name that no
            other file has, so that whoever reads it has that very folder.
    """
    return Node(
        host=platform.node(),
        version=__version__,
        shares_folder=_reads(marker) and os.access(marker.parent, os.W_OK | os.X_OK),
    )


def _reads(marker: Path) -> bool:
    try:
        return marker.read_text() == marker.name
    except (OSError, ValueError):
        return False


class NodeAgent:
    """Trains one run in a process of the machine that it finds itself on, which saves and ends when
    this one dies. One thread.
    """

    def __init__(self) -> None:
        self._reports = 0
        self._last = Report(files={}, ended=None)
        self._is_begun = False
        self._stop: Stop | None = None
        """The request to stop that came before the run was begun."""
        self._problem = ""
        """Why the run is stopped although nobody wants it stopped."""

    def describe(self, marker: Path) -> Node:
        """As `describe_node`."""
        return describe_node(marker)

    def train(self, order: Order) -> None:
        """Get everything ready; `look` begins the run.

        Raises:
            OSError, ValueError: When the files that come with it cannot be written.
        """
        self._work = Path(tempfile.mkdtemp(prefix="mnist-tui-"))
        self._source = {path: hash_file(content) for path, content in order.source.items()}
        self._plan, self._sender = order.plan, None
        if order.files is not None:
            self._plan = replace(order.plan, runs_dir=self._work / "runs")
            self._sender = Sender(self._directory.path)
            unpack(self._directory.path, order.files)
            self._sender.pack()  # which need not go back
        unpack(self._work, order.source)
        os.environ.update(order.environment)
        has_origin = not order.source and order.origin.is_dir()
        self._executor = LocalExecutor(
            1, order.origin if has_origin else self._work, is_outlived=False
        )
        self._since = time.monotonic()

    @property
    def _directory(self) -> RunDirectory:
        return RunDirectory(self._plan.runs_dir / str(self._plan.name))

    def look(self, received: int) -> Report:
        """Find out how the run goes on; begins it once it is not locked.

        Args:
            received: How many reports have come through; the last one is given again otherwise.
        """
        if received == self._reports:
            if not self._is_begun:
                ended = self._begin()
            else:
                self._check_source()
                ended = next(iter(self._executor.wait(0)), None)
            files = self._sender.pack() if self._sender else {}
            self._last = Report(files=files, ended=self._close(ended) if ended else None)
            self._reports += 1
        return self._last

    def send(self, request: Stop | Save) -> None:
        """Have the run honor a request."""
        if not self._is_begun and isinstance(request, Stop):
            self._stop = request
        self._executor.send(request)

    def _begin(self) -> Ended | None:
        if self._stop is not None:
            return Ended(str(self._plan.name), self._stop.exit_code)
        # A machine that has died leaves its lock behind, or the looks of a live run.
        if self._directory.lock.is_held():
            if time.monotonic() - self._since < _LOCK_S:
                return None
            owner = self._directory.lock.owner
            return Ended(str(self._plan.name), 2, f"it is still being trained by {owner}")
        self._is_begun = True
        self._executor.start(self._plan)
        return None

    def _check_source(self) -> None:
        """Stop a run that has found other code here than what its network is to be."""
        imported = RunSource.of(self._directory) if self._source and not self._problem else None
        if imported is not None and imported.hashes != self._source:
            self._problem = f"{imported.name} is other code here, below {imported.folder}"
            self._executor.send(Stop(save=False, exit_code=2))

    def _close(self, ended: Ended) -> Ended:
        """Tidy up, and say where it was that the run could not be trained."""
        shutil.rmtree(self._work, ignore_errors=True)
        if self._problem:
            ended = replace(ended, exit_code=2, message=self._problem)
        is_failure = ended.exit_code is not None and 0 < ended.exit_code < 128
        at = f" (on {platform.node()})" if is_failure else ""
        return replace(ended, message=f"{ended.message}{at}")
