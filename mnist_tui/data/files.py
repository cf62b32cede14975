"""MNIST's four files on disk, in the forms in which people have them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILES: Final = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The names of the four files: images and labels to train on, images and labels to validate on."""

RAW: Final = Path("MNIST", "raw")
"""Where torchvision puts them, below a folder of its user's choice."""
_PLACES: Final = (RAW, Path("raw"), Path("MNIST"), Path(), Path("mnist"), Path("mnist", "raw"))
"""Where they are looked for below the data folder, which may itself be `MNIST` or `raw`."""
_MAX_FOLDERS: Final = 100
"""How many folders in the data folder are looked into."""
_PROCESSED: Final = (Path("MNIST", "processed"), Path("processed"), Path())


@dataclass(frozen=True)
class FoundFiles:
    """Which of the four files a data folder has."""

    folder: Path
    """The folder that has most of them."""
    paths: dict[str, Path]
    """Each file that is there, by its name in FILES."""
    processed: Path | None = None
    """`training.pt`, in which old versions of torchvision kept what these files hold."""

    @property
    def is_complete(self) -> bool:
        """Whether all four are there."""
        return len(self.paths) == len(FILES)

    @property
    def problem(self) -> str:
        """What is missing, in words."""
        if not self.paths and self.processed is not None:
            return (
                f"MNIST is there only as {self.processed}, in which old versions of torchvision "
                f"kept it, not as {FILES[0]} and the three other files"
            )
        if not self.paths:
            return f"MNIST is not in {self.folder}"
        missing = [name for name in FILES if name not in self.paths]
        return f"MNIST is not complete in {self.folder} ({' and '.join(missing)} missing)"


def find_files(folder: Path) -> FoundFiles:
    """Look for MNIST in `folder`: in torchvision's layout, a level higher or deeper, unpacked or
    packed by gzip, with a dot or a dash in the names.
    """
    found = FoundFiles(folder, {})
    for place in _places(folder):
        paths = {name: path for name in FILES if (path := _find(place, name)) is not None}
        if len(paths) > len(found.paths):
            found = FoundFiles(place, paths)
        if found.is_complete:
            return found
    processed = (folder / place / "training.pt" for place in _PROCESSED)
    return FoundFiles(found.folder, found.paths, next(filter(_is_file, processed), None))


def _places(folder: Path) -> Iterator[Path]:
    """Where the files may be, the most likely place first."""
    yield from (folder / place for place in _PLACES)
    # In the folder of another program, whose name begins with no dot as a download's does.
    with suppress(OSError):
        inner = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        yield from (path / RAW for path in inner[:_MAX_FOLDERS])


def _find(folder: Path, name: str) -> Path | None:
    """The file of that name in one of its spellings."""
    for stem in (name, name.replace("-idx", ".idx")):
        for spelling in (stem, f"{stem}.gz"):
            path = folder / spelling
            # Kaggle's archive has each file in a folder of the file's name.
            inner = folder / stem / spelling
            if _is_file(inner):
                return inner
            if os.path.lexists(path):
                return path
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a folder that cannot be read
        return False
