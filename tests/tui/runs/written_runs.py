"""Directories of runs that were never trained, for tests of what lists them."""

import json
from pathlib import Path
from typing import Any


def write_run(runs_dir: Path, name: str, losses: list[float], **given: Any) -> Path:
    """Write a run whose epochs have these validation losses; `given` is config or status."""
    settings = {"lr": 0.01, "optimizer": "sgd", "batch_size": 32, "seed": 0, "model": "mnist_net"}
    path = runs_dir / name
    (path / "checkpoints").mkdir(parents=True)
    betas = {"beta1": 0.9, "beta2": 0.999, "weight_decay": 0.01}
    config = {"recipe": "tutorial", "dataset": "mnist", "epochs": 19, **settings, **betas}
    status = {"state": "finished", "updated": 1_700_000_000.0, "batches": 100, "epochs": 19}
    config.update({key: value for key, value in given.items() if key in config})
    status.update({key: value for key, value in given.items() if key not in config})
    (path / "config.json").write_text(json.dumps({"config": config}))
    (path / "status.json").write_text(json.dumps(status))
    rows = [
        {
            "epoch": epoch,
            "train_loss": loss,
            "train_accuracy": 0.9,
            "val_loss": loss,
            "val_accuracy": 1 - loss / 10,
            "lr": config["lr"],
            "seconds": 2.0,
            "samples_per_second": 1000.0,
        }
        for epoch, loss in enumerate(losses, 1)
    ]
    (path / "metrics.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path
