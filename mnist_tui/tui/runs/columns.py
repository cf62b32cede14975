"""The columns of the table of runs: what they hold, and how it is written and sorted."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mnist_tui import formatting
from mnist_tui.store.summary import RunSummary
from mnist_tui.sweep.standing import WAITING
from mnist_tui.tui.widgets.lines import Piece
from mnist_tui.tui.widgets.meters import sparkline

SPARK_WIDTH: Final = 12
_FRESH_S: Final = 5
_STATE_TONES: Final = {
    "failed": "bad", "interrupted": "warning", "stopped": "muted", WAITING: "muted",
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of the table."""

    name: str
    width: int
    text: Callable[[RunSummary], str]
    """What is written, cut to `width`."""
    key: Callable[[RunSummary], Any]
    """What runs are sorted by; None or nan comes last."""
    is_number: bool = True
    """Whether it stands at the right."""
    largest_first: bool = False
    """Whether sorting by it begins with the largest."""


def _optional(value: float | None, write: Callable[[float], str]) -> str:
    return formatting.UNKNOWN if value is None else write(value)


COLUMNS: Final = (
    Column("state", 11, lambda run: run.state, lambda run: run.state, is_number=False),
    Column(
        "accuracy",
        8,
        lambda run: formatting.percent(run.best_val_accuracy),
        lambda run: run.best_val_accuracy,
        largest_first=True,
    ),
    Column(
        "in", 4, lambda run: _optional(run.best_epoch, lambda epoch: f"{epoch:.0f}"),
        lambda run: run.best_epoch,
    ),
    Column(
        "epochs", 7, lambda run: f"{run.epochs_done}/{run.epochs}", lambda run: run.epochs_done,
        largest_first=True,
    ),
    Column(
        "updated", 10, lambda run: formatting.ago(time.time() - run.updated),
        lambda run: run.updated, largest_first=True,
    ),
    Column("loss", 7, lambda run: formatting.loss(run.val_loss), lambda run: run.val_loss),
    Column("lr", 7, lambda run: formatting.learning_rate(run.lr), lambda run: run.lr),
    Column("optimizer", 9, lambda run: run.optimizer, lambda run: run.optimizer, is_number=False),
    Column("batch", 5, lambda run: f"{run.batch_size}", lambda run: run.batch_size),
    Column("seed", 6, lambda run: f"{run.seed}", lambda run: run.seed),
    Column(
        "curve", SPARK_WIDTH, lambda run: loss_curve(run.val_losses), lambda run: run.val_loss,
        is_number=False,
    ),
    Column("took", 9, lambda run: formatting.duration(run.duration_s), lambda run: run.duration_s),
    Column("model", 12, lambda run: run.network, lambda run: run.network, is_number=False),
    Column("data", 16, lambda run: run.dataset.partition(",")[0], lambda run: run.dataset,
           is_number=False),
    Column("tags", 14, lambda run: " ".join(run.tags), lambda run: run.tags, is_number=False),
)  # fmt: skip
"""From the left, after the name; those that do not fit are reached by scrolling."""

NAME: Final = Column("name", 24, lambda run: run.name, lambda run: run.name, is_number=False)
UPDATED: Final = next(column for column in COLUMNS if column.name == "updated")


def sort_runs(runs: Sequence[RunSummary], column: Column, *, is_reversed: bool) -> list[RunSummary]:
    """The runs by a column; equal ones the newest first, those without a value at the end."""
    newest_first = sorted(runs, key=lambda run: -run.updated)
    known = [run for run in newest_first if _is_known(column.key(run))]
    rest = [run for run in newest_first if not _is_known(column.key(run))]
    return sorted(known, key=column.key, reverse=column.largest_first != is_reversed) + rest


def _is_known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def loss_curve(losses: Sequence[float], width: int = SPARK_WIDTH) -> str:
    """Losses as bars from zero to the largest; a loss that is not finite is a blank.

    From zero, so that a curve that hardly moves looks flat.
    """
    count = min(len(losses), width)
    chosen = [losses[i * (len(losses) - 1) // max(count - 1, 1)] for i in range(count)]
    largest = max(filter(math.isfinite, chosen), default=0.0) or 1.0
    return sparkline(loss / largest if math.isfinite(loss) else None for loss in chosen)


def describe_state(run: RunSummary | None, state: str) -> Piece:
    """A state in its tone; a live run's says whether it gave a sign of life lately."""
    if run is None or not run.is_live:
        return state, _STATE_TONES.get(state, "")
    return f"{'●' if time.time() - run.updated < _FRESH_S else '○'} {run.state}", "good"
