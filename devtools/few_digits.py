"""A data folder with few real digits, on which an epoch takes a moment."""

import struct
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mnist_tui.data.sample import load_sample
from mnist_tui.data.spec import FILES


def write_few_digits(folder: Path, training: int = 330, validation: int = 100) -> Path:
    """Write that many digits, of all classes, in torchvision's layout."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    digits = load_sample()
    splits = ((digits.train, training, FILES[:2]), (digits.validation, validation, FILES[2:]))
    for split, count, (images, labels) in splits:
        step = len(split.labels) // count  # the sample is in the order of its classes
        write_idx(raw / images, split.images[::step][:count])
        write_idx(raw / labels, split.labels[::step][:count].astype("uint8"))
    return folder


def write_idx(path: Path, array: NDArray[Any]) -> None:
    """Write `array`, of uint8 or big-endian int32, as an IDX file; see mnist_tui.data.idx."""
    kind = 0x08 if array.dtype == "u1" else 0x0C
    header = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *map(int, array.shape))
    path.write_bytes(header + array.tobytes())
