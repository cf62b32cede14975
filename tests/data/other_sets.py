"""Data in the form of datasets that are not here, written from the sample's digits."""

from pathlib import Path

import numpy as np
from PIL import Image

from devtools.few_digits import write_idx
from mnist_tui.data.registry import SPECS
from mnist_tui.data.sample import load_sample


def write_set(name: str, folder: Path, step: int = 10) -> Path:
    """Write every `step`-th of the sample's digits in torchvision's layout of that dataset.

    The sample's class i becomes the dataset's class i, and its images are stored as that
    dataset's are: EMNIST's column by column, letters counted from 1, QMNIST's labels in tables.
    """
    spec = SPECS[name]
    assert spec.files is not None
    files, sample = spec.files, load_sample()
    raw = folder / files.folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for names, split in ((files.names[:2], sample.train), (files.names[2:], sample.validation)):
        images, labels = split.images[::step], split.labels[::step] + files.first_label
        write_idx(raw / names[0], images.transpose(0, 2, 1) if files.is_transposed else images)
        if files.label_columns:
            table = np.full((len(labels), files.label_columns), 7, ">i4")
            table[:, 0] = labels
            write_idx(raw / names[1], table)
        else:
            write_idx(raw / names[1], labels.astype(np.uint8))
    return folder


def write_images(folder: Path, count: int = 10) -> Path:
    """Write that many digits of three classes, called by words."""
    sample = load_sample().validation
    for label, name in enumerate(("nought", "one", "two")):
        (folder / name).mkdir(parents=True)
        images = sample.images[sample.labels == label][:count]
        for place, image in enumerate(images):
            Image.fromarray(image).save(folder / name / f"{place:03d}.png")
    return folder
