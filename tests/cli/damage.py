"""Data folders that something is wrong with."""

from collections.abc import Callable
from pathlib import Path

from mnist_tui.data.spec import FILES


def damage(few_digits: Path, folder: Path, file: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of the data folder with one file changed."""
    raw = folder / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in FILES:
        content = (few_digits / "MNIST" / "raw" / name).read_bytes()
        (raw / name).write_bytes(change(content) if name == file else content)
    return folder / "data"
