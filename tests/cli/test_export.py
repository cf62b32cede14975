"""`export` on the command line."""

import builtins
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mnist_tui.cli import main
from mnist_tui.store.checkpoint import read_checkpoint
from tests.training_helpers import few_config, train


def export(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["export", *words])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def run(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(
        few_config(few_digits, epochs=1), tmp_path_factory.mktemp("runs"), "mine"
    ).directory.path


def test_a_run_is_exported_by_name_by_folder_and_as_the_newest(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["mine", "--runs-dir", str(run.parent)], [str(run)]):
        assert export(*words, "--csv", str(tmp_path / "csv")) == 0
        assert f"written: {tmp_path / 'csv' / 'epochs.csv'}\n" in capsys.readouterr().out
    assert export("--runs-dir", str(run.parent), "--csv", str(tmp_path)) == 0


def test_a_network_is_exported_from_any_checkpoint(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    assert export(str(run), "--checkpoint", "best.pt", "--safetensors", str(file)) == 0
    assert export(str(run / "checkpoints" / "best.pt"), "--safetensors", str(file)) == 0


def test_a_loose_checkpoint_of_an_own_network_is_exported_with_the_network_named(
    few_digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    networks = Path(__file__).parents[1] / "models" / "networks"
    model = f"{networks / 'mlp.py'}:Mlp"
    trained = train(few_config(few_digits, epochs=1, model=model), tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    Path("loose.pt").write_bytes(trained.directory.last.read_bytes())
    assert export("loose.pt", "--safetensors", "w.safetensors") == 2
    assert "name the file of it (--model)" in capsys.readouterr().err
    assert export("loose.pt", "--safetensors", "w.safetensors", "--model", model) == 0
    weights = read_checkpoint(trained.directory.last).model
    exported = load_file("w.safetensors")
    assert exported.keys() == weights.keys()
    assert all(torch.equal(exported[name], weights[name]) for name in weights)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        ([], 2, "nothing to export: give --csv FOLDER, --onnx FILE or another format"),
        (["--checkpoint", "other.pt", "--safetensors", "w"], 4, "it has best.pt, last.pt"),
        (["--png", "no/such/folder/p.png"], 2, "No such file or directory"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    run: Path, words: list[str], code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(str(run), *words) == code
    said = capsys.readouterr().err
    assert line in said
    assert said.count("\n") == 1


def test_a_package_that_is_missing_is_named_with_what_installs_it(
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = builtins.__import__

    def without_matplotlib(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError("no", name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_matplotlib)
    table = tmp_path / "epochs.csv"
    assert export(str(run), "--csv", str(tmp_path), "--png", "p.png") == 2
    said = capsys.readouterr()
    assert f"written: {table}\n" in said.out, "what came before it is there, and named"
    assert table.exists()
    assert "matplotlib is not installed: install mnist-tui[plots]" in said.err
