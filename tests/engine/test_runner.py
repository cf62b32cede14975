"""How a run ends that a device cannot go on with."""

from pathlib import Path

import pytest

from mnist_tui.engine.trainer import Trainer
from mnist_tui.process.invocation import spell_out
from tests.training_helpers import few_config, train


@pytest.mark.parametrize(
    "words",
    [
        "CUDA error: no kernel image is available for execution on the device",
        "The operator 'aten::_foo' is not currently implemented for the MPS device.",
    ],
)
def test_what_a_device_cannot_do_names_another_one(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    def fail(trainer: Trainer) -> None:
        raise NotImplementedError(words)

    monkeypatch.setattr(Trainer, "run", fail)
    ended = spell_out(train(few_config(few_digits), tmp_path).ended)
    assert ended.exit_code == 1
    assert words in ended.message
    assert ended.hint.endswith("log.txt; another device may do it (--device cpu)")
