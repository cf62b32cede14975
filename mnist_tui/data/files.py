"""A dataset's four files on disk, in the forms in which people have them."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mnist_tui.data.registry import MNIST
from mnist_tui.data.spec import DatasetSpec, IdxFiles

_MAX_FOLDERS: Final = 100
"""How many folders in the data folder are looked into."""


@dataclass(frozen=True)
class FoundFiles:
    """Which of a dataset's four files a data folder has."""

    spec: DatasetSpec
    files: IdxFiles
    """The spec's."""
    folder: Path
    """The folder that has most of them."""
    paths: dict[str, Path]
    """Each file that is there, by its name in the spec."""
    processed: Path | None = None
    """`training.pt`, in which old versions of torchvision kept what these files hold."""

    @property
    def is_complete(self) -> bool:
        """Whether all four are there."""
        return len(self.paths) == len(self.files.names)

    @property
    def problem(self) -> str:
        """What is missing, in words."""
        title, names = self.spec.title, self.files.names
        if not self.paths and self.processed is not None:
            return (
                f"{title} is there only as {self.processed}, in which old versions of torchvision "
                f"kept it, not as {names[0]} and the three other files"
            )
        if not self.paths:
            return f"{title} is not in {self.folder}"
        missing = [name for name in names if name not in self.paths]
        return f"{title} is not complete in {self.folder} ({' and '.join(missing)} missing)"


def find_files(folder: Path, spec: DatasetSpec = MNIST) -> FoundFiles:
    """Look for a dataset of files in `folder`: in torchvision's layout, a level higher or deeper,
    unpacked or packed by gzip, with a dot or a dash in the names; and where a package puts it.
    """
    files = spec.files
    if files is None:
        raise ValueError(f"{spec.name} does not lie in four files")
    found = FoundFiles(spec, files, folder, {})
    for place in _places(folder, files):
        paths = {name: path for name in files.names if (path := _find(place, name)) is not None}
        if len(paths) > len(found.paths):
            found = FoundFiles(spec, files, place, paths)
        if found.is_complete:
            return found
    old = (Path(files.folder, "processed"), Path("processed"), Path())
    processed = (folder / place / "training.pt" for place in old)
    return replace(found, processed=next(filter(_is_file, processed), None))


def raw_folder(files: IdxFiles) -> Path:
    """Where torchvision puts the files, below a folder of its user's choice."""
    return Path(files.folder, "raw")


def _places(folder: Path, files: IdxFiles) -> Iterator[Path]:
    """Where the files may be, the most likely place first. The data folder may itself be
    torchvision's, or its `raw`.
    """
    raw, small = raw_folder(files), files.folder.lower()
    places = (raw, Path("raw"), raw.parent, Path(), Path(small), Path(small, "raw"))
    yield from (folder / place for place in places)
    # In the folder of another program, whose name begins with no dot as a download's does.
    with suppress(OSError):
        inner = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        yield from (path / raw for path in inner[:_MAX_FOLDERS])
    if files.installed:
        yield Path(files.installed)


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
