"""Twelve networks as users write them: each is trained, stopped, resumed, evaluated and shown."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_tui.inference.evaluate import evaluate_checkpoint
from mnist_tui.replay import ReplayRunner
from mnist_tui.run.inference import InferenceRequest
from mnist_tui.run.plan import ShownRun
from mnist_tui.run.state import State
from mnist_tui.store.atomic import read_json
from tests.engine.test_resume import assert_same_run
from tests.training_helpers import few_config, train, train_in_two_processes

FOLDER = Path(__file__).with_name("networks")
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 28, 28), np.uint8).tobytes()

NETWORKS: tuple[tuple[str, str, tuple[int, ...] | None], ...] = (
    ("mlp.py:Mlp", "scores", None),
    ("lenet.py:LeNet5", "log-probabilities", (6, 5, 5)),
    ("resnet.py:ResNet", "scores", (8, 3, 3)),
    ("batch_norm.py:Normalized", "scores", None),
    ("dropout.py:Dropped", "log-probabilities", (8, 7, 7)),
    ("lstm.py:RowReader", "scores", None),
    ("attention.py:Patches", "scores", (16, 7, 7)),
    ("sequential.py:make_net", "log-probabilities", (4, 28, 3)),
    ("factory.py:narrow", "scores", None),
    ("scores.py:Scores", "scores", (4, 3, 3)),
    ("softmax.py:Softmaxed", "probabilities", (6, 28, 28)),
    ("two_files/net.py:Net", "scores", (4, 5, 5)),
)
"""What is named, what it gives in training, and the shape of its first convolution's filters."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "gives", "filters"), NETWORKS, ids=lambda value: str(value)[:14])
def test_a_users_network_has_all_that_the_built_in_ones_have(
    name: str,
    gives: str,
    filters: tuple[int, ...] | None,
    few_digits: Path,
    tmp_path: Path,
) -> None:
    config = few_config(few_digits, model=str(FOLDER / name), optimizer="momentum", lr=0.02)
    whole = train(config, tmp_path, "whole")
    assert whole.ended.state is State.FINISHED, whole.ended.message
    assert f"({gives})" in whole.session.log.prepared.model  # type: ignore[union-attr]

    train_in_two_processes(config, tmp_path, "parts", 4)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")

    row = whole.directory.read_rows()[-1]
    report = evaluate_checkpoint(whole.directory.last, None, None, "cpu")
    assert report.loss == pytest.approx(row.val_loss, rel=1e-5)
    assert report.accuracy == row.val_accuracy
    assert is_seen_inside(tmp_path, filters)
    record = read_json(whole.directory.config)["model"]
    source = whole.directory.source
    kept = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    assert kept == set(record["files"])


def is_seen_inside(runs_dir: Path, filters: tuple[int, ...] | None) -> bool:
    """Whether a finished run that is shown answers, and shows filters of that shape."""
    runner: Any = ReplayRunner(ShownRun(name="whole", runs_dir=runs_dir))
    runner.run()
    result = runner.ask(InferenceRequest(images=IMAGES, looks_inside=True)).result(60)
    assert all(sum(row) == pytest.approx(1, abs=1e-5) for row in result.probabilities)
    return filters == (result.inside.filter_shape if result.inside else None)
