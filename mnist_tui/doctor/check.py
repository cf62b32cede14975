"""One line of an examination."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Level(StrEnum):
    """The result of a check."""

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
    """A description."""
    advice: str = ""
    """The remedy; empty where none is needed."""


def ok(name: str, found: str) -> Check:
    """A check that is as it should be."""
    return Check(name=name, found=found)


def warning(name: str, found: str, advice: str) -> Check:
    """A check that could be better."""
    return Check(name=name, level=Level.WARNING, found=found, advice=advice)


def fault(name: str, found: str, advice: str) -> Check:
    """A check that keeps something from working."""
    return Check(name=name, level=Level.FAULT, found=found, advice=advice)


def shorten(path: str | Path) -> str:
    """A path with the user's home written as ~, so that it can be shown to strangers."""
    text, home = str(path), os.environ.get("HOME", "").rstrip("/")
    if home and (text == home or text.startswith(home + os.sep)):
        return "~" + text[len(home) :]
    return text
