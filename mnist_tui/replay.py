"""A run on disk, shown as if it had just ended."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any, Final, TypeVar

from mnist_tui.config import TrainConfig
from mnist_tui.errors import CheckpointError, DataError, MnistTuiError
from mnist_tui.inference.checkpoint_predictor import CheckpointPredictor, ask_model
from mnist_tui.run.classes import classes_in
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochRow,
    RunEnded,
    RunPrepared,
    Warned,
    best_of,
    ended_by,
)
from mnist_tui.run.history import LossHistory
from mnist_tui.run.inference import InferenceFuture, InferenceRequest
from mnist_tui.run.plan import LocalRunner, ShownRun
from mnist_tui.run.progress import Progress
from mnist_tui.run.session import PastEvent, Session
from mnist_tui.run.state import State
from mnist_tui.store.atomic import read_json
from mnist_tui.store.catalog import find_run
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.history_file import BatchCurves, curves_of, read_history
from mnist_tui.store.status import StatusFile
from mnist_tui.store.validation_file import read_validation
from mnist_tui.torch_runtime import loading_torch

T = TypeVar("T")

log: Final = logging.getLogger(__name__)


class ReplayRunner(LocalRunner):
    """A Runner that trains nothing: it emits what a run's directory says, and ends.

    To a viewer it is like a run that was watched to its end. Nothing is written.
    """

    def __init__(self, plan: ShownRun) -> None:
        self.plan = plan
        self.session = Session()
        self._directory = find_run(plan.runs_dir, plan.name)
        self._predictor = CheckpointPredictor(self._directory, plan.model)

    def ask(self, request: InferenceRequest) -> InferenceFuture:
        """Run inference with the last checkpoint's model. Any thread; returns at once."""
        return ask_model(self.session, request, self._predictor)

    def past(self) -> Sequence[PastEvent]:
        """All that the run emitted, as its directory has it. Any thread."""
        return self._directory.read_events()

    def run(self) -> None:
        """Emit all of the run. Blocks; call it once, on a thread of its own. Raises nothing."""
        session = self.session
        session.move(State.LOADING)
        session.publish(Progress(state=session.state, activity="reading the run"))
        try:
            ended = self._replay()
        except MnistTuiError as error:
            ended = ended_by(error)
        except Exception as error:
            log.exception("the run could not be read")
            ended = ended_by(error)
        session.end(ended)

    def _replay(self) -> RunEnded:
        directory, session = self._directory, self.session
        config, status = directory.read_config(), directory.read_status()
        found = read_json(directory.config).get("dataset")
        dataset = found if isinstance(found, dict) else {}
        rows, curves = directory.read_rows(), self._read(read_history, directory.history)
        # A second without torch, where the small files have all of it.
        if curves is None or len(rows) < status.epoch - 1:
            rows, curves = self._from_checkpoint(rows, curves)
        if curves is not None:
            session.history.restore(curves.losses)
        results = self._read(read_validation, directory.validation)
        if results is not None:
            session.publish_validation(results)
        ended = _end(directory, status, rows)
        progress = Progress(
            state=ended.state,
            epoch=status.epoch,
            epochs=status.epochs or config.epochs,
            batch=status.batch,
            batches=status.batches,
            global_batch=status.global_batch,
            elapsed_s=ended.elapsed_s,
        )
        session.emit(
            RunPrepared(
                run=directory.name,
                directory=str(directory.path),
                device=status.device,
                dataset=status.dataset,
                model=status.model or config.model,
                batches=progress.batches,
                epochs=progress.epochs,
                rows=rows,
                rates=curves.rates if curves else (),
                classes=classes_in(dataset.get("classes")),
                is_handwriting=dataset.get("is_handwriting") is not False,
            )
        )
        session.publish(replace(progress, **_figures(config, rows, session.history)))
        for save in _saves(directory):
            session.emit(save)
        return ended

    def _read(self, read: Callable[[Path], T], path: Path) -> T | None:
        """What `read` finds in a file; None, with a warning, where it cannot be read."""
        try:
            return read(path)
        except (CheckpointError, DataError) as error:
            self.session.emit(Warned(message=str(error)))
            return None

    def _from_checkpoint(
        self, rows: tuple[EpochRow, ...], curves: BatchCurves | None
    ) -> tuple[tuple[EpochRow, ...], BatchCurves | None]:
        """The same from the last checkpoint, which has them in runs of earlier versions, too."""
        directory = self._directory
        if not directory.last.exists():
            return rows, curves
        with loading_torch():
            from mnist_tui.store.checkpoint import read_checkpoint

        checkpoint = self._read(read_checkpoint, directory.last)
        if checkpoint is None:
            return rows, curves
        # What was validated after the last checkpoint is in the rows alone.
        saved = directory.complete_rows(checkpoint.rows)
        return max(rows, saved, key=len), curves or curves_of(checkpoint)


def _end(directory: RunDirectory, status: StatusFile, rows: Sequence[EpochRow]) -> RunEnded:
    """How the run ended, or that another process still trains it."""
    (state, message), elsewhere = status.end, None
    elapsed_s = status.elapsed_s  # None: of a run of an earlier version
    if directory.lock.is_held():
        elsewhere = directory.lock.owner.pid
        message = f"trained by {directory.lock.owner}; this view does not update"
    return RunEnded(
        state=state,
        message=message,
        saved=directory.last.exists(),
        best=best_of(rows),
        last=rows[-1] if rows else None,
        elapsed_s=sum(row.seconds for row in rows) if elapsed_s is None else elapsed_s,
        samples_per_second=fmean(row.samples_per_second for row in rows) if rows else None,
        elsewhere=elsewhere,
    )


def _saves(directory: RunDirectory) -> Iterable[CheckpointSaved]:
    """When each checkpoint file was written last, the newest at the end."""
    newest: dict[str, CheckpointSaved] = {}
    for _, event in directory.read_events():
        if isinstance(event, CheckpointSaved):
            newest.pop(event.path, None)
            newest[event.path] = event
    return newest.values()


def _figures(config: TrainConfig, rows: Sequence[EpochRow], history: LossHistory) -> dict[str, Any]:
    """The newest figures of a run that is over, as far as its files have them."""
    figures: dict[str, Any] = {}
    newest = history.envelope(len(history) - 1, len(history), 1) if len(history) else ()
    if newest:
        figures["batch_loss"] = newest[0].mean
    if rows:
        figures["lr"] = rows[-1].lr
        figures["samples_per_second"] = rows[-1].samples_per_second
        figures["mean_samples_per_second"] = fmean(row.samples_per_second for row in rows)
        figures["step_s"] = config.batch_size / max(rows[-1].samples_per_second, 1e-9)
    return figures
