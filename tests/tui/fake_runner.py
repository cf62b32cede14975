"""A run without torch, driven step by step from a test."""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mnist_tui.errors import Remedy, TrainingError
from mnist_tui.run.events import (
    CheckpointSaved,
    EpochFinished,
    EpochRow,
    Event,
    LearningRateChanged,
    Notice,
    RunEnded,
    RunPrepared,
    SaveReason,
    SettingsChanged,
    best_of,
)
from mnist_tui.run.inference import FirstLayer, InferenceFuture, InferenceRequest, InferenceResult
from mnist_tui.run.plan import LocalRunner, NewRun, RunPlan
from mnist_tui.run.requests import Adjust, GiveUp, Infer, Pause, Request, Resume, Save, Stop
from mnist_tui.run.session import PastEvent, Session
from mnist_tui.run.state import State
from mnist_tui.run.validation import ValidationResults
from tests.run.values import epoch_row


def read_by_ink(request: InferenceRequest) -> InferenceResult:
    """A made-up answer: the more ink an image has, the higher the digit; sure of it, not too much.

    Its filters and maps are of the tutorial's shapes: stripes, and the image shifted about.
    """
    images = np.frombuffer(request.images, np.uint8).reshape(-1, 28, 28)
    rows = []
    for image in images:
        scores = -abs(np.arange(10) - 10 * min(float(image.mean()) / 60, 0.99))
        rows.append(tuple((np.exp(scores) / np.exp(scores).sum()).tolist()))
    inside = None
    if request.looks_inside:
        shifted = [np.roll(images[0], shift, (0, 1))[1:27, 1:27] for shift in range(32)]
        stripes = [np.roll(np.arange(9) * 28, shift).astype(np.uint8) for shift in range(32)]
        inside = FirstLayer(
            filters=np.stack(stripes).tobytes(),
            filter_shape=(32, 3, 3),
            maps=np.ascontiguousarray(np.stack(shifted)).tobytes(),
            map_shape=(32, 26, 26),
        )
    return InferenceResult(probabilities=tuple(rows), epoch=2, batch=640, inside=inside)


