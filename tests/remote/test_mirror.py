"""A dashboard's session on a run of another process: the same as the run's own."""

import socket
import threading
from concurrent.futures import CancelledError
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_tui.errors import MnistTuiError
from mnist_tui.remote.connection import Connection
from mnist_tui.remote.mirror import Mirror, Silence
from mnist_tui.run.events import Notice, Warned
from mnist_tui.run.inference import IMAGE_BYTES, InferenceFuture, InferenceRequest
from mnist_tui.run.log import CaughtUp
from mnist_tui.run.machine import MachineSample
from mnist_tui.run.progress import Progress
from mnist_tui.run.protocol import Greeting, StatusAsked
from mnist_tui.run.requests import Adjust, Pause, Resume, Save, Stop
from mnist_tui.run.state import State
from mnist_tui.run.validation import EpochResults, Example, ValidationResults
from mnist_tui.run.wire import Decoder, encode
from tests.remote.served import LIMIT_S, Viewer, served_run, until
from tests.run.values import epoch_row
from tests.tui.fake_runner import ScriptedRunner, read_by_ink

IMAGE = InferenceRequest(images=bytes(range(256)) * 3 + bytes(IMAGE_BYTES - 768))


def results(epoch: int) -> ValidationResults:
    confusion = tuple(tuple(epoch + row + column for column in range(10)) for row in range(10))
    mistake = Example(
        index=epoch,
        label=4,
        predicted=9,
        probability=0.75,
        label_probability=0.25,
        loss=1.5,
        image=bytes([epoch] * 784),
    )
    row = EpochResults(epoch=epoch, confusion=confusion, tracked=bytes(20))
    return ValidationResults(epochs=(row,), mistakes=(mistake,))


def mirrors(viewer: Viewer, runner: ScriptedRunner) -> bool:
    """Whether the viewer has all that the run has."""
    mirrored, own = viewer.runner.session, runner.session
    return (
        mirrored.state is own.state
        and (mirrored.progress == own.progress or own.state.is_over)
        and mirrored.history.snapshot() == own.history.snapshot()
        and mirrored.validation == own.validation
        and viewer.log == own.log
    )


