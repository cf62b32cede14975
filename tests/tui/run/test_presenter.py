"""What a run says, as it comes to the screens."""

import pytest

from mnist_tui.run.events import EpochFinished
from mnist_tui.tui.dashboard.screen import Dashboard
from tests.run.values import epoch_row
from tests.tui.app_harness import on_stage

pytestmark = pytest.mark.asyncio

GUESSED = {"val_loss": 2.303, "val_accuracy": 0.098}


async def test_epochs_that_follow_fast_are_drawn_once_per_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with on_stage() as stage:
        await stage.start()
        drawn: list[None] = []
        presenter, thread = stage.app.presenter, stage.app.run_controller.thread
        assert thread is not None
        monkeypatch.setattr(Dashboard, "show_epochs", lambda self: drawn.append(None))
        presenter.follow(draws_losses=False)
        for after in (1, 1, 1):
            presenter.take(thread, EpochFinished(row=epoch_row(1), is_best=False))
            assert len(drawn) == after
        for after in (2, 2):
            presenter.follow(draws_losses=False)
            assert len(drawn) == after
        presenter.take(thread, EpochFinished(row=epoch_row(2), is_best=False))
        assert len(drawn) == 3


@pytest.mark.slow
async def test_an_epoch_that_is_no_better_than_chance_says_what_to_do_once() -> None:
    async with on_stage((120, 36)) as stage:
        runner = await stage.start()
        for _ in range(2):
            runner.train(1875)
            runner.finish_epoch(epoch_row(runner.session.progress.epoch, **GUESSED))
        await stage.sees("› no better than guessing: try a lower learning rate ([ halves it)")
        await stage.pilot.press("5")
        await stage.sees("epoch 2: validation accuracy 9.80 %")
        log = stage.app.dashboard.log_pane.text
        assert log.count("no better than guessing") == 1
        assert "★" not in log.splitlines()[-2]
