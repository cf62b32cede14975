"""`export`: a run's curves and network in the formats of other programs."""

from collections.abc import Iterable
from pathlib import Path

import click

from mnist_tui.cli.options import checkpoint_option, model_option, run_argument, runs_dir_option
from mnist_tui.errors import UsageError
from mnist_tui.store.catalog import find_checkpoint, find_run
from mnist_tui.torch_runtime import loading_torch

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Write a run's curves and network for other programs.")
@run_argument
@runs_dir_option
@click.option("--csv", "csv_folder", type=_FOLDER, metavar="FOLDER", help="Curves as CSV files.")
@click.option(
    "--tensorboard",
    "tensorboard_folder",
    type=_FOLDER,
    metavar="FOLDER",
    help="Curves and settings for TensorBoard, in a folder of the run's name.",
)
@click.option(
    "--onnx",
    "onnx_file",
    type=_FILE,
    metavar="FILE",
    help="The network as one ONNX file, from gray values of 0 to 255 to probabilities.",
)
@click.option(
    "--safetensors", "safetensors_file", type=_FILE, metavar="FILE", help="The network's weights."
)
@click.option(
    "--png", "png_file", type=_FILE, metavar="FILE", help="The curves as a picture, for a report."
)
@click.option("--svg", "svg_file", type=_FILE, metavar="FILE", help="The same, to be scaled.")
@checkpoint_option
@model_option
def export(
    run: str,
    runs_dir: Path,
    csv_folder: Path | None,
    tensorboard_folder: Path | None,
    onnx_file: Path | None,
    safetensors_file: Path | None,
    png_file: Path | None,
    svg_file: Path | None,
    checkpoint: str | None,
    model: str | None,
) -> int:
    """Write RUN (a name, a folder, or `last`) for other programs; several formats at once.

    --onnx, --safetensors, --tensorboard, --png and --svg need packages that are installed by
    `mnist-tui[export]`. The network may also be that of a checkpoint's file in place of RUN.
    """
    curves_wanted = (csv_folder, tensorboard_folder, png_file, svg_file)
    networks_wanted = (onnx_file, safetensors_file)
    if not any((*curves_wanted, *networks_wanted)):
        raise UsageError("nothing to export: give --csv FOLDER, --onnx FILE or another format")
    if any(curves_wanted):
        from mnist_tui.export.curves import read_curves
        from mnist_tui.export.picture import export_picture
        from mnist_tui.export.tables import export_csv
        from mnist_tui.export.tensorboard import export_tensorboard

        curves = read_curves(find_run(runs_dir, run))
        if csv_folder:
            _say(export_csv(curves, csv_folder))
        if tensorboard_folder:
            _say(export_tensorboard(curves, tensorboard_folder))
        if png_file:
            _say(export_picture(curves, png_file, "png"))
        if svg_file:
            _say(export_picture(curves, svg_file, "svg"))
    if any(networks_wanted):
        path = find_checkpoint(runs_dir, run, checkpoint)
        with loading_torch():
            from mnist_tui.export.weights import export_onnx, export_safetensors
            from mnist_tui.inference.load import read_model

        loaded = read_model(path, model)
        if onnx_file:
            _say(export_onnx(loaded, onnx_file))
        if safetensors_file:
            _say(export_safetensors(loaded, safetensors_file))
    return 0


def _say(written: Iterable[Path]) -> None:
    for path in written:
        click.echo(f"written: {path}")
