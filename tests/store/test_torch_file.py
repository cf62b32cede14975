"""Files that are not checkpoints: what is said about them, and how much memory they take."""

import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mnist_tui.errors import CheckpointError
from mnist_tui.store.checkpoint import read_checkpoint, sealed
from mnist_tui.store.torch_file import read_torch_file


def saved(values: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(values, buffer, **options)
    return buffer.getvalue()


def scripted() -> bytes:
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), buffer)
    return buffer.getvalue()


def archive(name: str, content: bytes, kind: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as file:
        file.writestr(name, content)
    return buffer.getvalue()


def numpy_archive() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, images=np.zeros(3))
    return buffer.getvalue()


def safetensors() -> bytes:
    header = b'{"weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
    return struct.pack("<Q", len(header)) + header + bytes(4)


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a web page": (lambda: b"\n<!DOCTYPE html><html>404</html>", "a web page"),
    "a pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS"),
    "safetensors": (safetensors, "safetensors"),
    "a pickle": (lambda: pickle.dumps({"model": [1, 2]}), "a Python pickle, which could run code"),
    "TorchScript": (scripted, "a TorchScript program"),
    "ONNX": (lambda: b"\x08\x08\x12\x07pytorch" + bytes(9), "an ONNX model"),
    "Keras": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
    "gzip": (lambda: b"\x1f\x8b\x08" + bytes(100), "packed by gzip: unpack it first"),
    "NumPy": (numpy_archive, "a NumPy archive"),
    "another zip": (lambda: archive("letter.txt", b"hello"), "a zip file, but not of PyTorch"),
    "text": (lambda: "größe\n".encode(), "a text file"),
    "zeros": (lambda: bytes(5000), "full of zeros"),
    "noise": (lambda: b"\xc3\x28\xa0\xa1" * 100, "not a file of PyTorch"),
    "a whole module": (lambda: saved(torch.nn.Linear(2, 1)), "torch.nn.modules.linear.Linear"),
    "packed": (
        lambda: archive("a/data.pkl", bytes(10**6), zipfile.ZIP_DEFLATED),
        "packed in a way",
    ),
    "a tensor": (lambda: saved(torch.zeros(3)), "was not saved by mnist-tui"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_another_program_is_called_what_it_is(tmp_path: Path, kind: str) -> None:
    make, word = FILES[kind]
    path = tmp_path / "file.pt"
    path.write_bytes(make())
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    said = str(caught.value)
    assert said.startswith(f"{path} ")
    assert word in said
    assert "\n" not in said


def test_what_is_not_a_file_is_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(CheckpointError, match="is not a file"):
            read_checkpoint(path)


def test_the_folder_of_a_run_names_its_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(CheckpointError, match=r"such as .*checkpoints/best\.pt"):
        read_checkpoint(tmp_path)


def test_a_file_larger_than_any_checkpoint_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.pt"
    path.touch()
    os.truncate(path, 20_000_000_000)
    with pytest.raises(CheckpointError, match=r"20\.0 GB"):
        read_checkpoint(path)


def laughs() -> Any:
    """Few bytes that refer to two to the power of 29 lists."""
    value: list[Any] = ["ha"]
    for _ in range(29):
        value = [value, value]
    return value


def in_circles() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        laughs,
        in_circles,
        lambda: torch.zeros(1).expand(1_000_000, 1_000_000),
        lambda: torch.zeros(2**40, 2**20, device="meta"),
        lambda: torch.sparse_coo_tensor([[0], [0]], [1.0], (2**30, 2**30), check_invariants=True),
    ],
)
def test_few_bytes_cannot_take_all_memory(tmp_path: Path, make: Callable[[], Any]) -> None:
    path = tmp_path / "bomb.pt"
    path.write_bytes(sealed({"format": "mnist-tui checkpoint 2", "model": {"weight": make()}}))
    assert path.stat().st_size < 10_000
    with pytest.raises(CheckpointError):
        read_torch_file(path)
