"""What a run's validations showed, as one small file of plain arrays."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mnist_tui.errors import DataError
from mnist_tui.run.validation import EpochResults, Example, TrackedExample, ValidationResults

_MOST_BYTES: Final = 256_000_000
"""More than this is in no file of ours, whatever its entries say."""

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

Arrays = Mapping[str, NDArray[Any]]


def insight_bytes(insight: ValidationResults) -> bytes:
    """The file's content. Takes some milliseconds; keep it off the training thread."""
    arrays: dict[str, NDArray[Any]] = {
        "epochs": np.array([seen.epoch for seen in insight.epochs], "<i4"),
        "confusion": np.array([seen.confusion for seen in insight.epochs], "<i4"),
        "guesses": _joined([seen.tracked for seen in insight.epochs]),
        "watched_index": np.array([digit.index for digit in insight.tracked], "<i4"),
        "watched_label": np.array([digit.label for digit in insight.tracked], "u1"),
        "watched_image": _joined([digit.image for digit in insight.tracked]),
    }
    for name, specimens in (("mistakes", insight.mistakes), ("narrow", insight.least_confident)):
        for column, kind in _EXAMPLE.items():
            values = [getattr(specimen, column) for specimen in specimens]
            arrays[_column(name, column)] = np.array(values, kind)
        arrays[f"{name}_image"] = _joined([specimen.image for specimen in specimens])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def read_insight(path: Path) -> ValidationResults:
    """What is in the file; an empty Insight where there is none. Runs no code from it.

    Raises:
        DataError: When the file cannot be read or is damaged.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as parts:
            if sum(part.file_size for part in parts.infolist()) > _MOST_BYTES:
                raise ValueError("its entries are too large")
            with np.load(file, allow_pickle=False) as arrays:
                return _insight({name: arrays[name] for name in arrays.files})
    except FileNotFoundError:
        return ValidationResults()
    except Exception as error:
        # Whatever a made-up file may hold in place of these arrays.
        reason = str(error).partition("\n")[0]
        raise DataError(f"{path} cannot be read ({reason}); the next epoch replaces it") from error


def _insight(arrays: Arrays) -> ValidationResults:
    labels, images = arrays["watched_label"], _images(arrays["watched_image"])
    watched = tuple(
        TrackedExample(index=int(index), label=_class(label), image=image)
        for index, label, image in zip(arrays["watched_index"], labels, images, strict=True)
    )
    guesses = _split(arrays["guesses"], 20 * len(watched)) if watched else []
    epochs = tuple(
        EpochResults(
            epoch=int(epoch),
            confusion=tuple(tuple(map(int, row)) for row in counts.reshape(10, 10).tolist()),
            tracked=given,
        )
        for epoch, counts, given in zip(arrays["epochs"], arrays["confusion"], guesses, strict=True)
    )
    numbers = [seen.epoch for seen in epochs]
    if numbers != sorted(set(numbers)) or min(numbers, default=1) < 1:
        raise ValueError("its epochs are not in order")
    if min((count for seen in epochs for row in seen.confusion for count in row), default=0) < 0:
        raise ValueError("its counts are negative")
    return ValidationResults(
        tracked=watched,
        epochs=epochs,
        mistakes=_specimens(arrays, "mistakes"),
        least_confident=_specimens(arrays, "narrow"),
    )


def _column(name: str, attribute: str) -> str:
    return f"{name}_{_COLUMN_NAMES.get(attribute, attribute)}"


def _specimens(arrays: Arrays, name: str) -> tuple[Example, ...]:
    columns = [arrays[_column(name, column)].tolist() for column in _EXAMPLE]
    images = _images(arrays[f"{name}_image"])
    return tuple(
        Example(
            index=int(index),
            label=_class(label),
            predicted=_class(guess),
            probability=float(probability),
            label_probability=float(label_probability),
            loss=float(loss),
            image=image,
        )
        for index, label, guess, probability, label_probability, loss, image in zip(
            *columns, images, strict=True
        )
    )


def _class(value: Any) -> int:
    if not 0 <= int(value) <= 9:
        raise ValueError(f"{value} is not a digit")
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
