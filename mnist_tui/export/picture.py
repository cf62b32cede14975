"""A run's curves as a picture for a report."""

import io
from pathlib import Path
from typing import Literal

from mnist_tui.export import needing
from mnist_tui.export.curves import Curves
from mnist_tui.store.atomic import write_atomic


def export_picture(curves: Curves, path: Path, kind: Literal["png", "svg"]) -> tuple[Path, ...]:
    """Draw loss and accuracy over the epochs, as that kind of picture whatever `path` ends with.

    The training loss of the batches is drawn as the band from minimum to maximum, with its mean.

    Raises:
        UsageError: When the package matplotlib is not installed.
        OSError: When the file cannot be written.
    """
    with needing("plots"):
        from matplotlib.figure import Figure  # not pyplot, which would look for a display

    figure = Figure(figsize=(10, 4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    epochs = [row.epoch for row in curves.rows]
    if curves.batches:
        buckets = curves.history.all_buckets
        at = [(bucket.first + bucket.count) / curves.batches for bucket in buckets]
        low, high = [bucket.low for bucket in buckets], [bucket.high for bucket in buckets]
        loss.fill_between(at, low, high, alpha=0.2, color="C0", linewidth=0)
        loss.plot(at, [b.mean for b in buckets], color="C0", alpha=0.5, label="batches")
    loss.plot(epochs, [row.train_loss for row in curves.rows], "C0.-", label="training")
    loss.plot(epochs, [row.val_loss for row in curves.rows], "C1.-", label="validation")
    accuracy.plot(epochs, [100 * row.train_accuracy for row in curves.rows], "C0.-")
    accuracy.plot(epochs, [100 * row.val_accuracy for row in curves.rows], "C1.-")
    loss.set(xlabel="epoch", ylabel="loss", yscale="log")
    accuracy.set(xlabel="epoch", ylabel="accuracy, %")
    loss.legend()
    for axes in (loss, accuracy):
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.suptitle(curves.name)
    picture = io.BytesIO()
    figure.savefig(picture, format=kind, dpi=150)
    write_atomic(path, picture.getvalue())
    return (path,)
