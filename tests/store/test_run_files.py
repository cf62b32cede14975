"""The cost of one more epoch on disk does not grow with the epochs before it."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.run import validation
from mnist_tui.run.events import EpochFinished, RunPrepared, SettingsChanged
from mnist_tui.run.session import Session
from mnist_tui.run.state import State
from mnist_tui.run.validation import EpochResults, TrackedExample, ValidationResults
from mnist_tui.store import run_files
from mnist_tui.store.atomic import read_json, read_lines
from mnist_tui.store.new_run import create_run
from mnist_tui.store.retry import Retry
from mnist_tui.store.run_files import RunFiles
from mnist_tui.store.validation_file import read_validation
from mnist_tui.store.writer import RunWriter
from tests.run.values import epoch_row

RESULTS = EpochResults(epoch=1, confusion=((5, 1), (2, 6)), tracked=bytes(4))
TRACKED = TrackedExample(index=0, label=1, image=bytes(784))


class Run:
    """A session whose epochs cost nothing, with the writer that the engine uses."""

    def __init__(self, folder: Path, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.directory = create_run(folder, "a", TrainConfig(epochs=3))
        self.session = Session()
        self.writer = RunWriter(self.directory, self.session, clock)
        self.session.move(State.LOADING)
        self.writer.start({"config": {}})
        self.session.move(State.RUNNING)

    def finish_epoch(self, epoch: int) -> None:
        results = ValidationResults(tracked=(TRACKED,), epochs=(replace(RESULTS, epoch=epoch),))
        self.session.publish_validation(self.session.validation.extended_by(results))
        self.session.emit(EpochFinished(row=epoch_row(epoch), is_best=False))


def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The work that writing is: lines and characters appended or replaced, epochs serialized."""
    work: Counter[str] = Counter()

    def count(name: str, measure: Callable[[Any], dict[str, int]]) -> None:
        real = getattr(run_files, name)

        def counting(*args: Any) -> Any:
            work.update({name: 1, **measure(args[-1])})
            return real(*args)

        monkeypatch.setattr(run_files, name, counting)

    count("append_lines", lambda lines: {"lines": len(lines)})
    count("write_json", lambda value: {"characters": len(json.dumps(value))})
    count("validation_bytes", lambda results: {"epochs": len(results.epochs)})
    return work


@pytest.mark.slow
def test_an_epoch_late_in_a_run_is_no_more_work_than_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "MAX_EPOCHS", 16)
    work = counted(monkeypatch)
    run = Run(tmp_path)
    costs: list[Counter[str]] = []
    for epoch in range(1, 151):
        run.writer.flush()
        work.clear()
        run.finish_epoch(epoch)
        run.writer.flush()  # once for the event, and once more where that was awaited
        costs.append(work.copy())
    run.writer.close()
    early, late = costs[:50], costs[100:]
    for kind in ("lines", "epochs", "append_lines", "validation_bytes"):
        assert max(cost[kind] for cost in late) <= max(cost[kind] for cost in early), kind
    assert all(cost["lines"] == 2 for cost in costs), "one of metrics, one of events"
    # Two numbers of status.json have a digit more.
    assert max(cost["characters"] / cost["write_json"] for cost in late) < 2_000
    assert [row["epoch"] for row in read_lines(run.directory.metrics)] == list(range(1, 151))
    assert read_validation(run.directory.validation) == run.session.validation


def test_however_many_epochs_a_second_has_their_results_are_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, now = counted(monkeypatch), [0.0]
    run = Run(tmp_path, lambda: now[0])
    for epoch in range(1, 101):
        run.finish_epoch(epoch)
        now[0] += 0.05
    run.writer.close()
    assert work["validation_bytes"] <= 5 + 2, "five seconds, the beginning and the end"
    assert read_validation(run.directory.validation) == run.session.validation


def test_a_deleted_directory_is_filled_again_with_every_epoch(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.finish_epoch(1)
    run.finish_epoch(2)
    run.writer.flush()
    run.directory.path.rename(tmp_path / "gone")
    run.finish_epoch(3)
    run.writer.flush()
    run.writer.close()
    rows = [asdict(epoch_row(epoch)) for epoch in (1, 2, 3)]
    assert read_lines(run.directory.metrics) == rows
    assert read_json(run.directory.config) == {"config": {}}
    assert read_validation(run.directory.validation) == run.session.validation


def test_an_epoch_that_ends_while_a_deleted_directory_is_filled_again_is_kept(
    tmp_path: Path,
) -> None:
    session, directory = Session(), create_run(tmp_path, "a", TrainConfig(epochs=3))
    files = RunFiles(directory, session, Retry(session.emit, lambda: None))
    files.begin({"config": {}})
    session.subscribe(files.add)
    session.emit(EpochFinished(row=epoch_row(1), is_best=True))
    before = session.log
    session.emit(EpochFinished(row=epoch_row(2), is_best=False))
    files.rebuild(before)
    files.write_metrics()
    files.close()
    assert [row["epoch"] for row in read_lines(directory.metrics)] == [1, 2]


def test_a_deleted_directory_is_filled_again_with_the_settings_changed_before(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path)
    run.session.emit(
        SettingsChanged(
            epochs=5,
            checkpoint_every_s=60.0,
            previous_epochs=3,
            previous_checkpoint_every_s=60.0,
            epoch=1,
            global_batch=2,
        )
    )
    run.writer.flush()
    run.directory.path.rename(tmp_path / "gone")
    run.finish_epoch(1)
    run.writer.close()
    assert run.directory.path.exists()
    assert read_json(run.directory.config)["config"]["epochs"] == 5


def test_the_status_names_the_model_and_its_size(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.session.emit(
        RunPrepared(
            run="a",
            directory=str(run.directory.path),
            device="CPU",
            dataset="MNIST",
            model="MnistNet, 1,199,882 parameters",
            batches=10,
            epochs=3,
        )
    )
    run.writer.close()
    assert read_json(run.directory.status)["model"] == "MnistNet, 1,199,882 parameters"
