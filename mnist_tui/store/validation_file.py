"""The results of a run's validations as one file of plain arrays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.run.validation import EpochResults, Example, TrackedExample, ValidationResults
from mnist_tui.store.arrays_file import Arrays, arrays_bytes, read_arrays

_LARGEST_BYTES: Final = 256_000_000
"""No file of ours is larger, whatever its entries say."""

_EXAMPLE: Final = {
    "index": "<i4",
    "label": "u1",
    "predicted": "u1",
    "probability": "<f4",
    "label_probability": "<f4",
    "loss": "<f4",
}
"""The columns of the examples, less their images, with their types."""

_COLUMN_NAMES: Final = {"predicted": "guess"}
"""What the file calls a column, where that is not the name of the attribute."""


def validation_bytes(results: ValidationResults) -> bytes:
    """The file's content. Takes some milliseconds; keep it off the training thread."""
    arrays: dict[str, NDArray[Any]] = {
        "epochs": np.array([known.epoch for known in results.epochs], "<i4"),
        "confusion": np.array([known.confusion for known in results.epochs], "<i4"),
        "guesses": _joined([known.tracked for known in results.epochs]),
        "watched_index": np.array([example.index for example in results.tracked], "<i4"),
        "watched_label": np.array([example.label for example in results.tracked], "u1"),
        "watched_image": _joined([example.image for example in results.tracked]),
    }
    for name, examples in (("mistakes", results.mistakes), ("narrow", results.least_confident)):
        for attribute, kind in _EXAMPLE.items():
            values = [getattr(example, attribute) for example in examples]
            arrays[_column(name, attribute)] = np.array(values, kind)
        arrays[f"{name}_image"] = _joined([example.image for example in examples])
    return arrays_bytes(arrays)


def read_validation(path: Path) -> ValidationResults:
    """The results in the file; empty ones where there is no file. Runs no code from it.

    Raises:
        DataError: When the file cannot be read or is damaged.
    """
    found = read_arrays(path, _LARGEST_BYTES, _results, "the next epoch replaces it")
    return found or ValidationResults()


def _results(arrays: Arrays) -> ValidationResults:
    numbers, confusion = arrays["epochs"].tolist(), arrays["confusion"]
    if numbers != sorted(set(numbers)) or min(numbers, default=1) < 1:
        raise ValueError("its epochs are not in order")
    if numbers and (confusion.ndim != 3 or confusion.shape[1] != confusion.shape[2]):
        raise ValueError("its tables are not square")
    if confusion.min(initial=0) < 0:
        raise ValueError("its counts are negative")
    classes = confusion.shape[1] if numbers else 256
    images = _images(arrays["watched_image"])
    tracked = tuple(
        TrackedExample(index=int(index), label=_class(label, classes), image=image)
        for index, label, image in zip(
            arrays["watched_index"], arrays["watched_label"], images, strict=True
        )
    )
    # Old files hold all epochs of a long run.
    return ValidationResults().extended_by(
        ValidationResults(
            tracked=tracked,
            epochs=tuple(
                EpochResults(
                    epoch=int(epoch), confusion=tuple(map(tuple, counts)), tracked=probabilities
                )
                for epoch, counts, probabilities in zip(
                    numbers,
                    confusion.tolist(),
                    _split(arrays["guesses"], 2 * classes * len(tracked)) if tracked else [],
                    strict=True,
                )
            ),
            mistakes=_examples(arrays, "mistakes", classes),
            least_confident=_examples(arrays, "narrow", classes),
        )
    )


def _column(name: str, attribute: str) -> str:
    return f"{name}_{_COLUMN_NAMES.get(attribute, attribute)}"


def _examples(arrays: Arrays, name: str, classes: int) -> tuple[Example, ...]:
    columns = [arrays[_column(name, attribute)].tolist() for attribute in _EXAMPLE]
    images = _images(arrays[f"{name}_image"])
    return tuple(
        Example(
            index=int(index),
            label=_class(label, classes),
            predicted=_class(predicted, classes),
            probability=float(probability),
            label_probability=float(label_probability),
            loss=float(loss),
            image=image,
        )
        for index, label, predicted, probability, label_probability, loss, image in zip(
            *columns, images, strict=True
        )
    )


def _class(value: Any, classes: int) -> int:
    if not 0 <= int(value) < classes:
        raise ValueError(f"{value} is not a class")
    return int(value)


def _joined(parts: Sequence[bytes]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(parts), np.uint8)


def _images(values: NDArray[Any]) -> list[bytes]:
    return _split(values, 28 * 28)


def _split(values: NDArray[Any], size: int) -> list[bytes]:
    """The bytes of an array in pieces of `size`."""
    content = np.asarray(values, np.uint8).tobytes()
    if len(content) % size:
        raise ValueError("it is cut off")
    return [content[start : start + size] for start in range(0, len(content), size)]
