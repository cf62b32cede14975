"""Image files of kinds that are not read, and what to do about each."""

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from mnist_tui import formatting


@dataclass(frozen=True, slots=True)
class ForeignKind:
    """A kind of file that people name as an image."""

    name: str
    suffixes: tuple[str, ...]
    advice: str
    signatures: tuple[tuple[int, bytes], ...] = ()
    """Bytes that its files have at an offset; any of them. None: told by the suffix alone."""

    def begins(self, content: bytes) -> bool:
        """Whether a file with these first bytes is of this kind."""
        return any(content.startswith(mark, offset) for offset, mark in self.signatures)


_AS_JPEG: Final = "save it as JPEG or PNG"
KINDS: Final = (
    ForeignKind(
        "HEIC",
        (".heic", ".heif", ".hif"),
        "save it as JPEG; an iPhone takes JPEG with Settings, Camera, Formats, Most Compatible",
        tuple((4, b"ftyp" + brand) for brand in (b"hei", b"hev", b"mif1", b"msf1")),
    ),
    ForeignKind("PDF", (".pdf",), "save its page as PNG", ((0, b"%PDF"),)),
    ForeignKind("SVG", (".svg", ".svgz"), "export it as PNG", ((0, b"<svg"), (0, b"<?xml"))),
    ForeignKind("Photoshop", (".psd",), "export it as PNG", ((0, b"8BPS"),)),
    ForeignKind("JPEG XL", (".jxl",), _AS_JPEG, ((0, b"\xff\x0a"), (4, b"JXL "))),
    ForeignKind("JPEG 2000", (".jp2", ".j2k", ".jpf", ".jpx"), _AS_JPEG, ((4, b"jP  "),)),
    ForeignKind("icon", (".ico", ".icns"), "save it as PNG", ((0, b"\0\0\1\0"), (0, b"icns"))),
    ForeignKind(
        "camera raw",
        (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
        "save it as JPEG",
    ),
)
"""The kinds that are known by name; whatever else there is is no image to us."""


def kind_of(content: bytes) -> ForeignKind | None:
    """The kind of a file, by its first bytes."""
    return next((kind for kind in KINDS if kind.begins(content)), None)


def kind_named(name: str) -> ForeignKind | None:
    """The kind of a file, by what its name ends with."""
    suffix = PurePath(name).suffix.lower()
    return next((kind for kind in KINDS if suffix in kind.suffixes), None)


def describe_passed_over(found: Counter[ForeignKind]) -> str:
    """Say how many files of each kind were not read and what to do; empty where there are none."""
    parts = [
        f"{formatting.counted(count, f'{kind.name} file')} ({kind.advice})"
        for kind, count in found.items()
    ]
    return f"passed over: {', '.join(parts)}" if parts else ""
