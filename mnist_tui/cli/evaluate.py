"""`evaluate`: what a checkpoint is worth."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnist_tui.cli.options import json_option, setting
from mnist_tui.cli.table import table
from mnist_tui.metrics import ClassFigures, Confusion

if TYPE_CHECKING:
    from mnist_tui.inference.evaluate import EvaluationReport


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@setting("dataset")
@setting("data_dir")
@setting("device")
@json_option
def evaluate(
    checkpoint: Path, as_json: bool, dataset: str | None, data_dir: str | None, device: str | None
) -> int:
    """What CHECKPOINT is worth on the validation digits.

    Loss, accuracy, the figures of each digit, and which digits are taken for which.
    """
    from mnist_tui.inference.evaluate import evaluate_checkpoint

    report = evaluate_checkpoint(checkpoint, dataset, data_dir, device or "auto")
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        click.echo(describe(report))
    return 0


def describe(report: "EvaluationReport") -> str:
    """The figures as lines of less than 80 columns."""
    return (
        f"{report.checkpoint}: {report.model}, {report.place}\n"
        f"loss {report.loss:.4f}, accuracy {100 * report.accuracy:.2f} % on "
        f"{report.samples:,} validation digits ({report.dataset})\n\n"
        f"{_describe_classes(report.classes)}\n\n"
        f"{_describe_confusion(report.confusion)}"
    )


def _describe_classes(classes: Sequence[ClassFigures]) -> str:
    rows = [
        (
            str(figures.digit),
            *(f"{value:.4f}" for value in (figures.precision, figures.recall, figures.f1)),
            f"{figures.support:,}",
        )
        for figures in classes
    ]
    return table(("digit", "precision", "recall", "F1", "images"), rows, align=">")


def _describe_confusion(confusion: Confusion) -> str:
    """A line for each true digit, a column for each guess; no figure where it never happened."""
    rows = [
        (str(digit), *(str(count) if count else "." for count in row))
        for digit, row in enumerate(confusion)
    ]
    return table(("taken for", *(str(guess) for guess in range(10))), rows, align=">")
