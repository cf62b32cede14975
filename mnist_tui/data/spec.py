"""What is known of a dataset before its examples are read."""

from dataclasses import dataclass

from mnist_tui.errors import DataError
from mnist_tui.run.classes import DIGITS, FEWEST_CLASSES, MOST_CLASSES, images_noun


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
    """Of the official examples; empty where nobody has published any, or it is not known."""

    def __post_init__(self) -> None:
        count = len(self.classes)
        if not FEWEST_CLASSES <= count <= MOST_CLASSES:
            found = f"{count} class{'' if count == 1 else 'es'}"
            raise DataError(
                f"{self.name} has {found}: {FEWEST_CLASSES} to {MOST_CLASSES} can be trained on"
            )
        if len(set(self.classes)) < count:
            twice = next(name for name in self.classes if self.classes.count(name) > 1)
            raise DataError(f"{self.name} has two classes named {twice!r}; rename one of them")

    @property
    def images_noun(self) -> str:
        """What its images are called: `digits` or `images`."""
        return images_noun(self.classes)
