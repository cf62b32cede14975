"""Digits that are damaged, changed, or badly downloaded: exit code 3, or told by the fingerprint.

    python -m tests.campaigns.bad_data --count 500 --seed 0

Most attempts put a mutant of an IDX file in place and start or resume; one in ten downloads
from a mirror on this machine that cuts, changes, exchanges or withholds a file.
"""

import gzip
import random
import shutil
from functools import cache
from pathlib import Path

from mnist_tui.data import load_dataset, read_mnist
from mnist_tui.data.files import find_files
from mnist_tui.data.spec import FILES
from mnist_tui.errors import DataError
from tests.campaigns.campaign import few_digits, kept_folder, main
from tests.campaigns.command import assert_refused, run_command
from tests.data.test_download import Mirror
from tests.training_helpers import few_config, train


@cache
def good_run() -> Path:
    """A run of one epoch that can be made longer."""
    folder = kept_folder()
    train(few_config(few_digits(), batch_size=32, epochs=1), folder, "good")
    return folder / "good"


def mutate(dice: random.Random, content: bytes) -> bytes:
    """The content of an IDX file, changed."""
    changed = bytearray(content)
    match dice.randrange(7):
        case 0:
            changed[dice.randrange(16)] ^= 1 << dice.randrange(8)
        case 1:
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
        case 2:
            changed = changed[: dice.randrange(len(changed))]
        case 3:
            changed += dice.randbytes(dice.choice((1, 28, 784, 10_000)))
        case 4:
            start = dice.randrange(4, 16)
            changed[start : start + 4] = dice.randbytes(4)
        case 5:
            start = dice.randrange(len(changed))
            del changed[start : start + dice.choice((1, 784, 4096))]
        case _:
            size = dice.choice((16, 784))
            start = dice.randrange(max(1, len(changed) - size))
            changed[start : start + size] = dice.randbytes(size)
    return bytes(changed)


def attempt(dice: random.Random, folder: Path) -> None:
    """Spoil the digits in one way, and look what is made of them."""
    if dice.random() < 0.1:
        _download(dice, folder)
    else:
        _mutant(dice, folder)


def _mutant(dice: random.Random, folder: Path) -> None:
    data = folder / "data"
    shutil.copytree(few_digits(), data)
    names = list(FILES)
    if dice.random() < 0.1:
        one, other = dice.sample(names, 2)
        _exchange(data / "MNIST" / "raw" / one, data / "MNIST" / "raw" / other)
    else:
        path = data / "MNIST" / "raw" / dice.choice(names)
        is_packed = dice.random() < 0.3
        if is_packed:
            content = gzip.compress(path.read_bytes())
            path.unlink()
            path = path.with_name(
                f"{path.name.replace('-idx', dice.choice(('-', '.')) + 'idx')}.gz"
            )
            path.write_bytes(content)
        path.write_bytes(mutate(dice, path.read_bytes()))
    official = read_mnist(few_digits()).fingerprint
    try:
        digits = read_mnist(data)
    except DataError as error:
        _assert_one_line(error)
        done = run_command(
            *("train", "--headless", "--data-dir", data, "--runs-dir", folder / "runs"),
            *("--epochs", 1, "--dataset", dice.choice(("auto", "mnist"))),
        )
        assert_refused(done, 3)
    else:
        assert "not the official" in digits.notice
        if digits.fingerprint == official:
            return  # the change took nothing away: the random bytes were the same
    run = folder / "runs" / "a"
    shutil.copytree(good_run(), run)
    before = (run / "checkpoints/last.pt").read_bytes(), (run / "metrics.jsonl").read_bytes()
    done = run_command("resume", run, "--headless", "--epochs", 2, "--data-dir", data)
    assert_refused(done, 3)
    after = (run / "checkpoints/last.pt").read_bytes(), (run / "metrics.jsonl").read_bytes()
    assert before == after, "a refused resume changed the run"


def _exchange(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def _download(dice: random.Random, folder: Path) -> None:
    mirror = Mirror(few_digits())
    settings: dict[str, object] = {}
    try:
        name = f"{dice.choice(FILES)}.gz"
        good = mirror.packed[name]
        how = dice.choice(("cut", "byte", "absent", "other", "empty", "endless", "silent"))
        match how:
            case "cut":
                mirror.packed[name] = good[: dice.randrange(1, len(good))]
            case "byte":
                spot = dice.randrange(len(good))
                changed = bytes([good[spot] ^ (1 << dice.randrange(8))])
                mirror.packed[name] = good[:spot] + changed + good[spot + 1 :]
            case "absent":
                del mirror.packed[name]
            case "other":
                mirror.packed[name] = b"<html>sign in to this network</html>"
            case "empty":
                mirror.packed[name] = b""
            case "endless":
                mirror.endless = True
                settings["max_bytes"] = 3_000_000
            case _:
                mirror.silent = True
                settings["stall_s"] = 9.0
        try:
            load_dataset("mnist", str(folder / "data"), source=mirror.source(**settings))
        except DataError as error:
            _assert_one_line(error)
        else:
            raise AssertionError(f"a download that was {how} was taken for whole")
        assert not find_files(folder / "data").is_complete
        left = [path for path in folder.rglob("*") if path.is_file()]
        assert not left, f"{how}: {left} is left"
    finally:
        mirror.close()


def _assert_one_line(error: Exception) -> None:
    assert "\n" not in str(error), f"more than one line: {error}"


if __name__ == "__main__":
    main(attempt, 500)
