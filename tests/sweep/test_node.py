"""Runs that are trained on a machine without their folder, in processes of this one."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_tui.run.events import RunPrepared
from mnist_tui.run.plan import NewRun, ResumedRun, TrainedRun
from mnist_tui.run.requests import Stop
from mnist_tui.store.atomic import read_json
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.parcel import unpack
from mnist_tui.sweep.executor import Ended
from mnist_tui.sweep.node import NodeAgent, Order
from mnist_tui.sweep.shipping import Shipping
from tests.campaigns.sameness import assert_same_run
from tests.remote.served import until
from tests.training_helpers import few_config, train

pytestmark = pytest.mark.slow

LIMIT_S = 240.0
NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(784, 10))
"""


class Elsewhere:
    """A run that is trained elsewhere, and its folder here."""

    def __init__(self, plan: TrainedRun, order: Order) -> None:
        self.directory = RunDirectory(plan.runs_dir / str(plan.name))
        self.agent = NodeAgent()
        self.agent.train(order)
        self._received = 0
        self._ended: Ended | None = None

    def look(self) -> None:
        report = self.agent.look(self._received)
        self._received += 1
        self._ended = report.ended
        unpack(self.directory.path, report.files)

    def follow(self, is_so: Callable[[], object]) -> None:
        """Bring what changes there here, until `is_so`."""

        def looks() -> object:
            self.look()
            return is_so()

        until(looks, "what a run elsewhere does", LIMIT_S)

    def end(self) -> Ended:
        """Follow it to its end."""
        self.follow(lambda: self._ended)
        assert self._ended is not None
        return self._ended


def begin(plan: TrainedRun, origin: Path) -> Elsewhere:
    return Elsewhere(plan, Shipping(origin).order(plan, {}, shares_folder=False))


def test_a_run_that_moves_from_a_machine_that_died_to_another_is_the_same_run(
    few_digits: Path, tmp_path: Path
) -> None:
    config = few_config(few_digits, epochs=40, checkpoint_every_s=0.2)
    here = tmp_path / "here"
    run = begin(NewRun(config=config, runs_dir=here, name="run"), tmp_path)
    run.follow(lambda: len(run.directory.read_rows()) > 3 and run.directory.last.exists())
    assert run.directory.lock.is_held(), "it is live to who looks at it here"
    os.kill(read_json(run.directory.status)["pid"], signal.SIGKILL)
    assert run.end().exit_code is None
    again = begin(ResumedRun(config=config, runs_dir=here, name="run"), tmp_path)
    assert again.end().exit_code == 0
    starts = [e.resumed_at for _, e in run.directory.read_events() if isinstance(e, RunPrepared)]
    assert len(starts) == 2
    assert starts[1] is not None, "it began again"
    train(config, tmp_path, "undisturbed")
    assert_same_run(run.directory.path, tmp_path / "undisturbed")


def test_a_run_elsewhere_is_stopped_saved_and_all_of_it_comes_back(
    few_digits: Path, tmp_path: Path
) -> None:
    config = few_config(few_digits, epochs=4000)
    run = begin(NewRun(config=config, runs_dir=tmp_path / "here", name="run"), tmp_path)
    run.follow(run.directory.read_rows)
    run.agent.send(Stop(exit_code=143))
    assert run.end().exit_code == 143
    status = read_json(run.directory.status)
    assert (status["state"], status["saved"]) == ("stopped", True)
    assert run.directory.last.exists()
    assert not run.directory.lock.is_held()


def test_a_network_of_ones_own_is_trained_there_or_refused_where_it_is_other_code(
    few_digits: Path, tmp_path: Path
) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "net.py").write_text(NET)
    config = few_config(few_digits, model="nets/net.py:Net", epochs=2)
    plan = NewRun(config=config, runs_dir=tmp_path / "here", name="run")
    order = Shipping(tmp_path).order(plan, {}, shares_folder=False)
    (tmp_path / "nets" / "net.py").unlink()
    run = Elsewhere(plan, order)
    assert run.end().exit_code == 0
    assert (run.directory.source / "net.py").read_text() == NET
    plan = replace(plan, name="other", config=replace(config, epochs=4000))
    other = replace(
        order,
        plan=replace(order.plan, name="other", config=replace(order.plan.config, epochs=4000)),
        source={**order.source, "more.py": b""},
    )
    ended = Elsewhere(plan, other).end()
    assert ended.exit_code == 2
    assert "net.py:Net is other code here" in ended.message
