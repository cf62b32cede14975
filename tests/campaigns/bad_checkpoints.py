"""Checkpoints and insight files that are damaged or made up: no code of theirs is run.

    python -m tests.campaigns.bad_checkpoints --count 2000 --seed 0

Each attempt puts a mutant in the place of last.pt and resumes. A mutant that torch, the
checksums and the seal take for whole must hold, bit for bit, what the good one holds. In one
attempt of eight it is insight.npz that is exchanged: the run goes on, says so, and writes a
whole one.
"""

import io
import pickle
import random
import shutil
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mnist_tui.errors import CheckpointError, DataError
from mnist_tui.inference.load import read_model
from mnist_tui.store.checkpoint import FORMAT, Checkpoint, read_checkpoint, sealed
from mnist_tui.store.directory import RunDirectory
from mnist_tui.store.validation_file import read_validation
from tests.campaigns.campaign import few_digits, kept_folder, main
from tests.campaigns.command import assert_refused, run_command
from tests.campaigns.sameness import difference
from tests.training_helpers import few_config, train

Mutant = Callable[[random.Random, bytes, Path], bytes]


@cache
def good_run() -> Path:
    """A run of one epoch that can be made longer."""
    folder = kept_folder()
    train(few_config(few_digits(), batch_size=32, epochs=1, optimizer="momentum"), folder, "good")
    train(
        few_config(few_digits(), batch_size=32, epochs=1, optimizer="momentum", seed=7),
        folder,
        "other",
    )
    return folder / "good"


def last(run: Path) -> Path:
    return run / "checkpoints" / "last.pt"


