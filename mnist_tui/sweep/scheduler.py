"""Brings the trials of a sweep to their ends, whatever becomes of each."""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from mnist_tui import formatting
from mnist_tui.errors import MnistTuiError
from mnist_tui.remote.control import control
from mnist_tui.run.plan import NewRun, ResumedRun, TrainedRun
from mnist_tui.run.requests import Save, Stop
from mnist_tui.store.summary import summarize
from mnist_tui.sweep.executor import Ended, Executor
from mnist_tui.sweep.grid import Trial
from mnist_tui.sweep.record import Sweep, SweepFolder

TRIES: Final = 3
"""How often a trial is begun again whose process was lost, before it counts as failed."""
_LOOK_S: Final = 0.5
"""Between two looks whether to stop, and at runs that others train."""


class Fate(Enum):
    """What is to be done about a trial, by what is on disk."""

    NEW = auto()
    """Nothing is there yet."""
    BEGUN = auto()
    """It was stopped, or its process died: it goes on from its last checkpoint."""
    ELSEWHERE = auto()
    """Another process trains it, as one does that an earlier scheduler has left."""
    FINISHED = auto()
    FAILED = auto()


def fate_of(folder: SweepFolder, sweep: Sweep, trial: Trial) -> Fate:
    """Find out what is to be done about a trial."""
    directory = folder.run(trial)
    if directory.lock.is_held():
        return Fate.ELSEWHERE
    summary = summarize(directory)
    if summary is not None and directory.is_over(trial.config.epochs):
        return Fate.FINISHED
    if trial.name in sweep.failures or (summary is not None and summary.state == "failed"):
        return Fate.FAILED
    return Fate.NEW if summary is None else Fate.BEGUN


