"""What we are compared with, in a process of its own, as it would be run."""

from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

Measure = Callable[..., float]
"""Measures once, and returns the figure."""


class Apart:
    """A process that measures when it is called, and sleeps between the calls.

    What a run of ours sets for its whole process does not reach it.
    """

    def __init__(self, prepare: Callable[..., Measure], *args: Any) -> None:
        """Start the process; `prepare(*args)` gives there what is called. Both by reference."""
        context = get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, prepare, args), daemon=True)
        self._process.start()
        there.close()

    def __call__(self, *args: Any) -> float:
        """Measure once.

        Raises:
            EOFError: When the process has ended; it has said why on stderr.
        """
        self._here.send(args)
        figure: float = self._here.recv()
        return figure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._here.close()
        self._process.join()


def _serve(pipe: Connection, prepare: Callable[..., Measure], args: tuple[Any, ...]) -> None:
    measure = prepare(*args)
    while True:
        try:
            asked = pipe.recv()
        except EOFError:
            return
        pipe.send(measure(*asked))
