"""Groups of trials, and their order."""

import statistics
from pathlib import Path

import pytest

from mnist_tui.store.summary import RunSummary, summarize
from mnist_tui.sweep.grid import Grid
from mnist_tui.sweep.record import SweepFolder
from mnist_tui.sweep.standing import Standing, standing
from tests.sweep.written_sweeps import write_half_a_sweep, write_sweep, write_trial


def stand(folder: SweepFolder) -> Standing:
    sweep = folder.read()
    runs: dict[str, RunSummary] = {}
    for trial in sweep.trials:
        run = summarize(folder.run(trial))
        if run is not None:
            runs[trial.name] = run
    return standing(sweep, runs)


def test_trials_that_differ_in_the_seed_are_one_group_and_the_best_mean_is_first(
    tmp_path: Path,
) -> None:
    found = stand(write_half_a_sweep(tmp_path))
    assert found.fields == ("lr",)
    assert [group.values["lr"] for group in found.groups] == [0.1, 0.01, 0.001]
    best, second, last = found.groups
    assert second.accuracies == pytest.approx((0.970, 0.972, 0.965))
    assert second.mean == pytest.approx(statistics.fmean((0.970, 0.972, 0.965)))
    assert second.spread == pytest.approx(statistics.stdev((0.970, 0.972, 0.965)))
    assert [entry.state for entry in best.entries] == ["finished", "interrupted", "failed"]
    assert best.mean == pytest.approx((0.988 + 0.984) / 2), "what failed does not count"
    assert best.best is best.entries[0]
    assert last.spread is None
    assert [entry.state for entry in last.entries] == ["stopped", "waiting", "waiting"]
    assert last.fraction == pytest.approx(2 / 9)


def test_groups_without_an_epoch_come_last_in_the_order_of_the_grid(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path)
    write_trial(folder, "lr=0.001,seed=2", [3.0], "finished")
    assert [group.values["lr"] for group in stand(folder).groups] == [0.001, 0.1, 0.01]


def test_a_sweep_of_seeds_alone_is_one_group(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path, "seeds", Grid({"seed": tuple(range(5)), "epochs": (3,)}))
    (group,) = stand(folder).groups
    assert len(group.entries) == 5
    assert group.mean is None


def test_a_failed_trial_that_was_mended_by_hand_has_not_failed(tmp_path: Path) -> None:
    folder = write_half_a_sweep(tmp_path)
    write_trial(folder, "lr=0.1,seed=2", [0.2, 0.15, 0.12], "finished")
    assert stand(folder).groups[0].entries[2].state == "finished"
