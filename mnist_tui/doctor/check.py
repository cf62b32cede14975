"""One thing that was looked at, and what was found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How good it is."""

    OK = "ok"
    WARNING = "warning"
    """Something is slower, plainer or less safe than it could be."""
    FAULT = "fault"
    """Something that was asked for cannot work."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A line of the report."""

    name: str
    level: Level = Level.OK
    found: str
    """What is there, in words."""
    advice: str = ""
    """What to do; empty where nothing needs to be done."""


def ok(name: str, found: str) -> Check:
    """A check that is as it should be."""
    return Check(name=name, found=found)


def warning(name: str, found: str, advice: str) -> Check:
    """A check that could be better."""
    return Check(name=name, level=Level.WARNING, found=found, advice=advice)


def fault(name: str, found: str, advice: str) -> Check:
    """A check that keeps something from working."""
    return Check(name=name, level=Level.FAULT, found=found, advice=advice)
