"""Files of users' code, written for a test."""

from pathlib import Path

from mnist_tui.models.importing import ModelSpec, import_model
from mnist_tui.models.source import ModelSource

TOP = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"


def write(folder: Path, text: str, name: str = "net.py") -> Path:
    """A file with torch imported on its first three lines."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{TOP}{text}")
    return path


def load(folder: Path, text: str, attribute: str = "Net") -> ModelSource:
    """A network in a file of its own."""
    write(folder, text)
    return import_model(ModelSpec.parse(f"net.py:{attribute}"), folder)[0]
