"""What a run needs on another machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from mnist_tui.config import TrainConfig
from mnist_tui.errors import UsageError
from mnist_tui.run.plan import NewRun, ResumedRun
from mnist_tui.sweep import ray_executor
from mnist_tui.sweep.cluster import Cluster
from mnist_tui.sweep.node import describe_node
from mnist_tui.sweep.ray_executor import RayExecutor
from mnist_tui.sweep.shipping import Shipping

NET = "from layers import Net as Net\n"
LAYERS = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(784, 10))
"""


def test_a_node_has_the_folder_when_it_reads_there_what_was_just_written(tmp_path: Path) -> None:
    marker = tmp_path / "name"
    assert not describe_node(marker).shares_folder
    marker.write_text("another one's")
    assert not describe_node(marker).shares_folder
    marker.write_text("name")
    assert describe_node(marker).shares_folder


def test_a_folder_that_cannot_be_written_to_is_not_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "name").write_text("name")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert not describe_node(tmp_path / "name").shares_folder


def test_the_files_of_a_run_go_along_but_its_lock_where_its_folder_is_not_there(
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    for name in ("config.json", "lock", "checkpoints/last.pt"):
        (run / name).write_text(name)
    plan = ResumedRun(name="run", runs_dir=tmp_path)
    apart = Shipping(tmp_path).order(plan, {}, shares_folder=False)
    assert apart.files == {
        "config.json": b"config.json",
        "checkpoints/last.pt": b"checkpoints/last.pt",
    }
    assert Shipping(tmp_path).order(plan, {}, shares_folder=True).files is None


def test_names_mean_the_same_on_another_machine(tmp_path: Path) -> None:
    config = TrainConfig(dataset="auto", data_dir="data")
    order = Shipping(tmp_path).order(NewRun(config=config, name="run"), {}, shares_folder=False)
    assert isinstance(order.plan, NewRun)
    expected = replace(config, dataset="mnist", data_dir=str(tmp_path / "data"))
    assert order.plan.config == expected


@pytest.mark.slow
def test_all_files_of_a_users_network_go_along(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "net.py").write_text(NET)
    (tmp_path / "nets" / "layers.py").write_text(LAYERS)
    config = TrainConfig(model="nets/net.py:Net")
    for plan in (NewRun(config=config, name="run"), ResumedRun(config=config, name="run")):
        order = Shipping(tmp_path).order(plan, {}, shares_folder=True)
        assert order.source == {"net.py": NET.encode(), "layers.py": LAYERS.encode()}
        sent = order.plan
        model = sent.config.model if isinstance(sent, NewRun) else sent.overrides["model"]
        assert model == "net.py:Net"


@pytest.mark.parametrize("address", ["local", "auto", "10.0.0.1:6379", "ray://head:10001"])
def test_addresses_are_those_of_ray(address: str) -> None:
    place = Cluster(address=address).place
    assert (place is None) == (address in ("local", "auto"))


@pytest.mark.parametrize("address", ["", "head", "head:port", "http://head:8265", "Local"])
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="no address of a Ray cluster"):
        Cluster(address=address)


def test_a_run_has_a_share_of_a_gpu_or_whole_ones() -> None:
    assert Cluster(address="local", gpus=0.25).gpus == 0.25
    for gpus in (1.5, 0.00001, float("nan")):
        with pytest.raises(UsageError, match=f"cannot have {gpus:g} GPUs"):
            Cluster(address="local", gpus=gpus)


def test_without_ray_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_executor, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"ray is not installed.*install mnist-tui\[ray\]"):
        RayExecutor(Cluster(address="local"), tmp_path, tmp_path, print)