def test_a_viewer_that_comes_late_has_all_that_was_before(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        run.runner.emit(Notice(message="the sample"))
        run.runner.train(3000)
        run.runner.finish_epoch(insight=results(1))
        viewer = run.attach()
        assert [type(event) for event in viewer.events] == [CaughtUp]
        assert mirrors(viewer, run.runner)
        assert viewer.runner.place.startswith("process ")
        kinds = [event.kind for _, event in viewer.runner.past()]
        assert kinds[:2] == ["state_changed", "run_prepared"]
        assert kinds[-2:] == ["epoch_finished", "checkpoint_saved"]


def test_what_happens_later_arrives_in_order(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        first, second = run.attach(), run.attach(is_read_only=True)
        for epoch in (1, 2):
            for batches in (100, 1, 1500):
                run.runner.train(batches)
            before = run.runner.session.validation
            run.runner.finish_epoch(insight=before.extended_by(results(epoch)))
        run.runner.emit(Warned(message="hot"))
        run.runner.finish()
        for viewer in (first, second):
            viewer.thread.join(LIMIT_S)
            assert mirrors(viewer, run.runner)
            assert viewer.runner.session.log.rows == [epoch_row(1), epoch_row(2)]
        assert [e for e in first.events[1:] if e.kind != "caught_up"] == [
            e for e in second.events[1:] if e.kind != "caught_up"
        ]


def test_requests_reach_the_run_and_come_back_as_its_events(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        viewer = run.attach()
        session = viewer.runner.session
        assert session.request(Pause()).is_accepted
        until(lambda: session.state is State.PAUSED, "the pause")
        assert run.runner.session.state is State.PAUSED
        assert session.request(Adjust(lr=0.125, epochs=7)).is_accepted
        assert session.request(Save()).is_accepted
        assert session.request(Resume()).is_accepted
        until(lambda: session.state is State.RUNNING, "training")
        until(lambda: viewer.log.saved, "the checkpoint")
        assert viewer.log.epochs == 7
        assert viewer.log.learning_rates[-1].lr == 0.125
        assert session.request(Stop()).is_accepted
        viewer.thread.join(LIMIT_S)
        assert session.state is State.STOPPED
        assert viewer.log.ended == run.runner.session.log.ended


def test_what_the_mirrored_state_does_not_allow_is_refused_at_once(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        viewer = run.attach()
        answer = viewer.runner.session.request(Resume())
        assert (answer.is_accepted, answer.message) == (False, "cannot resume while running")


def test_what_the_run_refuses_later_is_a_warning(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        viewer = run.attach()
        viewer.runner.session.mailbox.put(Resume())  # as if it had been paused a moment ago
        until(lambda: isinstance(viewer.events[-1], Warned), "the refusal")
        assert viewer.events[-1] == Warned(message="cannot resume while running")


def test_the_model_of_the_other_process_answers(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        for viewer in (run.attach(), run.attach(is_read_only=True)):
            assert viewer.runner.ask(IMAGE).result(LIMIT_S) == read_by_ink(IMAGE)


def test_a_request_to_the_model_is_cancelled_when_the_run_ends(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        viewer = run.attach()
        asked: list[InferenceFuture] = []

        def end_instead() -> None:
            asked.append(viewer.runner.ask(IMAGE))
            run.runner.end(State.FAILED, "a loss that is not a number")

        run.runner.do(end_instead)
        viewer.thread.join(LIMIT_S)
        assert viewer.log.ended is not None
        with pytest.raises((MnistTuiError, CancelledError)):
            asked[0].result(LIMIT_S)


def test_the_machine_is_that_of_the_process_that_trains(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        viewer = run.attach()
        sample = viewer.runner.sample_machine
        assert sample is not None
        assert isinstance(sample(), MachineSample)
        run.runner.finish()
        viewer.thread.join(LIMIT_S)
        assert viewer.runner.sample_machine is None


def test_a_read_only_viewer_changes_nothing(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        viewer = run.attach(is_read_only=True)
        for request in (Pause(), Save(), Stop(), Adjust(lr=1.0)):
            assert not viewer.runner.session.allows(type(request))
            answer = viewer.runner.session.request(request)
            assert answer.message.endswith("this view is read-only")
        # Nor does one that does not keep to it.
        viewer.runner.session.mailbox.put(Pause())
        until(lambda: isinstance(viewer.events[-1], Warned), "the refusal")
        assert run.runner.session.state is State.RUNNING


def test_leaving_changes_nothing_and_says_how_to_come_back(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        viewer = run.attach()
        assert run.runner.session.viewers == 1
        viewer.leave()
        ended = viewer.log.ended
        assert ended is not None
        assert ended.elsewhere
        assert ended.remedy is not None
        assert ended.remedy.command == "attach"
        assert run.runner.session.state is State.RUNNING
        until(lambda: not run.runner.session.viewers, "no viewer")


def test_the_run_waits_for_the_viewer_who_can_make_room_on_a_disk(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        run.attach(is_read_only=True)
        assert not run.runner.session.has_interactive_viewer
        run.attach()
        assert run.runner.session.has_interactive_viewer
        assert run.runner.session.viewers == 2


@pytest.mark.slow
def test_losses_that_come_faster_than_they_can_be_sent_leave_none_out(tmp_path: Path) -> None:
    with served_run(tmp_path) as run:
        viewer = run.attach()
        own, mirrored = run.runner.session.history, viewer.runner.session.history
        for _ in range(6):
            run.runner.train(3000, loss=lambda i: float(i % 977))
            until(lambda: len(mirrored) == len(own), "the losses")
            for columns in (60, 1000):
                low = [bucket.low for bucket in own.envelope(0, len(own), columns)]
                assert min(low) == min(b.low for b in mirrored.envelope(0, len(own), columns))
        whole = mirrored.envelope(0, len(own), 1)[0]
        assert whole == replace(own.envelope(0, len(own), 1)[0], mean=whole.mean)
        viewer.runner.session.request(Pause())
        until(lambda: mirrored.snapshot() == own.snapshot(), "the detail, once there is time")


def test_a_process_that_does_not_answer_is_told_until_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mnist_tui.remote.mirror.QUIET_S", 0.02)
    ours, theirs = socket.socketpair()
    mirror = Mirror(is_read_only=True)
    with ours, theirs:
        theirs.sendall(encode(Greeting(contract=1, oldest=1, release="0", pid=77, host="")))
        connection = Connection(ours)
        thread = threading.Thread(target=mirror.follow, args=(connection,))
        thread.start()
        progress = Progress(state=State.RUNNING, epoch=3)
        theirs.sendall(encode(progress))
        session = mirror.session
        until(lambda: session.progress.blocked_on, "a word about the silence")
        assert session.progress.blocked_on.startswith("process 77 does not answer")
        assert session.progress.epoch == 3
        with pytest.raises(CancelledError):
            mirror.sample_machine()
        theirs.sendall(encode(Warned(message="hot")))
        until(lambda: session.progress == progress, "the progress as it was")
        mirror.leave()
        thread.join(LIMIT_S)
        asked = [message.value for message in Decoder().feed(theirs.recv(65536))]
    mirror.close()
    assert asked.count(StatusAsked()) >= 1


def test_a_paused_run_that_answers_is_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_tui.remote.mirror.QUIET_S", 0.1)
    asked: list[bool] = []
    look = Silence.look

    def noted(self: Silence) -> bool:
        asked.append(look(self))
        return asked[-1]

    monkeypatch.setattr(Silence, "look", noted)
    with served_run(tmp_path) as run:
        viewer = run.attach()
        viewer.runner.session.request(Pause())
        until(lambda: viewer.runner.session.state is State.PAUSED, "the pause")
        until(lambda: asked.count(True) >= 3, "three times of silence, each of which was answered")
        assert viewer.runner.session.progress.blocked_on == ""
