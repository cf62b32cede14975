"""A run's network in other formats, compared with what `predict` says."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from safetensors import safe_open

from mnist_tui.api.run import Run, load_run
from mnist_tui.data import load_dataset
from mnist_tui.export.weights import export_onnx, export_safetensors
from mnist_tui.inference.load import read_model
from tests.training_helpers import few_config, train

MODELS = {"tutorial": "mnist_net", "fast": "fast_net"}


@pytest.mark.slow  # torch's exporter takes seconds
@pytest.mark.parametrize("recipe", MODELS)
def test_onnxruntime_answers_as_predict_does(recipe: str, few_digits: Path, tmp_path: Path) -> None:
    config = few_config(few_digits, recipe=recipe, model=MODELS[recipe], epochs=1)
    train(config, tmp_path, recipe)
    run = load_run(recipe, tmp_path)
    (path,) = export_onnx(read_model(run.path / "checkpoints" / "last.pt"), tmp_path / "model.onnx")
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["model.onnx"]
    images = load_dataset("sample").validation.images[:1000]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    answers = [
        session.run(None, {"images": part[:, None]})[0] for part in np.split(images, [1, 38])
    ]
    expected = run.predict(images)
    found = np.concatenate(answers)
    np.testing.assert_allclose(found, expected.probabilities, atol=1e-5)
    assert found.argmax(axis=1).tolist() == expected.labels.tolist()
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert json.loads(metadata["classes"]) == list("0123456789")
    assert metadata["epoch"] == "2"


@pytest.mark.slow
def test_safetensors_has_the_weights(few_digits: Path, tmp_path: Path) -> None:
    train(few_config(few_digits, epochs=1), tmp_path, "run")
    run: Run = load_run("run", tmp_path)
    loaded = read_model(run.path / "checkpoints" / "last.pt")
    (path,) = export_safetensors(loaded, tmp_path / "w.safetensors")
    state = run.model.state_dict()
    with safe_open(path, "pt") as file:
        assert set(file.keys()) == set(state)
        assert all(torch.equal(file.get_tensor(name), value) for name, value in state.items())
        assert json.loads(file.metadata()["classes"]) == list("0123456789")
