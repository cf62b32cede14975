"""Datasets: on disk, from the network, the packaged sample of MNIST, or the user's own."""

from mnist_tui.data.dataset import Dataset, Split
from mnist_tui.data.load import data_folder, load_dataset, read_mnist
from mnist_tui.data.spec import Source

__all__ = ["Dataset", "Source", "Split", "data_folder", "load_dataset", "read_mnist"]
