"""Files, folders and stdin."""

import os
from io import BytesIO
from pathlib import Path

import pytest

from mnist_tui.errors import UsageError
from mnist_tui.images import sources
from mnist_tui.images.image import BadPicture, Picture, read_pictures
from tests.images.files import encode, page

GOOD = encode(page())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images beside other things, and folders in folders."""
    for name in ("b.png", "a.PNG", "sub/c.jpg", "sub/deep/d.gif", ".hidden.png", ".git/e.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(GOOD)
    (tmp_path / "readme.txt").write_text("not an image")
    return tmp_path


def names(*wanted: object) -> list[str]:
    """The names of what is read, whether it can be or not."""
    return [picture.name for picture in read_pictures(map(str, wanted))]


def test_a_folder_is_read_as_its_images_in_order(folder: Path) -> None:
    found = [str(Path(name).relative_to(folder)) for name in names(folder)]
    assert found == ["a.PNG", "b.png", "sub/c.jpg", "sub/deep/d.gif"]


def test_a_file_is_read_whatever_it_is_called(folder: Path) -> None:
    (folder / "readme.txt").write_bytes(GOOD)
    [picture] = read_pictures([str(folder / "readme.txt")])
    assert isinstance(picture, Picture)


def test_a_file_of_a_folder_that_only_looks_like_an_image_is_reported(folder: Path) -> None:
    (folder / "b.png").write_text("not an image")
    kinds = [type(picture) for picture in read_pictures([str(folder)])]
    assert kinds == [Picture, BadPicture, Picture, Picture]


def test_a_folder_without_images_is_reported(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    [bad] = read_pictures([str(tmp_path)])
    assert isinstance(bad, BadPicture)
    assert bad.name == str(tmp_path)
    assert "without images (png, jpg" in bad.error


HEIC = b"\0\0\0\x24ftypheic" + bytes(100)


@pytest.mark.parametrize(
    "name", ["a.jfif", "a.JPE", "a.tif", "a.tiff", "a.avif", "a.heic", "a.pdf"]
)
def test_a_folder_s_images_are_read_under_whatever_suffix(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(GOOD)
    [picture] = read_pictures([str(tmp_path)])
    assert isinstance(picture, Picture)


def test_a_folder_s_files_of_kinds_that_are_not_read_are_counted_in_one_line(folder: Path) -> None:
    for name in ("1.HEIC", "2.heif", "sub/3.hif", ".hidden.heic"):
        (folder / name).write_bytes(HEIC)
    (folder / "scan.pdf").write_bytes(b"%PDF-1.7")
    *good, bad = read_pictures([str(folder)])
    assert [type(picture) for picture in good] == [Picture] * 4
    assert isinstance(bad, BadPicture)
    assert bad.error.startswith("passed over: 3 HEIC files (save it as JPEG; an iPhone takes")
    assert bad.error.endswith("), 1 PDF file (save its page as PNG)")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (HEIC, "HEIC"),
        (b"\0\0\0\x1cftypmif1" + bytes(20), "HEIC"),
        (b"%PDF-1.4", "PDF"),
        (b'<?xml version="1.0"?><svg/>', "SVG"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\xff\x0a\xfa", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (encode(page(), "ICO"), "icon"),
    ],
)
def test_a_named_file_of_a_kind_that_is_not_read_is_called_by_its_name(
    tmp_path: Path, content: bytes, kind: str
) -> None:
    (tmp_path / "a").write_bytes(content)
    [bad] = read_pictures([str(tmp_path / "a")])
    assert isinstance(bad, BadPicture)
    assert bad.error.startswith(f"is a {kind} file, which is not read: ")
    assert "PNG" in bad.error or "JPEG" in bad.error


def test_an_image_in_a_closed_folder_is_told(closed_folder: Path) -> None:
    [bad] = read_pictures([str(closed_folder / "a.png")])
    assert isinstance(bad, BadPicture)
    assert "Permission denied" in bad.error


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="rights keep nobody out here")
def test_what_may_not_be_read_is_reported_and_the_rest_is_read(folder: Path) -> None:
    (folder / "b.png").chmod(0)
    (folder / "sub").chmod(0)
    try:
        pictures = list(read_pictures([str(folder)]))
    finally:
        (folder / "sub").chmod(0o700)
    assert [type(picture) for picture in pictures] == [Picture, BadPicture, BadPicture]


@pytest.mark.parametrize("name", ["nowhere.png", "no/where.png", "b.png/x", "", "a\nb.png"])
def test_a_missing_file_is_reported(folder: Path, name: str) -> None:
    [bad] = read_pictures([f"{folder}/b.png/x" if name == "b.png/x" else name])
    assert isinstance(bad, BadPicture)
    assert "\n" not in bad.error


def test_the_same_file_twice_is_read_twice(folder: Path) -> None:
    assert names(folder / "b.png", folder / "b.png") == [str(folder / "b.png")] * 2


def test_stdin_is_read_once_however_often_it_is_named(folder: Path) -> None:
    pictures = list(read_pictures(["-", str(folder / "b.png"), "-"], BytesIO(GOOD)))
    assert [type(picture) for picture in pictures] == [Picture] * 3
    assert [picture.name for picture in pictures] == ["-", str(folder / "b.png"), "-"]


def test_nothing_on_stdin_is_reported() -> None:
    [bad] = read_pictures(["-"], BytesIO(b""))
    assert isinstance(bad, BadPicture)
    assert "0 bytes" in bad.error


class Terminal(BytesIO):
    """A stream that somebody sits at."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_is_not_waited_for() -> None:
    with pytest.raises(UsageError, match="pipe one in"):
        list(read_pictures(["-"], Terminal(GOOD)))


def test_a_file_beyond_all_measure_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", len(GOOD) - 1)
    [bad] = read_pictures([str(folder / "b.png")])
    assert isinstance(bad, BadPicture)
    assert "larger than" in bad.error


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no endless file")
def test_an_endless_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 1_000_000)
    [bad] = read_pictures(["/dev/zero"])
    assert isinstance(bad, BadPicture)
    assert "larger than 1 MB" in bad.error