@dataclass
class ScriptedRunner(LocalRunner):
    """Follows the Session contract on its own thread; each step is a call that a test makes.

    `do` runs a function on the training thread and returns when it has run. While paused the
    thread waits in the mailbox, as the engine does.
    """

    plan: RunPlan = field(default_factory=NewRun)
    batches: int = 1875
    session: Session = field(default_factory=Session)
    rows: list[EpochRow] = field(default_factory=list)
    holds_save: threading.Event | None = None
    """When given, the last save waits for it."""
    before: Sequence[PastEvent] = ()
    """What the run emitted before this view of it."""
    thread: threading.Thread | None = None
    requests: list[Request] = field(default_factory=list)
    """All that were taken, oldest first."""
    _steps: "queue.Queue[Callable[[], None] | None]" = field(default_factory=queue.Queue)
    _is_over: bool = False
    _is_paused: bool = False

    def run(self) -> None:
        """As in Runner."""
        self.thread = threading.current_thread()
        self.session.move(State.LOADING)
        self.publish(activity="loading torch")
        while not self._is_over:
            self._answer_requests()
            if self._is_over:
                return
            try:
                step = self._steps.get(timeout=0.005)
            except queue.Empty:
                continue
            if step is not None:
                step()

    def past(self) -> Sequence[PastEvent]:
        """As in Runner."""
        return self.before

    def ask(self, question: InferenceRequest) -> InferenceFuture:
        """As in Runner; the result is made up from the images, at once or while paused."""
        infer = Infer(question)
        answer = self.session.request(infer)
        if not answer.is_accepted and self.session.state.is_over:
            infer.future.set_result(read_by_ink(question))
        elif not answer.is_accepted:
            infer.future.set_exception(TrainingError(answer.message))
        return infer.future

    @property
    def is_alive(self) -> bool:
        """Whether its thread has started and not ended."""
        return self.thread is not None and self.thread.is_alive()

    def do(self, step: Callable[[], None]) -> None:
        """Run `step` on the training thread; returns when it has run. Not the training thread."""
        done = threading.Event()

        def and_signal() -> None:
            try:
                step()
            finally:
                done.set()

        self._steps.put(and_signal)
        assert done.wait(60), "the training thread did not take the step"

    def publish(self, **changes: object) -> None:
        """Publish the last snapshot with `changes`."""
        progress = replace(self.session.progress, state=self.session.state)
        self.session.publish(replace(progress, **changes))  # type: ignore[arg-type]

    def prepare(
        self,
        *,
        notice: str = "",
        rows: Iterable[EpochRow] = (),
        resumed_at: tuple[int, int] | None = None,
    ) -> None:
        """Digits and model are there: training begins."""
        epochs = self.plan.config.epochs

        def step() -> None:
            name = self.plan.name or "20260102-030405-tutorial"
            self.rows = list(rows)
            self.session.emit(
                RunPrepared(
                    run=name,
                    directory=str(self.plan.runs_dir / name),
                    device="CPU, 2 threads",
                    dataset="MNIST, 60,000 + 10,000 digits",
                    model="MnistNet, 21,840 parameters",
                    batches=self.batches,
                    epochs=epochs,
                    resumed_at=resumed_at,
                    rows=tuple(self.rows),
                )
            )
            if notice:
                self.session.emit(Notice(message=notice))
            self.session.move(State.RUNNING)
            self.publish(
                activity="training",
                epoch=len(self.rows) + 1,
                epochs=epochs,
                batches=self.batches,
                validation_batches=40,
                lr=self.plan.config.lr,
            )

        self.do(step)

    def train(self, batches: int, loss: Callable[[int], float] | None = None) -> None:
        """Train some batches of the open epoch."""

        def step() -> None:
            progress = self.session.progress
            first = len(self.session.history)
            losses = [
                loss(i) if loss else 0.1 + 2.2 / (1 + i / 150) + 0.05 * ((i * 7919) % 13) / 13
                for i in range(first, first + batches)
            ]
            self.session.history.extend(losses)
            done = progress.batch + batches
            total = progress.global_batch + batches
            epoch = progress.epoch
            elapsed = 0.0065 * total
            self.publish(
                batch=done,
                global_batch=total,
                train_loss=0.06 + 0.47 / (epoch + done / self.batches),
                train_accuracy=0.985 - 0.14 / (epoch + done / self.batches),
                batch_loss=losses[-1],
                samples_per_second=12_345.6,
                mean_samples_per_second=11_987.0,
                step_s=0.0026,
                elapsed_s=elapsed,
                remaining_s=elapsed / total * (progress.total_batches - total),
            )

        self.do(step)

    def validate(self, batches: int) -> None:
        """Validate some batches."""
        self.do(lambda: self.publish(activity="validating", validation_batch=batches))

    def finish_epoch(
        self, row: EpochRow | None = None, insight: ValidationResults | None = None
    ) -> None:
        """End the open epoch with `row` and what its validation showed, and open the next."""

        def step() -> None:
            progress = self.session.progress
            new = row or epoch_row(progress.epoch)
            best = best_of(self.rows)
            self.rows.append(new)
            self.session.publish_validation(insight or self.session.validation)
            self.session.emit(EpochFinished(row=new, is_best=new.is_better_than(best)))
            self.save(SaveReason.EPOCH)
            if new.epoch < progress.epochs:
                self.publish(
                    activity="training",
                    epoch=new.epoch + 1,
                    batch=0,
                    validation_batch=0,
                    train_loss=None,
                    train_accuracy=None,
                )

        self.do(step)

    def save(self, reason: SaveReason) -> None:
        """Save on the training thread."""
        progress = self.session.progress
        step = f"step-{progress.global_batch}.pt" if reason is SaveReason.MANUAL else "last.pt"
        self.session.emit(
            CheckpointSaved(
                path=f"runs/20260102-030405-tutorial/checkpoints/{step}",
                reason=reason,
                epoch=progress.epoch,
                batch=progress.batch,
                global_batch=progress.global_batch,
                size_bytes=187_432,
                milliseconds=12.4,
            )
        )

    def emit(self, event: Event) -> None:
        """Emit any event."""
        self.do(lambda: self.session.emit(event))

    def finish(self) -> None:
        """All epochs are done."""
        self.do(lambda: self.end(State.FINISHED, "Finished all epochs."))

    def fail(self, message: str, hint: str = "") -> None:
        """Training cannot go on."""
        self.do(lambda: self.end(State.FAILED, message, hint, exit_code=1, saved=False))

    def end(
        self,
        state: State,
        message: str,
        hint: str = "",
        *,
        exit_code: int = 0,
        saved: bool = True,
    ) -> None:
        """End the run. The training thread."""
        progress = self.session.progress
        self._is_over = True
        self.session.end(
            RunEnded(
                state=state,
                message=message,
                hint=hint,
                exit_code=exit_code,
                saved=saved,
                best=best_of(self.rows),
                last=self.rows[-1] if self.rows else None,
                elapsed_s=progress.elapsed_s,
                samples_per_second=progress.mean_samples_per_second,
            )
        )
        self.publish()

    def go_on_elsewhere(self) -> None:
        """End as a run does that is shown while another process trains it."""

        def step() -> None:
            self._is_over = True
            if self.session.state in (State.RUNNING, State.PAUSED):
                self.session.move(State.STOPPING)
            self.session.end(
                RunEnded(
                    state=State.STOPPED,
                    message="being trained by process 4711",
                    hint="come back to it",
                    remedy=Remedy(command="attach", run="runs/a"),
                    elsewhere=4711,
                )
            )

        self.do(step)

    def wait_for_disk(self) -> None:
        """All epochs are done, and the disk takes nothing."""

        def step() -> None:
            self.session.move(State.STOPPING)
            blocked_on = "not saved yet (No space left on device): make room"
            self.publish(activity="waiting for the disk", blocked_on=blocked_on)

        self.do(step)

    def _answer_requests(self) -> None:
        while not self._is_over:
            request = self.session.mailbox.take()
            if request is not None:
                self.requests.append(request)
            match request:
                case None:
                    return
                case Pause():
                    self.session.move(State.PAUSED)
                    self.publish()
                case Resume():
                    self.session.move(State.RUNNING)
                    self.publish()
                case Save():
                    self.save(SaveReason.MANUAL)
                case Adjust():
                    self._adjust(request)
                case Infer():
                    if request.future.set_running_or_notify_cancel():
                        request.future.set_result(read_by_ink(request.inference))
                case Stop():
                    self._stop(request)
                case GiveUp():
                    self.end(State.STOPPED, "Stopped by you. Not saved.", exit_code=1, saved=False)

    def _adjust(self, request: Adjust) -> None:
        if request.lr is not None:
            self._change_rate(request.lr)
        if request.epochs is None and request.checkpoint_every_s is None:
            return
        progress, every_s = self.session.progress, self.plan.config.checkpoint_every_s
        self.session.emit(
            SettingsChanged(
                epochs=request.epochs or progress.epochs,
                checkpoint_every_s=(
                    every_s if request.checkpoint_every_s is None else request.checkpoint_every_s
                ),
                previous_epochs=progress.epochs,
                previous_checkpoint_every_s=every_s,
                epoch=progress.epoch,
                global_batch=progress.global_batch,
            )
        )
        self.publish(epochs=request.epochs or progress.epochs)

    def _change_rate(self, lr: float) -> None:
        progress = self.session.progress
        self.session.emit(
            LearningRateChanged(
                lr=lr,
                previous=progress.lr or 0.0,
                epoch=progress.epoch,
                global_batch=progress.global_batch,
            )
        )
        self.publish(lr=lr)

    def _stop(self, stop: Stop) -> None:
        self.session.move(State.STOPPING, stop.reason)
        self.publish()
        if self.holds_save is not None:
            self.holds_save.wait(60)
        if stop.save:
            self.save(SaveReason.STOP)
        where = f"epoch {self.session.progress.epoch}, batch {self.session.progress.batch}"
        self.end(
            State.STOPPED,
            f"{stop.reason} in {where}. {'Saved' if stop.save else 'Not saved'}.",
            exit_code=stop.exit_code,
            saved=stop.save,
        )
