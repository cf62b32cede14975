"""The examples of docs/api.md, run as they stand there."""

import math
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

import mnist_tui
from mnist_tui.run.events import EpochFinished
from mnist_tui.store.catalog import list_runs
from tests.api.test_own import arrays
from tests.data.other_sets import write_set
from tests.run.values import epoch_row

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
FIRST, OWN, EVENTS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture(autouse=True)
def _in_a_folder_with_data(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be where runs may be written, and let the names of datasets find few examples."""
    monkeypatch.setenv("MNIST_TUI_DATA", str(few_digits))
    monkeypatch.chdir(tmp_path)


def run_script(example: str, **known: Any) -> dict[str, Any]:
    """Run an example as a script, in which the names `known` are there; its own names."""
    script = Path("script.py")
    script.write_text(example)
    return runpy.run_path(str(script), init_globals=known, run_name="__main__")


@pytest.mark.slow
def test_a_script_trains_and_asks_its_run() -> None:
    dataset = mnist_tui.load_dataset("mnist")
    images = dataset.validation.images[:5]
    run = run_script(FIRST, images=images)["run"]
    assert (run.state, len(run.rows)) == ("finished", 3)
    assert len(run.losses) == 3 * math.ceil(len(dataset.train) / run.config.batch_size)
    assert len(run.predict(images).names) == 5


@pytest.mark.slow
def test_own_networks_and_data_are_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_TUI_DATA", str(write_set("fashion", tmp_path / "data")))
    images, labels, _ = arrays(classes=2)
    run = run_script(OWN, images=images, labels=labels)["run"]
    assert run.config.model == "script.py:Net"
    assert run.predict(images[:2]).classes == ("cat", "dog")
    _, fashion = list_runs(Path("runs"))
    assert (fashion.dataset.partition(",")[0], fashion.epochs_done) == ("Fashion-MNIST", 3)


def test_a_listener_stops_a_run_by_what_it_raises() -> None:
    stop_at_98 = run_script(EVENTS)["stop_at_98"]
    stop_at_98(EpochFinished(row=epoch_row(1, val_accuracy=0.97), is_best=True))
    with pytest.raises(StopIteration):
        stop_at_98(EpochFinished(row=epoch_row(2, val_accuracy=0.99), is_best=True))
