"""What is known of a dataset before its examples are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from mnist_tui.errors import DataError
from mnist_tui.run.classes import DIGITS, FEWEST_CLASSES, MOST_CLASSES, images_noun

FILES: Final = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The names of MNIST's files, which other datasets use as well."""


@dataclass(frozen=True, kw_only=True)
class IdxFiles:
    """The four files that a dataset lies in, in the format of `idx`."""

    folder: str
    """The folder that torchvision gives them: they are in `FashionMNIST/raw`."""
    names: tuple[str, str, str, str] = FILES
    """Images and labels to train on, images and labels to validate on."""
    installed: str = ""
    """A folder in which a package of the system puts them."""
    is_transposed: bool = False
    """Whether images are stored column by column, so that they lie on their side."""
    first_label: int = 0
    """The number of the first class."""
    label_columns: int = 0
    """Numbers of 32 bits per label, the class first; 0: the class alone, in a byte."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where packed files are downloaded from, and what they must be."""

    mirrors: tuple[str, ...]
    """Base URLs, each ending with a slash; torchvision's own."""
    resources: tuple[tuple[str, str], ...]
    """(name of a packed file, its MD5, which torchvision verifies)."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of files by their names, packed or unpacked, where it is known."""
    files: tuple[str, ...] = FILES
    """The names of the unpacked files that are kept."""
    packed_bytes: int
    """The packed files together."""
    disk_bytes: int = 120_000_000
    """What all files take together, packed and unpacked."""
    max_bytes: int = 300_000_000
    """More than this cannot be the dataset."""
    connect_s: float = 2.5
    """Seconds within which a mirror or a proxy must be reached."""
    stall_s: float = 30.0
    """Seconds without a new byte after which the download is given up."""


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """One dataset: a row of the registry, or made from a folder or file of the user's.

    Raises:
        DataError: When made with too few or too many classes, or with two of one name.
    """

    name: str
    """What the settings of a run call it: `mnist`, or an absolute path."""
    title: str
    """Its name in words: `Fashion-MNIST`."""
    classes: tuple[str, ...] = DIGITS
    """The names of its classes, in the order of the labels."""
    is_handwriting: bool = True
    """Whether images are characters in MNIST's form, fitted into 20x20 pixels and centered by
    mass. Other images fill their 28x28 pixels as they are."""
    fingerprint: str = ""
    """Of the official examples; empty where it is not known."""
    files: IdxFiles | None = None
    """What it lies in, for those that torchvision knows."""
    source: Source | None = None
    """Where that comes from."""
    advice: str = ""
    """How else one can get it, in words."""

    def __post_init__(self) -> None:
        check_count(self.name, len(self.classes))
        if len(set(self.classes)) < len(self.classes):
            twice = next(name for name in self.classes if self.classes.count(name) > 1)
            raise DataError(f"{self.name} has two classes named {twice!r}; rename one of them")

    @property
    def images_noun(self) -> str:
        """What its images are called: `digits` or `images`."""
        return images_noun(self.classes)


def check_count(name: str, classes: int) -> None:
    """Find out whether a dataset of that name can have so many classes.

    Raises:
        DataError: When it cannot.
    """
    if not FEWEST_CLASSES <= classes <= MOST_CLASSES:
        found = f"{classes:,} class{'' if classes == 1 else 'es'}"
        raise DataError(f"{name} has {found}: {FEWEST_CLASSES} to {MOST_CLASSES} can be trained on")