def flip_bits(dice: random.Random, content: bytes, trap: Path) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 8, 100))):
        changed[_place(dice, content)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def cut(dice: random.Random, content: bytes, trap: Path) -> bytes:
    return content[: dice.choice((dice.randrange(len(content)), _place(dice, content)))]


def cut_start(dice: random.Random, content: bytes, trap: Path) -> bytes:
    return content[dice.randrange(1, len(content)) :]


def swap(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """Exchange two pieces."""
    size = dice.choice((1, 16, 512, 4096, 65_536))
    one, other = sorted(dice.randrange(len(content) - size) for _ in range(2))
    changed = bytearray(content)
    changed[one : one + size], changed[other : other + size] = (
        content[other : other + size],
        content[one : one + size],
    )
    return bytes(changed)


def splice(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """Put a piece of another run's checkpoint in."""
    other = last(good_run().parent / "other").read_bytes()
    start = dice.randrange(len(content))
    end = min(len(content), start + dice.choice((16, 4096, 1_000_000)))
    return content[:start] + other[start:end] + content[end:]


def blank(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """Zeros, as a file system leaves where it lost a block."""
    start = dice.randrange(len(content)) // 4096 * 4096
    end = min(len(content), start + 4096 * dice.choice((1, 4, 1000)))
    return content[:start] + bytes(end - start) + content[end:]


def repeat_entry(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """A zip file with an entry twice, the second time with something else in it."""
    return _rezip(dice, content, lambda name, data: [data, flip_bits(dice, data or b"x", trap)])


def lose_entry(dice: random.Random, content: bytes, trap: Path) -> bytes:
    return _rezip(dice, content, lambda name, data: [])


def change_entry(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """An entry changed, with a checksum in the zip file that fits the change."""
    return _rezip(dice, content, lambda name, data: [flip_bits(dice, data or b"x", trap)])


def keep_seal(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """Entries repeated, lost or changed, under the seal of the good file."""
    mutant = dice.choice((repeat_entry, lose_entry, change_entry))(dice, content, trap)
    buffer = io.BytesIO(mutant)
    with zipfile.ZipFile(io.BytesIO(content)) as good, zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = good.comment
    return buffer.getvalue()


def run_code(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """A pickle that would make a folder when it is loaded as pickles are."""
    bomb = _Bomb(trap)
    values: Any = dice.choice(
        (bomb, {"model": bomb}, {"format": bomb}, [bomb], {"model": {bomb: 1}})
    )
    kind = dice.randrange(4)
    if kind == 0:
        return pickle.dumps(values, protocol=dice.randrange(1, 5))
    if kind == 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _saved(values, legacy=True)
    if kind == 2:
        return _saved(values)
    # The good file, with its pickle followed or led by the bomb's.
    bomb_bytes = pickle.dumps(bomb, protocol=2)
    is_first = dice.random() < 0.5

    def lead(name: str, data: bytes) -> list[bytes]:
        return [bomb_bytes[:-1] + data[2:] if is_first else data[:-1] + bomb_bytes[2:]]

    return _rezip(dice, content, lead, only="data.pkl")


def lie(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """Impossible values under a seal that is right."""
    values = torch.load(io.BytesIO(content), weights_only=True)
    key = dice.choice([key for key in values if key != "fingerprint"])
    match dice.randrange(3):
        case 0:
            del values[key]
        case 1 if key in ("epoch", "batch", "global_batch", "correct"):
            values[key] = dice.choice((-1, -(2**40), 0.5, "7", None))
        case 1 if key == "model":
            name = dice.choice(list(values["model"]))
            values["model"][name] = torch.full_like(values["model"][name], float("nan"))
        case _:
            values[key] = dice.choice(("x", None, [], torch.zeros(2, 2), {"x": [1]}, float("nan")))
    return sealed(values)


def swell(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """Few bytes that stand for more than any memory holds, under a seal that is right."""
    values = torch.load(io.BytesIO(content), weights_only=True)
    laughs: Any = "ha"
    for _ in range(40):
        laughs = dice.choice(([laughs, laughs], {"a": laughs, "b": laughs}, (laughs, laughs)))
    large = torch.zeros(1).expand(2**20, 2**20)
    meta = torch.zeros(2**20, 2**20, device="meta")
    what = dice.choice((laughs, large, meta))
    key = dice.choice([key for key in values if key != "format"])
    if isinstance(values[key], dict) and values[key] and dice.random() < 0.7:
        values[key][dice.choice(list(values[key]))] = what
    else:
        values[key] = what
    return sealed(values)


def hide_code(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """The weights in a form of other programs, with a bomb beside or among them."""
    state: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True)["model"]
    bomb = _Bomb(trap)
    prefix = dice.choice(("", "module.", "_orig_mod.", "model."))
    state = {f"{prefix}{name}": tensor for name, tensor in state.items()}
    where = dice.choice(("among", "beside", "hyper", "name"))
    if where == "among":
        state[dice.choice(list(state))] = bomb
    values: dict[Any, Any] = {dice.choice(("state_dict", "model_state_dict", "model")): state}
    if where != "among":
        values[{"beside": "optimizer", "hyper": "hyper_parameters", "name": bomb}[where]] = bomb
    return _saved(values, legacy=dice.random() < 0.5)


def exchange(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """The whole and good checkpoint of another run."""
    if dice.random() < 0.5:
        return last(good_run().parent / "other").read_bytes()
    checkpoint = read_checkpoint(last(good_run()))
    changes = {"lr": 0.3, "batch_size": 16, "optimizer": "sgd", "seed": 3}
    name = dice.choice(list(changes))
    return replace(
        checkpoint, config=replace(checkpoint.config, **{name: changes[name]})
    ).to_bytes()


def other_file(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """Something else altogether."""
    return dice.choice(
        (
            b"",
            b"not a checkpoint\n",
            dice.randbytes(dice.randrange(1, 5000)),
            b"PK\x03\x04" + dice.randbytes(200),
            b"\x80\x02" + dice.randbytes(200),
            _saved(torch.zeros(3)),
            _saved({"model": {"weight": torch.zeros(3)}}),
            pickle.dumps({"format": FORMAT}),
        )
    )


MUTANTS: tuple[Mutant, ...] = (
    flip_bits,
    flip_bits,
    cut,
    cut_start,
    swap,
    splice,
    blank,
    repeat_entry,
    lose_entry,
    change_entry,
    keep_seal,
    run_code,
    hide_code,
    lie,
    swell,
    exchange,
    other_file,
)


class _Bomb:
    def __init__(self, trap: Path) -> None:
        self._trap = trap

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        import os

        return os.mkdir, (str(self._trap),)


def _saved(values: Any, *, legacy: bool = False) -> bytes:
    buffer = io.BytesIO()
    torch.save(values, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def _place(dice: random.Random, content: bytes) -> int:
    """Anywhere, and often in the few bytes that say what the others are."""
    if dice.random() < 0.5:
        return dice.randrange(len(content))
    start = content.find(b"data.pkl")
    spots = [range(min(64, len(content))), range(max(0, len(content) - 4000), len(content))]
    if start >= 0:
        spots.append(range(start, min(len(content), start + 20_000)))
    return dice.choice(dice.choice(spots))


def _rezip(
    dice: random.Random, content: bytes, make: Callable[[str, bytes], list[bytes]], only: str = ""
) -> bytes:
    """The zip file with one entry replaced by what `make` gives for it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        names = old.namelist()
        chosen = dice.choice([name for name in names if name.endswith(only)])
        for name in names:
            data = old.read(name)
            for piece in make(name, data) if name == chosen else [data]:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    new.writestr(name, piece)
    return buffer.getvalue()


def lie_of_insight(dice: random.Random, content: bytes, trap: Path) -> bytes:
    """Arrays of other shapes, types and values, in an archive that is whole."""
    with np.load(io.BytesIO(content)) as archive:
        arrays = dict(archive)
    name = dice.choice(list(arrays))
    old = arrays[name]
    match dice.randrange(5):
        case 0:
            del arrays[name]
        case 1:
            arrays[name] = old[: len(old) // 2]
        case 2:
            arrays[name] = np.full_like(old, dice.choice((0, 1, 200)))
        case 3:
            arrays[name] = np.zeros(dice.choice(((), (3, 3), (0,))), dice.choice(("<f8", "U3")))
        case _:
            arrays[name] = -old.astype("<i4") - 1
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


INSIGHT_MUTANTS: tuple[Mutant, ...] = (
    *(flip_bits, cut, cut_start, blank, repeat_entry, lose_entry, change_entry, other_file),
    lie_of_insight,
    lambda dice, content, trap: pickle.dumps(_Bomb(trap)),
    lambda dice, content, trap: _archive_of(np.array([_Bomb(trap)], dtype=object)),
)


def _archive_of(epochs: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, epochs=epochs)
    return buffer.getvalue()


def exchange_insight(dice: random.Random, folder: Path) -> None:
    """Put a mutant in the place of insight.npz, and go on with the run."""
    good, trap = good_run() / "insight.npz", folder / "ran"
    mutate = dice.choice(INSIGHT_MUTANTS)
    mutant = mutate(dice, good.read_bytes(), trap)
    path = folder / "insight.npz"
    path.write_bytes(mutant)
    is_refused = False
    try:
        taken = read_validation(path)
    except DataError as error:
        is_refused = True
        _assert_one_line(error, mutate.__name__)
    else:
        is_other = mutate in (repeat_entry, change_entry, lie_of_insight)
        assert is_other or taken == read_validation(good), f"{mutate.__name__}: taken for whole"
    assert not trap.exists(), f"{mutate.__name__}: code was run"
    if dice.random() < 0.3:
        run = RunDirectory(folder / "runs" / "a")
        shutil.copytree(good_run(), run.path)
        run.validation.write_bytes(mutant)
        done = run_command("resume", run.path, "--headless", "--epochs", 2)
        assert done.code == 0, f"{mutate.__name__}: {done.text}"
        assert "Traceback" not in done.text, done.text
        assert ("insight.npz" in done.text) is is_refused, f"{mutate.__name__}: {done.text}"
        assert read_validation(run.validation).epochs[-1].epoch == 2, mutate.__name__
        assert not trap.exists(), f"{mutate.__name__}: code was run"


def attempt(dice: random.Random, folder: Path) -> None:
    """Make a mutant, try to resume from it, and look what became of the run."""
    if dice.random() < 1 / 8:
        exchange_insight(dice, folder)
        return
    good = good_run()
    content = last(good).read_bytes()
    trap = folder / "ran"
    mutate = dice.choice(MUTANTS)
    mutant = mutate(dice, content, trap)
    # A fast look first: only what is refused here is worth the whole command, now and then.
    path = folder / "mutant.pt"
    path.write_bytes(mutant)
    try:
        taken: Checkpoint | None = read_checkpoint(path)
    except CheckpointError as error:
        taken = None
        _assert_one_line(error, mutate.__name__)
    try:
        read_model(path)
    except CheckpointError as error:
        _assert_one_line(error, mutate.__name__)
    assert not trap.exists(), f"{mutate.__name__}: code was run"
    # What only the model can tell to be wrong is refused by the command.
    if taken is not None and mutate is not exchange:
        found = difference(vars(taken), vars(read_checkpoint(last(good))), mutate.__name__)
        if found is None:
            return  # it holds what the good one holds
        assert mutate is lie, f"taken for whole: {found}"
    if mutate in (exchange, run_code, hide_code, lie, swell) or dice.random() < 0.2:
        _resume(folder, mutant, has_best=dice.random() < 0.7)
        assert not trap.exists(), f"{mutate.__name__}: code was run"


def _resume(folder: Path, mutant: bytes, *, has_best: bool) -> None:
    """The command refuses the mutant, leaves the run alone, and offers another checkpoint."""
    run = folder / "runs" / "a"
    shutil.copytree(good_run(), run)
    last(run).write_bytes(mutant)
    if not has_best:
        (run / "checkpoints" / "best.pt").unlink()
    metrics = (run / "metrics.jsonl").read_bytes()
    done = run_command("resume", run, "--headless", "--epochs", 2)
    offer = "--checkpoint best.pt" if has_best else "no other checkpoint"
    assert_refused(done, 4, "last.pt", offer)
    assert last(run).read_bytes() == mutant
    assert (run / "metrics.jsonl").read_bytes() == metrics
    done = run_command("evaluate", last(run))
    assert done.code in (0, 4), done.text
    assert "Traceback" not in done.text


def _assert_one_line(error: Exception, what: str) -> None:
    assert "\n" not in str(error), f"{what}: more than one line: {error}"


if __name__ == "__main__":
    main(attempt, 2000)
