"""The networks of their own that this user has trained: what may be imported without being named.

Code is only ever imported from what the user names. What they have named once, they need not
name again as long as it is the same code, byte by byte: its hash is in a list in their home.
Nothing that comes with a run, a checkpoint or an archive of somebody else can put it there.
"""

import hashlib
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import platformdirs

from mnist_tui.store.atomic import read_json, write_json

log: Final = logging.getLogger(__name__)

named_here: Final[set[str]] = set()
"""The hashes of what was named in this process, for users without a home."""
_KEPT: Final = 200
"""How many are remembered; those that were used longest ago are forgotten."""


def hash_file(content: bytes) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def code_hash(name: str, hashes: Mapping[str, str]) -> str:
    """SHA-256 over what is imported.

    Args:
        name: The class or function, as it is named: `net.py:Net`.
        hashes: Of its files, by their paths.
    """
    lines = [name.rpartition("/")[2], *(f"{hashes[path]} {path}" for path in sorted(hashes))]
    return hash_file("\n".join(lines).encode())


def remember(name: str, folder: Path, hashes: Mapping[str, str]) -> None:
    """Note that the user has named this code. Does nothing where they have no home.

    Args:
        name: As in `code_hash`.
        folder: What `name` is below.
        hashes: As in `code_hash`.
    """
    code = code_hash(name, hashes)
    named_here.add(code)
    same = [entry for entry in _entries() if entry.get("code") == code]
    rest = [entry for entry in _entries() if entry.get("code") != code]
    used = {"name": name, "folder": str(folder.resolve()), "code": code}
    if same and _typed_here(same[0]):
        used = same[0]  # a copy of it need not be offered
    entries = [{**used, "time": round(time.time(), 3)}, *rest][:_KEPT]
    with suppress(OSError, RuntimeError, KeyError):
        path = _file()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(path, {"models": entries})
        return
    log.info("the list of the user's networks cannot be written")


def is_known(name: str, hashes: Mapping[str, str]) -> bool:
    """Whether the user has named this very code before."""
    code = code_hash(name, hashes)
    return code in named_here or any(entry.get("code") == code for entry in _entries())


def used_names() -> list[str]:
    """The names to offer to a user, the newest first: those whose file is still there."""
    return list(dict.fromkeys(filter(None, map(_typed_here, _entries()))))


def _typed_here(entry: Mapping[str, Any]) -> str:
    """A network's name as it is typed in the current folder; empty where its file is gone."""
    name, folder = str(entry.get("name")), str(entry.get("folder"))
    place, _, attribute = name.rpartition(":")
    if not place.endswith(".py"):
        return name
    path = Path(folder) / Path(place).name
    with suppress(OSError):
        if path.is_file():
            here = Path.cwd()
            typed = path.relative_to(here) if path.is_relative_to(here) else path
            return f"{typed}:{attribute}"
    return ""


def _entries() -> list[dict[str, Any]]:
    with suppress(OSError, RuntimeError, KeyError):
        entries = read_json(_file()).get("models")
        if isinstance(entries, list):
            return [entry for entry in entries if isinstance(entry, dict)]
    return []


def _file() -> Path:
    return platformdirs.user_state_path("mnist-tui") / "models.json"
