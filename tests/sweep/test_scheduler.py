"""What a scheduler does with the trials of a sweep, whoever trains them."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mnist_tui.errors import UsageError
from mnist_tui.run.plan import NewRun, ResumedRun, TrainedRun
from mnist_tui.run.requests import Save, Stop
from mnist_tui.store.directory import RunDirectory
from mnist_tui.sweep.executor import Ended
from mnist_tui.sweep.grid import Grid
from mnist_tui.sweep.record import SweepFolder, make_sweep
from mnist_tui.sweep.scheduler import TRIES, Scheduler
from tests.tui.runs.written_runs import write_run

GRID = Grid({"lr": (0.1, 0.01), "seed": (0, 1), "epochs": (3,)})
FIRST, SECOND, THIRD, FOURTH = "lr=0.1,seed=0", "lr=0.01,seed=0", "lr=0.1,seed=1", "lr=0.01,seed=1"
ALL = [FIRST, SECOND, THIRD, FOURTH]


class Writer:
    """An executor whose runs end as they are told, each with the files of such a run."""

    def __init__(self, jobs: int = 1) -> None:
        self.plans: list[TrainedRun] = []
        """All that it was to train."""
        self.sent: list[Stop | Save] = []
        self.most = 0
        """The most that it was to train at once."""
        self.jobs = jobs
        self.on_wait: Callable[[], None] = lambda: None
        self.ends: dict[str, list[int | None]] = {}
        """Exit codes of a run, one a try; 0 at the end."""
        self._going: list[TrainedRun] = []

    @property
    def room(self) -> int:
        return self.jobs - len(self._going)

    def start(self, plan: TrainedRun) -> None:
        self.plans.append(plan)
        self._going.append(plan)
        self.most = max(self.most, len(self._going))

    def wait(self, limit_s: float) -> Sequence[Ended]:
        self.on_wait()
        if not self._going:
            return ()
        plan, name = self._going[0], str(self._going[0].name)
        left = self.ends.get(name, [])
        code = self.sent[-1].exit_code if self.is_stopped else left.pop(0) if left else 0
        del self._going[0]
        done = 3 if code == 0 and not self.is_stopped else 1
        state = "finished" if done == 3 else "running" if code is None else "stopped"
        if isinstance(plan, ResumedRun):
            assert (plan.runs_dir / name).exists()
        elif (plan.runs_dir / name).exists():
            raise AssertionError(f"{name} is there already")
        if code in (2, 3):  # refused, without a trace
            return [Ended(name, code, "no data")]
        write(plan.runs_dir / name, [0.5] * done, state="failed" if code == 1 else state)
        return [Ended(name, code, {0: "", None: "lost", 1: "nan"}.get(code, "stopped"))]

    @property
    def is_stopped(self) -> bool:
        return any(isinstance(request, Stop) for request in self.sent)

    def send(self, request: Stop | Save) -> None:
        self.sent.append(request)

    def close(self) -> None:
        pass


def write(path: Path, losses: list[float], state: str) -> None:
    """Write a run, over one that is there."""
    if path.exists():
        shutil.rmtree(path)
    write_run(path.parent, path.name, losses, state=state, epochs=3)


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    return make_sweep(tmp_path / "runs", "rates", GRID, tmp_path)


def run(folder: SweepFolder, executor: Writer, *, retries_failed: bool = False) -> int:
    said.clear()
    return Scheduler(folder, executor, said.append, retries_failed=retries_failed).run()


said: list[str] = []


def names(plans: Sequence[TrainedRun]) -> list[str]:
    return [str(plan.name) for plan in plans]


def test_every_trial_is_trained_once(folder: SweepFolder) -> None:
    executor = Writer()
    assert run(folder, executor) == 0
    assert names(executor.plans) == ALL
    assert executor.most == 1
    assert {type(plan) for plan in executor.plans} == {NewRun}
    assert [plan.config for plan in executor.plans] == [t.config for t in folder.read().trials]
    assert said[-1] == "4 of 4 trials finished"


def test_what_is_done_is_not_done_again_and_what_was_begun_goes_first(folder: SweepFolder) -> None:
    write(folder.path / FIRST, [0.5] * 3, state="finished")
    write(folder.path / FOURTH, [0.5], state="running")  # its process is dead
    write(folder.path / THIRD, [0.5], state="stopped")
    executor = Writer()
    assert run(folder, executor) == 0
    assert names(executor.plans) == [THIRD, FOURTH, SECOND]
    assert [type(plan) for plan in executor.plans] == [ResumedRun, ResumedRun, NewRun]


def test_as_many_as_there_is_room_for_are_trained_at_a_time(folder: SweepFolder) -> None:
    executor = Writer(jobs=3)
    assert run(folder, executor) == 0
    assert executor.most == 3


@pytest.mark.parametrize("code", [1, 3])
def test_a_trial_that_fails_does_not_stop_the_others(folder: SweepFolder, code: int) -> None:
    executor = Writer()
    executor.ends = {SECOND: [code]}
    assert run(folder, executor) == 1
    assert names(executor.plans) == ALL
    reason = "nan" if code == 1 else "no data"
    assert folder.read().failures == {SECOND: reason}
    assert f"{SECOND}: failed: {reason}" in said
    assert said[-1] == "3 of 4 trials finished, 1 failed"
    # Going on with the sweep leaves it, unless that is asked for.
    executor = Writer()
    assert run(folder, executor) == 1
    assert not executor.plans
    assert run(folder, executor, retries_failed=True) == 0
    assert names(executor.plans) == [SECOND]
    assert folder.read().failures == {}


def test_a_run_whose_process_was_lost_goes_on_but_not_forever(folder: SweepFolder) -> None:
    executor = Writer()
    executor.ends = {FIRST: [None], THIRD: [None] * TRIES}
    assert run(folder, executor) == 1
    assert names(executor.plans) == [FIRST, FIRST, SECOND, *[THIRD] * TRIES, FOURTH]
    assert isinstance(executor.plans[1], ResumedRun)
    assert folder.read().failures == {THIRD: "lost"}


def test_a_stop_reaches_the_trials_and_leaves_the_rest_for_later(folder: SweepFolder) -> None:
    executor = Writer(jobs=2)
    scheduler = Scheduler(folder, executor, said.append)
    stop = Stop(reason="Ended by SIGTERM", exit_code=143)
    executor.on_wait = lambda: None if executor.sent else scheduler.request(stop)
    assert scheduler.run() == 143
    assert executor.sent == [stop]
    finished = [FIRST]  # it ended before it was told
    assert said[-1] == "1 of 4 trials finished, 3 left"
    executor = Writer()
    assert run(folder, executor) == 0
    assert names(executor.plans) == [name for name in ALL if name not in finished]
    assert isinstance(executor.plans[0], ResumedRun)


def test_a_run_that_another_process_trains_is_waited_for(folder: SweepFolder) -> None:
    write(folder.path / FIRST, [0.5], state="running")
    executor, live = Writer(), RunDirectory(folder.path / FIRST)
    lock = live.lock.hold()
    lock.__enter__()
    looks: list[list[str]] = []

    def look() -> None:
        looks.append(names(executor.plans))
        if len(looks) == 3:
            lock.__exit__(None, None, None)

    executor.on_wait = look
    assert run(folder, executor) == 0
    assert looks[:3] == [[], [], []], "it takes the room of one"
    assert names(executor.plans) == ALL
    assert isinstance(executor.plans[0], ResumedRun)


def test_the_same_grid_finds_its_folder_again_and_another_one_does_not(
    folder: SweepFolder, tmp_path: Path
) -> None:
    before = folder.record.read_bytes()
    assert make_sweep(folder.path.parent, "rates", GRID, tmp_path / "elsewhere").path == folder.path
    assert folder.record.read_bytes() == before
    with pytest.raises(UsageError, match="with other values of lr;"):
        make_sweep(folder.path.parent, "rates", Grid({**GRID.values, "lr": (0.1,)}), tmp_path)
    write_run(tmp_path / "runs", "alone", [0.5])
    with pytest.raises(UsageError, match="already in"):
        make_sweep(tmp_path / "runs", "alone", GRID, tmp_path)


def test_one_process_at_a_time_trains_a_sweep(folder: SweepFolder) -> None:
    with folder.lock():
        assert folder.is_locked()
    assert not folder.is_locked()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"grid": 3}', b'{"grid": {}, "trials": [{}]}'])
def test_a_record_that_cannot_be_read_is_one_line(folder: SweepFolder, content: bytes) -> None:
    folder.record.write_bytes(content)
    with pytest.raises(UsageError, match="is not a sweep"):
        folder.read()
