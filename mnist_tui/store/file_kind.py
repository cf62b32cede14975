"""What kind of file it is that is not a checkpoint, by how it begins or what is in its archive."""

from codecs import getincrementaldecoder
from collections.abc import Iterable
from typing import Final

HEAD_BYTES: Final = 4096
"""How much of a file's beginning is enough to tell."""

_LEGACY: Final = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"
"""The number that torch.save began files with before version 1.6, as a pickle."""
_BEGINNINGS: Final = (
    (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself with `git lfs pull`"),
    (b"\x89HDF\r\n", "an HDF5 file, as Keras writes them"),
    (b"GGUF", "a GGUF file"),
    (b"\x1f\x8b", "packed by gzip: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "packed by Zstandard: unpack it first"),
    (b"\xfd7zXZ", "packed by xz: unpack it first"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
)
_ARCHIVES: Final = (
    ("constants.pkl", "a TorchScript program, which holds code"),
    (".npy", "a NumPy archive (.npz)"),
    ("serialized_exported_program.json", "a program of torch.export, which holds code"),
    ("models/model.json", "a program of torch.export, which holds code"),
    ("model.weights.h5", "a Keras model"),
)


def is_legacy_torch(head: bytes) -> bool:
    """Whether torch.save wrote the file in its form of before version 1.6."""
    return head.startswith(_LEGACY)


def describe_file(head: bytes, size: int) -> str | None:
    """The kind of file that begins with `head`, in words; None for those that torch can load."""
    if head.startswith(b"PK\x03\x04") or is_legacy_torch(head):
        return None
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page, perhaps in place of a download"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") + 8 <= size:
        return "a safetensors file: load it with safetensors.torch, and save it with torch.save"
    if head[257:262] == b"ustar":
        return "a tar archive: unpack it first"
    if head[:1] == b"\x08" and b"\x12" in head[:4]:
        return "an ONNX model"
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a Python pickle, which could run code: save a state_dict with torch.save"
    if not head.strip(b"\0"):
        return "full of zeros, perhaps after a crash"
    if _is_text(head):
        return "a text file"
    return "not a file of PyTorch"


def describe_archive(names: Iterable[str]) -> str | None:
    """The kind of zip file that has these entries, in words; None for those that torch can load."""
    names = tuple(names)
    for ending, kind in _ARCHIVES:
        if any(name.endswith(ending) for name in names):
            return kind
    if any(name.endswith("data.pkl") for name in names):
        return None
    return "a zip file, but not of PyTorch"


def _is_text(head: bytes) -> bool:
    try:
        # Incremental, since the last character may be cut.
        return "\0" not in getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
