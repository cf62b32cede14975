"""Code is imported from what the user names or has named, and from nothing else."""

import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mnist_tui.errors import CheckpointError, MnistTuiError, UsageError
from mnist_tui.inference.checkpoint_predictor import CheckpointPredictor
from mnist_tui.inference.evaluate import evaluate_checkpoint
from mnist_tui.inference.load import read_model
from mnist_tui.run.inference import InferenceRequest
from mnist_tui.run.state import State
from mnist_tui.store import run_source, used_models
from mnist_tui.store.atomic import read_json, write_json
from mnist_tui.store.checkpoint import read_checkpoint
from mnist_tui.store.directory import RunDirectory
from tests.models.code import write
from tests.models.test_importing import NET
from tests.training_helpers import RecordedRun, few_config, resume, train

MARK = "from pathlib import Path\nPath(__file__).with_name('ran').touch()\n"
"""Leaves a trace where the file is run."""


@pytest.fixture
def run(few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunDirectory:
    """A run of a network in tmp_path/class/net.py, named from that folder."""
    folder = write(tmp_path, NET + MARK, "class/net.py").parent
    monkeypatch.chdir(folder)
    config = few_config(few_digits, model="net.py:Net", epochs=1)
    trained = train(config, tmp_path / "runs")
    assert trained.ended.state is State.FINISHED, trained.ended.message
    forget_what_ran(tmp_path)
    return trained.directory


def forget_what_ran(folder: Path) -> None:
    for path in folder.rglob("ran"):
        path.unlink()


def has_run(folder: Path) -> bool:
    """Whether any of the marked files was imported."""
    return any(folder.rglob("ran"))


def forget_what_was_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As another user, or on another computer."""
    monkeypatch.setattr(used_models, "named_here", set())
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other-home"))


def every_way_in(directory: RunDirectory) -> list[str]:
    """What each way of opening the run says, where it is refused."""
    said = []
    question = InferenceRequest(images=bytes(784))
    path = directory.last
    ways: list[Callable[[], Any]] = [
        lambda: read_model(path),
        lambda: evaluate_checkpoint(path, None, None, "cpu"),
        lambda: CheckpointPredictor(directory).ask(question).result(60),
    ]
    for way in ways:
        with pytest.raises(MnistTuiError) as caught:
            way()
        said.append(str(caught.value))
    resumed = resume(directory.path.parent, directory.name, {"epochs": 2})
    assert resumed.ended.state is State.FAILED
    return [*said, resumed.ended.message]


def test_what_was_named_once_need_not_be_named_again(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert type(read_model(run.last).classifier.module).__name__ == "Net"
    assert resume(run.path.parent, overrides={"epochs": 2}).ended.state is State.FINISHED


def test_code_that_nobody_has_named_here_does_not_run(
    run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a run that came in an archive: it is the user's by owner, and says what it likes."""
    forget_what_was_named(monkeypatch, tmp_path)
    for said in every_way_in(run):
        assert "code that was never used here and is not run unasked; look at" in said
    assert not has_run(tmp_path)
    named = f"{run.source}/net.py:Net"
    assert read_model(run.last, named).classifier.module
    assert has_run(tmp_path)
    assert read_model(run.last).classifier.module, "now it has been named"


def test_a_run_of_another_user_makes_no_code_run(
    run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    for said in every_way_in(run):
        assert "is another user's, whose code is not run unasked" in said
    assert not has_run(tmp_path)


def changed_file(run: RunDirectory) -> None:
    (run.source / "net.py").write_text(NET + MARK + MARK)
    shutil.rmtree(Path.cwd())


def changed_hash(run: RunDirectory) -> None:
    changed_file(run)
    content = (run.source / "net.py").read_bytes()
    rewrite(run, files={"net.py": used_models.hash_file(content)})


def other_name(run: RunDirectory) -> None:
    rewrite(run, name="net.py:MARK")


def file_elsewhere(run: RunDirectory) -> None:
    """A file that the user has written, and that must not run by itself."""
    script = write(run.path.parent, MARK, "clean/up.py")
    rewrite(
        run,
        name="up.py:Net",
        folder=str(script.parent),
        files={"up.py": used_models.hash_file(script.read_bytes())},
    )


def file_above(run: RunDirectory) -> None:
    script = write(run.path.parent, MARK, "up.py")
    content = used_models.hash_file(script.read_bytes())
    rewrite(run, name="up.py:Net", files={"../../up.py": content})


def function_of_python(run: RunDirectory) -> None:
    rewrite(run, name="os:abort", files={})


def function_by_another_name(run: RunDirectory) -> None:
    rewrite(run, name="logging:os.abort", files={})


def no_record(run: RunDirectory) -> None:
    values = read_json(run.config)
    del values["model"]
    write_json(run.config, values)


def rewrite(run: RunDirectory, **model: Any) -> None:
    """Change what config.json says of the code, and the checkpoint's own words of it too."""
    values = read_json(run.config)
    values["model"] = {**values["model"], **model}
    values["config"]["model"] = values["model"]["name"]
    write_json(run.config, values)
    checkpoint = read_checkpoint(run.last)
    config = replace(checkpoint.config, model=values["config"]["model"])
    run.last.write_bytes(replace(checkpoint, config=config).to_bytes())


TRICKS = (
    changed_file,
    changed_hash,
    other_name,
    file_elsewhere,
    file_above,
    function_of_python,
    function_by_another_name,
    no_record,
)


@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_that_a_run_says_makes_other_code_run(
    trick: Callable[[RunDirectory], None], run: RunDirectory, tmp_path: Path
) -> None:
    trick(run)
    for said in every_way_in(run):
        assert "\n" not in said
    assert not has_run(tmp_path)


def test_a_checkpoint_outside_of_its_run_makes_no_code_run(
    run: RunDirectory, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.pt"
    shutil.copy(run.last, alone)
    with pytest.raises(UsageError, match="lies in no run that says where its code is"):
        read_model(alone)
    assert not has_run(tmp_path)
    assert read_model(alone, "net.py:Net").checkpoint is not None


def test_a_pickled_network_is_not_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"state_dict": Bomb()}, tmp_path / "whole.pt")
    (tmp_path / "raw.pt").write_bytes(pickle.dumps(Bomb()))
    for name in ("whole.pt", "raw.pt"):
        with pytest.raises(CheckpointError):
            read_model(tmp_path / name)
    assert not has_run(tmp_path)


# A run whose files have changed.


@pytest.mark.slow
def test_a_resume_with_a_changed_file_is_refused_and_says_how_to_go_on(
    run: RunDirectory, tmp_path: Path
) -> None:
    before = read_model(run.last).classifier.module.state_dict()
    forget_what_ran(tmp_path)
    write(tmp_path, NET.replace("784, 10", "784, 10, bias=False") + MARK, "class/net.py")
    refused = resume(run.path.parent, overrides={"epochs": 2})
    assert refused.ended.exit_code == 2
    assert refused.ended.message == (
        "net.py has changed since run run was trained with it; start a new run with it, or resume "
        "with what it was"
    )
    assert refused.ended.remedy is not None
    assert not has_run(tmp_path)
    settings = {**refused.ended.remedy.settings, "epochs": 2}
    resumed = resume(run.path.parent, overrides=settings)
    assert resumed.ended.state is State.FINISHED, resumed.ended.message
    assert read_json(run.config)["config"]["model"] == "net.py:Net"
    shown = read_model(run.last).classifier.module.state_dict()
    assert shown.keys() == before.keys(), "a look at the run takes the run's own copy"


def test_other_code_that_is_named_for_a_run_is_refused(run: RunDirectory, tmp_path: Path) -> None:
    write(tmp_path, NET + "# changed\n", "class/other.py")
    resumed = resume(run.path.parent, overrides={"epochs": 2, "model": "other.py:Net"})
    assert "other.py:Net is not what run run was trained with: that was net.py:Net" in (
        resumed.ended.message
    )


def test_a_file_that_is_gone_is_no_loss(run: RunDirectory, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "class")
    os.chdir(tmp_path)
    resumed = resume(run.path.parent, overrides={"epochs": 2})
    assert resumed.ended.state is State.FINISHED, resumed.ended.message


def test_a_copy_that_has_changed_is_not_used(run: RunDirectory, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "class")
    os.chdir(tmp_path)
    (run.source / "net.py").write_text(NET + MARK)
    with pytest.raises(UsageError, match="is not what run run was trained with"):
        read_model(run.last)
    assert not has_run(tmp_path)


# What is remembered.


def test_the_networks_that_were_used_are_offered_as_they_are_typed_here(
    run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert used_models.used_names() == ["net.py:Net"]
    monkeypatch.chdir(tmp_path)
    assert used_models.used_names() == ["class/net.py:Net"]
    read_model(run.last, f"{run.source}/net.py:Net")
    assert used_models.used_names() == ["class/net.py:Net"], "not the copy of it"
    (tmp_path / "class/net.py").unlink()
    assert used_models.used_names() == []


def test_users_without_a_home_need_not_name_it_twice_in_one_process(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*args: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr(used_models.platformdirs, "user_state_path", nowhere)
    write(tmp_path, NET, "net.py")
    monkeypatch.chdir(tmp_path)
    trained: RecordedRun = train(few_config(few_digits, model="net.py:Net", epochs=1), tmp_path)
    question = InferenceRequest(images=bytes(784), looks_inside=True)
    answer = trained.runner.ask(question).result(60)
    assert len(answer.probabilities[0]) == 10
    assert answer.inside is None
    assert used_models.used_names() == []


def test_a_record_of_files_outside_of_their_folder_is_none(tmp_path: Path) -> None:
    directory = RunDirectory(tmp_path)
    for path in ("../net.py", "/etc/passwd", "a/../../net.py", "..\\net.py"):
        write_json(
            directory.config, {"model": {"name": "a:b", "folder": ".", "files": {path: "0"}}}
        )
        assert run_source.RunSource.of(directory) is None
