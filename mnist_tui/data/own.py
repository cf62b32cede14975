"""Datasets of the user's own: what they have in common, from wherever they come."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.spec import DatasetSpec
from mnist_tui.errors import DataError
from mnist_tui.images.normalize import is_mnist_form

_ONE_IN: Final = 5
"""One image in so many validates."""
_LOOKED_AT: Final = 500
"""How many images show whether they are in MNIST's form."""
_FORM_SHARE: Final = 0.9
"""From this part of them on, all count as handwriting in MNIST's form."""


def own_dataset(
    name: str,
    title: str,
    classes: tuple[str, ...],
    train: Split,
    validation: Split,
    notice: str = "",
) -> Dataset:
    """The dataset of these splits, whose images show whether they are handwriting.

    Raises:
        DataError: When there are too few or too many classes, or two of one name.
    """
    spec = DatasetSpec(
        name=name, title=title, classes=classes, is_handwriting=_is_handwriting(train.images)
    )
    return Dataset.of(spec, name, train, validation, notice)


def _is_handwriting(images: NDArray[np.uint8]) -> bool:
    some = images[:: -(-len(images) // _LOOKED_AT)]
    return sum(map(is_mnist_form, some)) >= _FORM_SHARE * len(some)


def split_by_content(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    digests: Sequence[bytes],
    classes: Sequence[str],
) -> tuple[Split, Split]:
    """Split images into those to train on and those to validate on, the same on each machine.

    Of each class a fifth validates, at least one image: those whose digests come first. Of
    images with the same digest one is kept, so that none is in both.

    Args:
        images: (N, 28, 28) uint8.
        labels: (N,) int64.
        digests: A hash of the content of each image.

    Raises:
        DataError: When a class has fewer than two different images.
    """
    train: list[int] = []
    validation: list[int] = []
    for label, name in enumerate(classes):
        places = {digests[place]: place for place in np.flatnonzero(labels == label).tolist()}
        ordered = [places[digest] for digest in sorted(places)]
        if len(ordered) < 2:
            found = "one image" if ordered else "no images"
            raise DataError(f"class {name!r} has {found}; each needs two different ones at least")
        count = max(1, len(ordered) // _ONE_IN)
        validation += ordered[:count]
        train += ordered[count:]
    return Split(images[train], labels[train]), Split(images[validation], labels[validation])
