"""Whether two runs on disk are the same run."""

from pathlib import Path
from typing import Any

import torch

from mnist_tui.store.atomic import read_lines
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.validation_file import read_validation


def difference(one: Any, other: Any, where: str = "") -> str | None:
    """Where two nested values differ, tensors bit for bit; None when they do not."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return None if torch.equal(one, other) else f"{where} differs"
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return f"{where} has other keys"
        pairs = ((one[key], other[key], f"{where}.{key}") for key in one)
        return next((found for p in pairs if (found := difference(*p)) is not None), None)
    return None if one == other else f"{where}: {one!r:.80} and {other!r:.80}"


def assert_same_run(one: Path, other: Path) -> None:
    """Weights, optimizer, generators, history, rows (less times), best epoch, insight are equal."""
    for name in ("last.pt", "best.pt"):
        found = difference(_essence(one, name), _essence(other, name), name)
        assert found is None, found
    found = difference(_rows(one), _rows(other), "metrics.jsonl")
    assert found is None, found
    insights = [read_validation(run / "insight.npz") for run in (one, other)]
    assert insights[0] == insights[1], "insight.npz differs"
    assert insights[0].epochs, "insight.npz is missing"


def _essence(run: Path, name: str) -> dict[str, Any]:
    checkpoint = read_checkpoint(run / "checkpoints" / name)
    return {
        "global_batch": checkpoint.global_batch,
        "model": checkpoint.model,
        "optimizer": checkpoint.optimizer,
        "rng": checkpoint.rng,
        "history": checkpoint.history,
        "sums": (checkpoint.loss_sum, checkpoint.correct, checkpoint.lr_scale),
        "best": checkpoint.best.epoch if checkpoint.best else None,
    }


def _rows(run: Path) -> list[dict[str, Any]]:
    rows = read_lines(run / "metrics.jsonl")
    return [{key: value for key, value in row.items() if "second" not in key} for row in rows]
