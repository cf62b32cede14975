"""`predict`: a line for each picture, good or bad."""

import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from tests.cli.bad_checkpoint import write_bad_checkpoint
from tests.cli.done import Run, assert_one_line
from tests.images.files import black_png, claiming_png, digit, encode, page


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of good pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "mnist.png").write_bytes(encode(digit()))
    (folder / "page.jpg").write_bytes(encode(page(), "JPEG"))
    return folder


def test_each_picture_gets_a_line_that_says_what_was_done(
    run: Run, checkpoint: Path, pictures: Path
) -> None:
    done = run("predict", checkpoint, pictures)
    assert (done.code, done.err) == (0, "")
    first, second = done.out.splitlines()
    assert first.startswith(f"{pictures / 'mnist.png'}: ")
    assert first.endswith("; already in MNIST's form")
    assert "inverted: dark on light; 300x260 cut to" in second


def test_json_is_one_object_per_picture(run: Run, checkpoint: Path, pictures: Path) -> None:
    done = run("predict", checkpoint, pictures, "--json")
    objects = [json.loads(line) for line in done.out.splitlines()]
    assert [set(each) for each in objects] == [
        {"image", "digit", "probability", "probabilities", "done"}
    ] * 2
    lines = run("predict", checkpoint, pictures).out.splitlines()
    for each, line in zip(objects, lines, strict=True):
        assert f": {each['digit']}, {100 * each['probability']:.2f} % (next: " in line


BAD = {
    "bomb.png": black_png(15_000, 15_000),
    "empty.png": b"",
    "huge.png": claiming_png(60_000, 60_000),
    "text.png": b"not an image\n",
    "truncated.png": encode(page())[:700],
}


def test_bad_pictures_get_a_line_each_and_the_good_ones_are_answered(
    run: Run, checkpoint: Path, pictures: Path
) -> None:
    for name, content in BAD.items():
        (pictures / name).write_bytes(content)
    done = run("predict", checkpoint, pictures, "nowhere.png")
    assert done.code == 3
    assert [Path(line.split(": ")[0]).name for line in done.out.splitlines()] == [
        "mnist.png",
        "page.jpg",
    ]
    lines = done.err.splitlines()
    assert [Path(line.split(": ")[1]).name for line in lines] == [*BAD, "nowhere.png"]
    assert all(line.startswith("mnist-tui: ") for line in lines)


def test_bad_pictures_are_objects_among_the_others_in_json(
    run: Run, checkpoint: Path, pictures: Path
) -> None:
    (pictures / "n.png").write_bytes(b"")
    done = run("predict", checkpoint, pictures, "--json")
    objects = [json.loads(line) for line in done.out.splitlines()]
    assert (done.code, done.err) == (3, "")
    assert ["digit" in each for each in objects] == [True, False, True]
    assert objects[1] == {
        "image": str(pictures / "n.png"),
        "error": "is empty: 0 bytes; save or download it again",
    }


def test_stdin_is_a_picture_too(
    run: Run, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(encode(page()))))
    done = run("predict", checkpoint, "-")
    assert done.code == 0
    assert done.out.startswith("-: ")


def test_a_name_of_odd_characters_stays_one_line(
    run: Run, checkpoint: Path, pictures: Path
) -> None:
    for name in ("new\nline.png", "\x1b[31mred.png", "\udcff.png", "größe ж.png"):
        (pictures / name).write_bytes(encode(digit()))
        done = run("predict", checkpoint, pictures / name)
        assert done.code == 0
        assert len(done.out.splitlines()) == 1
        assert "\x1b" not in done.out
    assert "größe ж.png: " in done.out


def test_predict_without_a_picture_is_wrong_usage(run: Run, checkpoint: Path) -> None:
    assert_one_line(run("predict", checkpoint), 2, "IMAGE", "--help")
    assert_one_line(run("predict"), 2, "CHECKPOINT", "--help")


@pytest.mark.parametrize("kind", ["truncated", "text", "code", "missing"])
def test_predict_from_what_is_no_checkpoint_is_refused(
    run: Run, checkpoint: Path, pictures: Path, tmp_path: Path, kind: str
) -> None:
    write_bad_checkpoint(kind, checkpoint, tmp_path / "bad.pt")
    done = run("predict", tmp_path / "bad.pt", pictures)
    assert_one_line(done, 4, "bad.pt")
    assert done.out == ""
