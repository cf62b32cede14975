"""A data folder with few real digits, on which an epoch takes a moment."""

from pathlib import Path

from mnist_tui.data.idx import write_idx
from mnist_tui.data.sample import load_sample
from mnist_tui.data.spec import FILES


def write_few_digits(folder: Path) -> Path:
    """Write 330 digits to train on and 100 to validate on, in torchvision's layout."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    digits = load_sample()
    images, labels = digits.train.images[::12][:330], digits.train.labels[::12][:330]
    write_idx(raw / FILES[0], images)
    write_idx(raw / FILES[1], labels.astype("uint8"))
    write_idx(raw / FILES[2], digits.validation.images[::10])
    write_idx(raw / FILES[3], digits.validation.labels[::10].astype("uint8"))
    return folder
