"""`evaluate`: a checkpoint's figures on the validation examples."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.cells import cell_len

from mnist_tui import formatting
from mnist_tui.cli import options
from mnist_tui.cli.table import table
from mnist_tui.metrics import ClassFigures, Confusion
from mnist_tui.run.classes import classes_noun
from mnist_tui.store.catalog import find_checkpoint
from mnist_tui.torch_runtime import loading_torch
from mnist_tui.tui.text.fitting import shorten

if TYPE_CHECKING:
    from mnist_tui.inference.evaluate import EvaluationReport


_WIDTH: Final = 80
"""Columns within which the tables stay."""
_NAME: Final = 20
"""Columns for the name of a class in a table."""
_MISTAKES: Final = 20
"""How many kinds of mistakes are listed where there is no room for a table of all."""


@click.command()
@options.network_argument
@options.runs_dir_option
@options.checkpoint_option
@options.setting("dataset")
@options.setting("data_dir")
@options.setting("device")
@options.model_option
@options.json_option
def evaluate(
    run: str,
    runs_dir: Path,
    checkpoint: str | None,
    as_json: bool,
    dataset: str | None,
    data_dir: str | None,
    device: str | None,
    model: str | None,
) -> int:
    """Evaluate a network on the validation images.

    Prints loss, accuracy, precision, recall and F1 of each class, and what each was predicted
    as. RUN is a run's name, its folder, or `last`; or the file of a checkpoint, or of a state
    dict of another program that fits one of the networks.
    """
    path = find_checkpoint(runs_dir, run, checkpoint)
    with loading_torch():
        from mnist_tui.inference.evaluate import evaluate_checkpoint

    report = evaluate_checkpoint(path, dataset, data_dir, device or "auto", model)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2))
        return 0
    for notice in report.notices:
        click.echo(f"note: {notice}", err=True)
    click.echo(describe(report))
    return 0


def describe(report: "EvaluationReport") -> str:
    """The figures as tables of less than 80 columns, but for the checkpoint's and data's names."""
    correct = sum(report.confusion[i][i] for i in range(len(report.confusion)))
    lines = (
        ("checkpoint", report.checkpoint),
        ("model", f"{report.model}, {report.place}"),
        ("dataset", report.dataset),
        ("loss", formatting.loss(report.loss)),
        ("accuracy", f"{formatting.percent(report.accuracy)}, {correct:,} of {report.samples:,}"),
    )
    head = "\n".join(f"{name:<12}{value}" for name, value in lines)
    names = tuple(shorten(name, _NAME) for name in report.class_names)
    confusion = _describe_confusion(report.confusion, names)
    if max(map(cell_len, confusion.splitlines())) >= _WIDTH:
        confusion = _describe_mistakes(report.confusion, report.class_names)
    return "\n\n".join((head, _describe_classes(report.classes, names), confusion))


def _describe_classes(classes: Sequence[ClassFigures], names: tuple[str, ...]) -> str:
    rows = [
        (
            names[figures.label],
            *(f"{value:.4f}" for value in (figures.precision, figures.recall, figures.f1)),
            f"{figures.support:,}",
        )
        for figures in classes
    ]
    return table((classes_noun(names), "precision", "recall", "F1", "images"), rows, align=">")


def _describe_confusion(confusion: Confusion, names: tuple[str, ...]) -> str:
    """A line for each true class, a column for each predicted one; a dot where it never was."""
    rows = [
        (name, *(str(count) if count else "." for count in row))
        for name, row in zip(names, confusion, strict=True)
    ]
    noun = classes_noun(names)
    return f"predicted as, {noun} by {noun}:\n{table((noun, *names), rows, align='>')}"


def _describe_mistakes(confusion: Confusion, names: tuple[str, ...]) -> str:
    """The most frequent mistakes, where not all classes go side by side."""
    cells = [
        (count, label, predicted)
        for label, row in enumerate(confusion)
        for predicted, count in enumerate(row)
        if count and label != predicted
    ]
    rows = [
        (f"{count:,}", f"{names[label]}, predicted as {names[predicted]}")
        for count, label, predicted in sorted(cells, key=lambda cell: -cell[0])[:_MISTAKES]
    ]
    return f"the most frequent mistakes:\n{table(('images', 'class'), rows)}"