class Scheduler:
    """Feeds an executor with the trials that are not done. One thread, but for `request`."""

    def __init__(
        self,
        folder: SweepFolder,
        executor: Executor,
        say: Callable[[str], None],
        *,
        retries_failed: bool = False,
    ) -> None:
        """
        Args:
            folder: The sweep's, locked.
            say: Gets a line about each thing that happens.
            retries_failed: Whether trials that have failed before are begun again.
        """
        self._folder = folder
        self._sweep = folder.read()
        self._executor = executor
        self._say = say
        self._retries_failed = retries_failed
        self._trials: Final = {trial.name: trial for trial in self._sweep.trials}
        self._waiting: deque[Trial] = deque()
        self._going: frozenset[str] = frozenset()
        """The names of the trials that the executor has."""
        self._elsewhere: list[Trial] = []
        self._tries: dict[str, int] = dict.fromkeys(self._trials, 0)
        self._requests: deque[Stop | Save] = deque()
        self._stop: Stop | None = None

    def request(self, request: Stop | Save) -> None:
        """Have all trials that are going stopped or saved; a stop ends `run`. Any thread."""
        self._requests.append(request)

    @property
    def progress(self) -> str:
        """How far it is, in one line. Any thread."""
        going = sorted(self._going)
        more = f" and {len(going) - 1} more" if len(going) > 1 else ""
        return f"training {going[0]}{more}, {len(self._waiting)} waiting" if going else ""

    def run(self) -> int:
        """Train what is not done; returns when all has ended, or was stopped.

        Returns:
            The exit code: 1 when a trial has failed, and that of the request to stop.
        """
        self._sort()
        while True:
            self._heed_requests()
            self._look_elsewhere()
            if self._stop is None:
                self._begin()
            has_more = bool(self._waiting) and self._stop is None
            if not (self._going or self._elsewhere or has_more):
                break
            for ended in self._executor.wait(_LOOK_S):
                self._take(ended)
        self._say(self._describe())
        if self._stop is not None:
            return self._stop.exit_code
        return 1 if self._sweep.failures else 0

    def _sort(self) -> None:
        """Find out what is to be done, what was begun first."""
        fates = {
            trial.name: fate_of(self._folder, self._sweep, trial) for trial in self._sweep.trials
        }
        wanted = [Fate.BEGUN, *([Fate.FAILED] if self._retries_failed else []), Fate.NEW]
        for fate in wanted:
            self._waiting += [t for t in self._sweep.trials if fates[t.name] is fate]
        self._elsewhere = [t for t in self._sweep.trials if fates[t.name] is Fate.ELSEWHERE]
        done = sum(fate is Fate.FINISHED for fate in fates.values())
        failed = sum(fate is Fate.FAILED for fate in fates.values())
        known = f", {done} finished already" if done else ""
        known += f", {failed} failed before" if failed else ""
        self._say(f"{formatting.counted(len(fates), 'trial')} in {self._folder.path}{known}")
        for trial in self._elsewhere:
            self._say(
                f"{trial.name}: trained by {self._folder.run(trial).lock.owner}, waiting for it"
            )

    def _begin(self) -> None:
        """Begin what there is room for, beside what others train."""
        while self._waiting and self._executor.room > len(self._elsewhere):
            trial = self._waiting.popleft()
            plan = self._plan(trial)
            self._note_failure(trial.name, None)
            self._tries[trial.name] += 1
            self._going |= {trial.name}
            self._say(f"{trial.name}: {'begun' if isinstance(plan, NewRun) else 'resumed'}")
            self._executor.start(plan)

    def _plan(self, trial: Trial) -> TrainedRun:
        """How the trial is trained: anew, or from where it was."""
        if self._folder.run(trial).config.exists():
            return ResumedRun(name=trial.name, config=trial.config, runs_dir=self._folder.path)
        return NewRun(name=trial.name, config=trial.config, runs_dir=self._folder.path)

    def _look_elsewhere(self) -> None:
        """Take over what others no longer train."""
        for trial in list(self._elsewhere):
            if not self._folder.run(trial).lock.is_held():
                self._elsewhere.remove(trial)
                if fate_of(self._folder, self._sweep, trial) is Fate.BEGUN:
                    self._waiting.appendleft(trial)
                else:
                    self._say(f"{trial.name}: {self._outcome(trial)}")

    def _heed_requests(self) -> None:
        """Pass on what was requested, to runs that others train as well."""
        while self._requests:
            request = self._requests.popleft()
            self._executor.send(request)
            for trial in list(self._elsewhere):
                try:
                    control(self._folder.run(trial), request)
                except MnistTuiError as error:
                    self._say(f"{trial.name}: {error}")
                    if isinstance(request, Stop):
                        self._elsewhere.remove(trial)
            if isinstance(request, Stop):
                self._stop = request

    def _take(self, ended: Ended) -> None:
        """Note how a trial has ended, and have it begun again if that was no fault of its own."""
        self._going -= {ended.name}
        trial, code, is_stopping = self._trials[ended.name], ended.exit_code, self._stop is not None
        if code is None and not is_stopping and self._tries[ended.name] < TRIES:
            self._say(f"{ended.name}: {ended.message}; begun again")
            self._waiting.appendleft(trial)
            return
        goes_on_later = is_stopping if code is None else code == 0 or code > 128
        if not goes_on_later:
            self._note_failure(ended.name, ended.message or f"ended with exit code {code}")
        self._say(f"{ended.name}: {self._outcome(trial)}")

    def _note_failure(self, name: str, reason: str | None) -> None:
        if self._sweep.failures.get(name) != reason:
            self._sweep = self._sweep.with_failure(name, reason)
            self._folder.write(self._sweep)

    def _outcome(self, trial: Trial) -> str:
        """What has become of a trial, in words."""
        reason = self._sweep.failures.get(trial.name)
        if reason is not None:
            return f"failed: {reason}"
        summary = summarize(self._folder.run(trial))
        if summary is None:
            return "stopped before it began"
        if summary.best_val_accuracy is None:
            return summary.state
        best = formatting.percent(summary.best_val_accuracy)
        return f"{summary.state}, best {best} in epoch {summary.best_epoch}"

    def _describe(self) -> str:
        """What has become of all, in one line."""
        fates = [fate_of(self._folder, self._sweep, trial) for trial in self._sweep.trials]
        finished = fates.count(Fate.FINISHED)
        failed = fates.count(Fate.FAILED)
        left = len(fates) - finished - failed
        parts = [f"{finished} of {formatting.counted(len(fates), 'trial')} finished"]
        parts += [f"{failed} failed"] if failed else []
        parts += [f"{left} left"] if left else []
        return ", ".join(parts)
