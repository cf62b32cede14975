"""The process without a terminal: trains one run for the process that has started it.

    python -m mnist_tui.cli.owner CHANNEL [LOCK]

No command for users: `mnist-tui train --detach`, and dashboards that are left, start it. Both
arguments are numbers of descriptors that it inherits. process/predecessor.py says how a run is
handed over by that way.
"""

import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from mnist_tui.engine.runner import TrainingRunner
from mnist_tui.process.channel import Channel, plan_from_dict
from mnist_tui.process.predecessor import Predecessor
from mnist_tui.process.signals import signals_as_requests
from mnist_tui.remote.server import serve
from mnist_tui.run.events import Event, RunEnded, RunPrepared
from mnist_tui.run.requests import Stop
from mnist_tui.run.session import Session

_LOOK_S = 0.1
"""Between two looks at what is being done."""


def main(arguments: list[str]) -> NoReturn:
    """Train the run that is asked for, and exit with its code."""
    descriptor, *lock = map(int, arguments)
    channel = Channel(Connection(descriptor))
    plan = channel.receive()
    if plan is None:
        sys.exit(1)
    predecessor = Predecessor(channel, lock[0]) if lock else None
    runner = TrainingRunner(plan_from_dict(plan), serve, predecessor=predecessor)
    starter = Starter(
        channel,
        runner.session,
        is_predecessor=predecessor is not None,
        outlives=plan.get("outlives", True),
    )
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with signals_as_requests(runner.session.request):
        runner.run()
    sys.exit(starter.exit_code)


class Starter:
    """Tells the process that has started this one how the run's preparation goes."""

    def __init__(
        self, channel: Channel, session: Session, *, is_predecessor: bool, outlives: bool
    ) -> None:
        """
        Args:
            channel: To that process.
            is_predecessor: Whether it sends other messages until the run is prepared here.
            outlives: Whether the run goes on when that process ends.
        """
        self.exit_code = 1
        """The code that the run ended with."""
        self._channel = channel
        self._session = session
        self._outlives = outlives
        self._is_predecessor = is_predecessor
        self._is_prepared = threading.Event()
        session.subscribe(self._on_event)
        for act in (self._report, self._take_requests):
            threading.Thread(target=act, name=act.__name__, daemon=True).start()

    def _take_requests(self) -> None:
        """Take requests until the other process ends."""
        if self._is_predecessor:
            self._is_prepared.wait()
        for request in self._channel.requests():
            self._session.mailbox.put(request)
        if not self._outlives:
            self._session.mailbox.put(Stop(reason="Ended with its starter", exit_code=143))

    def _report(self) -> None:
        """Say what is being done until the run is prepared."""
        reported = ""
        while not self._is_prepared.wait(_LOOK_S):
            activity = self._session.progress.activity
            if activity != reported:
                reported = activity
                self._channel.send({"activity": activity})

    def _on_event(self, event: Event) -> None:
        if not self._is_prepared.is_set():  # then nobody listens any more
            self._channel.send({"event": event.to_dict()})
        match event:
            case RunPrepared():
                _print_to(Path(event.directory) / "log.txt")
                self._is_prepared.set()
            case RunEnded():
                self.exit_code = event.exit_code


def _print_to(path: Path) -> None:
    """Send what libraries print, and what a crash prints, to a file."""
    with suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(file, stream.fileno())
        os.close(file)


if __name__ == "__main__":
    main(sys.argv[1:])
