"""What a checkpoint's file is taken for when it is not as it was written."""

import io
import itertools
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mnist_tui.errors import CheckpointError
from mnist_tui.run.classes import DIGITS
from mnist_tui.store.checkpoint import FORMAT, read_checkpoint, sealed
from tests.campaigns.sameness import difference
from tests.training_helpers import few_config, train


@pytest.fixture(scope="module")
def saved(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the last checkpoint of a run of one epoch holds."""
    config = few_config(few_digits, epochs=1, optimizer="momentum")
    return train(config, tmp_path_factory.mktemp("runs")).directory.last.read_bytes()


@pytest.fixture
def checkpoint(saved: bytes, tmp_path: Path) -> Path:
    """A file with that checkpoint."""
    path = tmp_path / "last.pt"
    path.write_bytes(saved)
    return path


def values_of(checkpoint: Path) -> dict[str, Any]:
    values: dict[str, Any] = torch.load(checkpoint, weights_only=True)
    return values


def test_its_zip_file_is_whole_for_other_programs_and_maps_into_memory(checkpoint: Path) -> None:
    with zipfile.ZipFile(checkpoint) as archive:
        assert archive.testzip() is None
    mapped = torch.load(checkpoint, weights_only=True, mmap=True)
    assert torch.equal(mapped["model"]["fc1.weight"], values_of(checkpoint)["model"]["fc1.weight"])


def test_an_entry_that_was_exchanged_is_found_though_its_own_checksum_fits(
    checkpoint: Path,
) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(checkpoint) as old, zipfile.ZipFile(written, "w") as new:
        largest = max(old.infolist(), key=lambda entry: entry.file_size).filename
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, bytes(len(content)) if name == largest else content)
        new.comment = old.comment
    checkpoint.write_bytes(written.getvalue())
    assert values_of(checkpoint)["format"] == FORMAT, "torch takes it for whole"
    with pytest.raises(CheckpointError, match="checksum is wrong"):
        read_checkpoint(checkpoint)


def test_a_file_that_was_saved_again_is_called_that(checkpoint: Path) -> None:
    torch.save(values_of(checkpoint), checkpoint)
    with pytest.raises(CheckpointError, match="saved again by another program"):
        read_checkpoint(checkpoint)


@pytest.mark.parametrize("version", [1, 3])
def test_another_version_s_checkpoint_is_called_that(checkpoint: Path, version: int) -> None:
    values = {**values_of(checkpoint), "format": f"mnist-tui checkpoint {version}"}
    checkpoint.write_bytes(sealed(values))
    with pytest.raises(CheckpointError, match=rf"another version of mnist-tui .*{version}\)"):
        read_checkpoint(checkpoint)


def test_the_names_of_the_classes_are_kept_and_an_older_file_is_of_digits(
    checkpoint: Path,
) -> None:
    other = replace(read_checkpoint(checkpoint), classes=("Bag", "Coat"), is_handwriting=False)
    checkpoint.write_bytes(other.to_bytes())
    found = read_checkpoint(checkpoint)
    assert (found.classes, found.is_handwriting) == (("Bag", "Coat"), False)
    values = values_of(checkpoint)
    del values["classes"], values["is_handwriting"]
    checkpoint.write_bytes(sealed(values))
    old = read_checkpoint(checkpoint)
    assert (old.classes, old.is_handwriting) == (DIGITS, True)


def test_what_a_newer_version_adds_is_left_out(checkpoint: Path) -> None:
    before, values = read_checkpoint(checkpoint), values_of(checkpoint)
    values["rows"][0]["color"] = values["color"] = values["config"]["color"] = "blue"
    checkpoint.write_bytes(sealed(values))
    assert difference(vars(read_checkpoint(checkpoint)), vars(before), "checkpoint") is None


@pytest.mark.slow
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_no_bit_of_the_zip_files_own_records_can_change(checkpoint: Path, every: int) -> None:
    good, whole = checkpoint.read_bytes(), read_checkpoint(checkpoint)
    with zipfile.ZipFile(checkpoint) as archive:
        start, entries = archive.start_dir, archive.infolist()
    header = entries[0].header_offset
    words = (
        range(header, header + 30),
        range(start, start + 300),
        range(len(good) - 120, len(good)),
    )
    for place in [*itertools.chain(*words)][::every]:
        content = bytearray(good)
        content[place] ^= 1 << place % 8
        checkpoint.write_bytes(content)
        try:
            found = read_checkpoint(checkpoint)
        except CheckpointError:
            continue
        # Other tools' notes in a header, such as the time of day.
        assert difference(vars(found), vars(whole), "checkpoint") is None, f"byte {place}"


def test_the_record_that_makes_torch_read_nothing_is_found(checkpoint: Path) -> None:
    content = bytearray(checkpoint.read_bytes())
    with zipfile.ZipFile(checkpoint) as archive:
        at = archive.start_dir
    content[at + 38] ^= 0x10  # the first entry is a folder now
    checkpoint.write_bytes(content)
    with pytest.raises(CheckpointError):
        read_checkpoint(checkpoint)
