"""A data folder with few real digits, on which an epoch takes a moment."""

from pathlib import Path

from mnist_tui.data.idx import write_idx
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
