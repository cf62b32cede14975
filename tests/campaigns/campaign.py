"""What all campaigns share: attempts by seed, the count of survivors, and the command line."""

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

Attempt = Callable[[random.Random, Path], None]
"""Tries once, by these dice, in this empty folder; raises when something is lost."""


@dataclass(frozen=True)
class Failure:
    """An attempt that did not survive."""

    seed: int
    reason: str


@dataclass
class Outcome:
    """What a campaign came to."""

    tried: int = 0
    failures: list[Failure] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{self.tried} tried, {self.tried - len(self.failures)} survived"]
        lines += [f"seed {failure.seed}: {failure.reason}" for failure in self.failures]
        return "\n".join(lines)


def try_many(
    attempt: Attempt,
    count: int,
    seed: int,
    *,
    limit_s: float | None = None,
    verbose: bool = False,
) -> Outcome:
    """Attempt `count` times, with the seeds from `seed` on; begin none after `limit_s`."""
    outcome, began = Outcome(), time.monotonic()
    for number in range(seed, seed + count):
        if limit_s is not None and time.monotonic() - began > limit_s:
            break
        folder = Path(tempfile.mkdtemp(prefix="campaign-"))
        try:
            attempt(random.Random(number), folder)
            if verbose:
                print(f"seed {number} survived", flush=True)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the next seed is tried
            if verbose:
                traceback.print_exc()
            reason = f"{type(error).__name__}: {error}".strip().splitlines()[0]
            outcome.failures.append(Failure(number, reason[:300]))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        outcome.tried += 1
    return outcome


def spread(values: Sequence[float], unit: str = "s") -> str:
    """What was measured, in words."""
    if not values:
        return "never measured"
    return (
        f"median {statistics.median(values):.2f} {unit}, at most {max(values):.2f} {unit} "
        f"({len(values)} measured)"
    )


def main(
    attempt: Attempt,
    count: int,
    args: Sequence[str] | None = None,
    *,
    measured: Callable[[], Sequence[str]] = tuple,
) -> None:
    """The campaign as a command: print the outcome, and exit with 1 if something was lost.

    Args:
        attempt: What is tried.
        count: How often, unless the command line says otherwise.
        args: The command line; None: the process's own.
        measured: Gives lines to print before the outcome.
    """
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--count", type=int, default=count, help="attempts [%(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="of the first one [%(default)s]")
    parser.add_argument("--verbose", action="store_true", help="tell of each attempt")
    parser.add_argument("--minutes", type=float, help="begin no attempt after that many")
    given = parser.parse_args(args)
    home = tempfile.mkdtemp(prefix="campaign-home-")
    os.environ["HOME"] = home
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        os.environ.pop(name, None)
    try:
        limit_s = 60 * given.minutes if given.minutes else None
        outcome = try_many(attempt, given.count, given.seed, limit_s=limit_s, verbose=given.verbose)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        clean_up()
    for line in measured():
        print(line)
    print(outcome)
    sys.exit(1 if outcome.failures else 0)


_KEPT: list[Path] = []


def kept_folder() -> Path:
    """A folder that lasts as long as the campaign."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-kept-"))
    _KEPT.append(folder)
    return folder


def clean_up() -> None:
    """Delete what was kept."""
    while _KEPT:
        shutil.rmtree(_KEPT.pop(), ignore_errors=True)
    few_digits.cache_clear()


@cache
def few_digits() -> Path:
    """A data folder of few digits."""
    from devtools.few_digits import write_few_digits

    return write_few_digits(kept_folder())
