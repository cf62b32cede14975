"""What a run that has ended leaves on the terminal."""

from typing import Any

import pytest

from mnist_tui.run.events import CheckpointSaved, EpochFinished, RunEnded, RunPrepared, SaveReason
from mnist_tui.run.log import RunLog
from mnist_tui.run.state import State
from mnist_tui.tui.text.exit_summary import exit_report, resume_command
from tests.run.values import epoch_row


def seen(
    state: State,
    *,
    epochs: int = 3,
    files: Any = ("last.pt",),
    directory: str = "runs/mine",
    **ended: Any,
) -> RunLog:
    """A run of two epochs that ended so."""
    view = RunLog()
    view.add(
        RunPrepared(
            run="mine",
            directory=directory,
            device="CPU",
            dataset="MNIST",
            model="MnistNet",
            batches=1875,
            epochs=epochs,
            resumed_at=ended.pop("resumed_at", None),
        )
    )
    for epoch in (1, 2):
        view.add(EpochFinished(row=epoch_row(epoch), is_best=epoch == 1))
    for file in files:
        view.add(
            CheckpointSaved(
                path=f"runs/mine/checkpoints/{file}",
                reason=SaveReason.EPOCH,
                epoch=2,
                batch=1204,
                global_batch=3079,
                size_bytes=1,
                milliseconds=1.0,
            )
        )
    ended = {"elapsed_s": 75.0, "samples_per_second": 12_345.0, **ended}
    view.add(RunEnded(state=state, message=f"the run is {state}", **ended))
    return view


def test_files_that_do_not_fit_go_on_in_the_next_line_as_a_whole() -> None:
    view = seen(State.STOPPED, files=("last.pt", "best.pt", "step-527.pt"), saved=True)
    assert "runs/mine/checkpoints: step-527.pt, best.pt, last.pt\n" in exit_report(view)
    narrow = exit_report(view, columns=50)
    assert (
        "runs/mine/checkpoints:\n                       step-527.pt, best.pt, last.pt\n" in narrow
    )


def test_a_run_that_goes_on_elsewhere_is_not_to_be_resumed() -> None:
    view = seen(State.STOPPED, saved=True, elsewhere=4711)
    assert resume_command(view) is None
    assert "resume" not in exit_report(view)
    assert resume_command(seen(State.STOPPED, saved=True)) is not None


def test_a_finished_run_says_how_to_make_it_longer() -> None:
    view = seen(State.FINISHED, epochs=2, saved=True)
    assert resume_command(view) == "mnist-tui resume mine --epochs 3"


@pytest.mark.parametrize("state", [State.STOPPED, State.FAILED])
def test_a_run_that_ended_early_says_how_to_go_on(state: State) -> None:
    assert resume_command(seen(state, saved=True)) == "mnist-tui resume mine"


@pytest.mark.parametrize(
    ("directory", "words"), [("my runs/mine", "'my runs/mine'"), ("runs/lab/mine", "runs/lab/mine")]
)
def test_the_command_names_a_run_elsewhere_by_its_path_and_quotes_it(
    directory: str, words: str
) -> None:
    view = seen(State.STOPPED, directory=directory, saved=True)
    assert resume_command(view) == f"mnist-tui resume {words}"


def test_a_run_that_was_never_saved_has_nothing_to_go_on_with() -> None:
    assert resume_command(seen(State.STOPPED, files=())) is None


def test_a_resumed_run_that_failed_before_saving_goes_on_from_its_old_checkpoint() -> None:
    view = seen(State.FAILED, files=(), resumed_at=(2, 5))
    assert resume_command(view) == "mnist-tui resume mine"


def test_what_was_not_saved_is_said() -> None:
    report = exit_report(seen(State.STOPPED))
    assert "epoch 2, batch 1,204; later progress is lost" in report
    assert "lost" not in exit_report(seen(State.STOPPED, saved=True))


def test_the_report_has_the_numbers_the_time_and_the_checkpoints() -> None:
    files = ("step-1.pt", "step-2.pt", "best.pt", "last.pt")
    report = exit_report(seen(State.FINISHED, files=files, saved=True))
    for text in (
        "the run is finished",
        "last and best epoch  2: accuracy 96.10 %, loss 0.1350",
        "1:15, 12,345 images per second",
        "runs/mine/checkpoints: last.pt, best.pt, step-2.pt …",
        "mnist-tui resume mine --epochs 4",
    ):
        assert text in report
