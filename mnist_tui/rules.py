"""What values a setting can take, and how they are read from text."""

import math
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final


class Rule(ABC):
    """Checks the values of one setting."""

    @property
    @abstractmethod
    def wants(self) -> str:
        """What can be used, in few words: `a whole number from 1 to 9`."""

    @abstractmethod
    def accepts(self, value: object) -> bool:
        """Whether `value` can be used."""

    def problem(self, value: object) -> str | None:
        """Say why `value` cannot be used, in words that follow the setting's name, or None."""
        return None if self.accepts(value) else f"must be {self.wants}, not {value!r}"

    def parse(self, text: str) -> object:
        """Read a value from text. What cannot be read is returned as it is, for `problem`."""
        return text

    def canonical(self, value: object) -> object:
        """The one spelling of a value that has several; every other value as it is."""
        return value

    def spell(self, value: object) -> str:
        """A value as one would type it: every digit of a number, and nothing for None."""
        if isinstance(value, float):
            return repr(value).removesuffix(".0")
        return "" if value is None else str(value)


@dataclass(frozen=True)
class Choice(Rule):
    """One of a few words."""

    options: tuple[str, ...]

    @property
    def wants(self) -> str:
        return f"one of {', '.join(self.options)}"

    def accepts(self, value: object) -> bool:
        return value in self.options


@dataclass(frozen=True)
class Whole(Rule):
    """A whole number from `low` to `high`."""

    low: int
    high: int

    @property
    def wants(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def accepts(self, value: object) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return self.low <= value <= self.high

    def parse(self, text: str) -> object:
        try:
            return int(text)
        except ValueError:
            return text


@dataclass(frozen=True)
class Number(Rule):
    """A finite number up to `high`, and above `low` or, if `low_allowed`, at it."""

    low: float
    high: float
    low_allowed: bool = False

    @property
    def wants(self) -> str:
        if self.low_allowed:
            return f"a number from {self.low:g} to {self.high:g}"
        return f"a number above {self.low:g}, at most {self.high:g}"

    def accepts(self, value: object) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return False
        is_above = value >= self.low if self.low_allowed else value > self.low
        return math.isfinite(value) and is_above and value <= self.high

    def parse(self, text: str) -> object:
        try:
            return float(text)
        except ValueError:
            return text


_NAME: Final = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
_CODE: Final = re.compile(rf"(.*[^/\\]\.py|{_NAME}):{_NAME}")


@dataclass(frozen=True)
class Network(Rule):
    """A network of this package, or a class or function of the user's own."""

    names: Mapping[str, str]
    """The values of the networks of this package, by what users call them."""

    @property
    def wants(self) -> str:
        return f"{', '.join(self.names)} or FILE.py:NAME"

    def accepts(self, value: object) -> bool:
        is_code = isinstance(value, str) and _CODE.fullmatch(value) is not None
        return is_code or value in self.names.values()

    def parse(self, text: str) -> object:
        return self.canonical(text)

    def canonical(self, value: object) -> object:
        return self.names.get(value, value) if isinstance(value, str) else value

    def spell(self, value: object) -> str:
        return {known: name for name, known in self.names.items()}.get(str(value), str(value))


class Flag(Rule):
    """On or off."""

    wants = "on or off"

    def accepts(self, value: object) -> bool:
        return isinstance(value, bool)

    def parse(self, text: str) -> object:
        return {"on": True, "true": True, "off": False, "false": False}.get(text.lower(), text)

    def spell(self, value: object) -> str:
        return "on" if value else "off"


_DEVICE: Final = re.compile(r"auto|cpu|mps|cuda(:\d{1,2})?")


class Device(Rule):
    """The name of a device; whether this machine has it is found out when a run starts."""

    wants = "one of auto, cpu, cuda, cuda:N, mps"

    def accepts(self, value: object) -> bool:
        return isinstance(value, str) and _DEVICE.fullmatch(value) is not None


@dataclass(frozen=True)
class DatasetName(Rule):
    """The name of a dataset, or the path of the user's own: a folder, or a file of arrays.

    Whether there is anything at a path is found out when a run starts.
    """

    names: tuple[str, ...]

    @property
    def wants(self) -> str:
        return f"one of {', '.join(self.names)}, or the path of a folder or an .npz file"

    def accepts(self, value: object) -> bool:
        return isinstance(value, str) and (value in self.names or _looks_like_a_path(value))

    def parse(self, text: str) -> object:
        """A name as it is, and a path in full, so that it is found from any other folder."""
        if text in self.names or not (_looks_like_a_path(text) or os.path.isdir(text)):  # noqa: PTH112
            return text
        return str(absolute(expand_home(text)))


def expand_home(path: str) -> Path:
    """The path with a home folder in place of `~`; as it is where there is no such folder."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises there


def absolute(path: Path) -> Path:
    """The path in full; as it is where the current folder has been deleted."""
    try:
        return path.absolute()
    except OSError:
        return path


def _looks_like_a_path(text: str) -> bool:
    """Whether it has a separator, of this system or another, or the ending of arrays."""
    return "/" in text or "\\" in text or text.endswith(".npz")


class Folder(Rule):
    """A folder's path, or none."""

    wants = "a path"

    def accepts(self, value: object) -> bool:
        return value is None or isinstance(value, str)

    def parse(self, text: str) -> object:
        return text or None
