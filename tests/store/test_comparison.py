"""Several runs side by side."""

from pathlib import Path

import pytest

from mnist_tui.errors import UsageError
from mnist_tui.store.comparison import MOST, PickedRun, compare
from mnist_tui.store.directory import RunDirectory
from tests.tui.runs.written_runs import write_run


def picked(*paths: Path) -> list[PickedRun]:
    return [PickedRun(n, path.name, RunDirectory(path)) for n, path in enumerate(paths, 1)]


def test_only_settings_that_differ_and_matter_are_named(tmp_path: Path) -> None:
    one = write_run(tmp_path, "one", [0.5], lr=0.1)
    two = write_run(tmp_path, "two", [0.5], lr=0.01, seed=3)
    assert compare(picked(one, two)).differing == ("lr", "seed")
    assert compare(picked(one)).differing == ()


def test_a_setting_is_named_only_where_runs_that_use_it_differ(tmp_path: Path) -> None:
    plain = write_run(tmp_path, "plain", [0.5])
    one = write_run(tmp_path, "one", [0.5], optimizer="adamw", beta1=0.7, weight_decay=0.0)
    two = write_run(tmp_path, "two", [0.5], optimizer="adamw", beta1=0.8, weight_decay=0.0)
    assert compare(picked(plain, one)).differing == ("optimizer",)
    found = compare(picked(plain, one, two))
    assert found.differing == ("optimizer", "beta1")
    assert [run.uses("beta1") for run in found.runs] == [False, True, True]


def test_the_results_are_those_of_the_epochs(tmp_path: Path) -> None:
    # An accuracy is 1 minus a tenth of the loss here.
    path = write_run(tmp_path, "one", [0.5, 0.2, 0.09, 0.3])
    [run] = compare(picked(path)).runs
    assert run.best is not None
    assert (run.best.epoch, len(run.rows)) == (3, 4)
    assert (run.epochs_to(0.97), run.epochs_to(0.99), run.epochs_to(0.999)) == (2, 3, None)
    assert run.seconds == 8.0


def test_more_than_eight_are_refused(tmp_path: Path) -> None:
    paths = [write_run(tmp_path, f"run{number}", []) for number in range(MOST + 1)]
    with pytest.raises(UsageError, match="8 runs at most"):
        compare(picked(*paths))
