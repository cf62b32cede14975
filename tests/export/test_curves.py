"""A run's curves in the formats of other programs, read back by those programs."""

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mnist_tui.errors import UsageError
from mnist_tui.export.curves import Curves, read_curves
from mnist_tui.export.picture import export_picture
from mnist_tui.export.tables import export_csv
from mnist_tui.export.tensorboard import export_tensorboard
from mnist_tui.store.directory import RunDirectory
from tests.training_helpers import few_config, train


@pytest.fixture(scope="module")
def directory(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return train(few_config(few_digits), tmp_path_factory.mktemp("runs"), "mine").directory


@pytest.fixture(scope="module")
def curves(directory: RunDirectory) -> Curves:
    return read_curves(directory)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_files_have_every_epoch_and_every_batch(curves: Curves, tmp_path: Path) -> None:
    epochs, batches, losses = export_csv(curves, tmp_path / "new" / "folder")
    found = rows_of(epochs)
    assert [float(row["val_loss"]) for row in found] == [row.val_loss for row in curves.rows]
    assert [row["epoch"] for row in found] == ["1", "2"]
    assert [float(row["loss"]) for row in rows_of(losses)] == list(curves.history.recent)
    assert [row["batch"] for row in rows_of(losses)] == [str(i) for i in range(1, 23)]
    groups = rows_of(batches)
    assert (groups[0]["first"], groups[-1]["last"]) == ("1", "22")
    assert all(float(g["minimum"]) <= float(g["mean"]) <= float(g["maximum"]) for g in groups)


def test_tensorboard_reads_the_curves_back(curves: Curves, tmp_path: Path) -> None:
    for _ in range(2):  # the second one replaces the first
        (folder,) = export_tensorboard(curves, tmp_path)
    assert folder == tmp_path / "mine"
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    found.Reload()
    losses = found.Scalars("loss/validation")
    assert [point.step for point in losses] == [1, 2]
    assert [point.value for point in losses] == pytest.approx([r.val_loss for r in curves.rows])
    batches = found.Scalars("batch loss/mean")
    assert batches[-1].step == 22
    assert [point.value for point in batches] == pytest.approx(
        [bucket.mean for bucket in curves.history.all_buckets]
    )
    # Batches lie between the epochs' ends, which are those of the run.
    assert losses[0].wall_time == pytest.approx(curves.finished_at[1])
    assert losses[0].wall_time <= batches[15].wall_time <= losses[1].wall_time
    assert (
        found.SummaryMetadata("_hparams_/session_start_info").plugin_data.plugin_name == "hparams"
    )


@pytest.mark.slow
def test_pictures_are_pictures(curves: Curves, tmp_path: Path) -> None:
    (png,) = export_picture(curves, tmp_path / "curves", "png")
    with Image.open(png) as image:
        assert image.format == "PNG"
        assert image.size == (1500, 600)
        assert len(set(image.convert("L").tobytes())) > 10
    (svg,) = export_picture(curves, tmp_path / "curves.png", "svg")
    assert ElementTree.fromstring(svg.read_text("utf-8")).tag.endswith("svg")


def test_a_run_without_curves_says_so(directory: RunDirectory, tmp_path: Path) -> None:
    new = RunDirectory(tmp_path / "new")
    new.path.mkdir()
    new.config.write_bytes(directory.config.read_bytes())
    with pytest.raises(UsageError, match="run new has no curves yet"):
        read_curves(new)
