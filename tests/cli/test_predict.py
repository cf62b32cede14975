"""`predict`: a line for each picture, good or bad."""

import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from PIL import Image

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


def test_answers_are_a_table_and_what_was_done_comes_with_v(
    run: Run, checkpoint: Path, pictures: Path
) -> None:
    done = run("predict", checkpoint, pictures)
    assert (done.code, done.err) == (0, "")
    header, *rows = [line for line in done.out.splitlines() if not line.startswith(" ")]
    assert header.split() == ["digit", "p", "next", "p", "image"]
    assert [row.split()[-1] for row in rows] == [
        str(pictures / name) for name in ("mnist.png", "page.jpg")
    ]
    verbose = run("predict", checkpoint, pictures, "-v").out
    assert verbose.splitlines()[-1].endswith("fitted into 20x20; centered by mass")
    assert "at 0,0: already in MNIST's form" in verbose


def test_an_answer_that_is_not_to_be_relied_on_has_a_question_mark_and_a_reason(
    run: Run, checkpoint: Path, tmp_path: Path
) -> None:
    cut = page().crop((0, 0, 300, 150))
    (tmp_path / "cut.png").write_bytes(encode(cut))
    row, *reasons = run("predict", checkpoint, tmp_path / "cut.png").out.splitlines()[1:]
    assert row[1] == "?"
    assert "cut off by the frame" in [reason.strip() for reason in reasons]


def test_json_is_one_object_per_picture(run: Run, checkpoint: Path, pictures: Path) -> None:
    done = run("predict", checkpoint, pictures, "--json")
    objects = [json.loads(line) for line in done.out.splitlines()]
    keys = {"image", "class", "digit", "probability", "probabilities", "done", "warnings", "box"}
    assert [set(each) for each in objects] == [keys | {"place", "count"}] * 2
    assert objects[0]["box"] == {"left": 0, "top": 0, "width": 28, "height": 28}
    box = objects[1]["box"]
    assert 60 <= box["left"] < box["left"] + box["width"] <= 260
    assert 22 <= box["top"] < box["top"] + box["height"] <= 228
    lines = run("predict", checkpoint, pictures).out.splitlines()
    rows = [line for line in lines[1:] if not line.startswith(" ")]
    for each, row in zip(objects, rows, strict=True):
        assert row.startswith(str(each["digit"]))
        assert f" {100 * each['probability']:.2f} % " in row


def test_save_writes_what_the_model_received(
    run: Run, checkpoint: Path, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "inner").mkdir()
    (pictures / "inner" / "mnist.png").write_bytes(encode(page()))
    folder = tmp_path / "new" / "folder"
    assert run("predict", checkpoint, pictures, "--save", folder).code == 0
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["mnist-28x28-2.png", "mnist-28x28.png", "page-28x28.png"]
    with Image.open(folder / "mnist-28x28.png") as saved:
        assert saved.tobytes() == digit().tobytes()


def test_save_to_what_is_no_folder_is_wrong_usage(
    run: Run, checkpoint: Path, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    done = run("predict", checkpoint, pictures, "--save", tmp_path / "file" / "inner")
    assert_one_line(done, 2, "file", "cannot be written", "--save")


def test_show_draws_the_photograph_the_cut_what_the_model_received_and_the_answer(
    run: Run, checkpoint: Path, pictures: Path
) -> None:
    lines = run("predict", checkpoint, pictures / "page.jpg", "--show").out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("photograph"))
    assert lines[start].split() == ["photograph", "cropped", "28x28"]
    assert len(lines) == start + 15
    assert all(len(line) < 80 for line in lines[start:])
    assert [line[68] for line in lines[start + 1 : start + 11]] == list("0123456789")


def test_many_reads_each_digit_of_a_sheet_from_left_to_right(
    run: Run, checkpoint: Path, tmp_path: Path
) -> None:
    sheet = Image.new("L", (620, 600), 255)
    for place in ((10, 20), (310, 30), (20, 320), (300, 310)):
        sheet.paste(page().crop((40, 0, 280, 240)), place)
    (tmp_path / "sheet.png").write_bytes(encode(sheet))
    done = run("predict", checkpoint, tmp_path / "sheet.png", "--many", "--json")
    objects = [json.loads(line) for line in done.out.splitlines()]
    assert [(each["place"], each["count"]) for each in objects] == [(i, 4) for i in (1, 2, 3, 4)]
    corners = [(each["box"]["top"] > 300, each["box"]["left"] > 300) for each in objects]
    assert corners == [(False, False), (False, True), (True, False), (True, True)]
    alone = json.loads(run("predict", checkpoint, tmp_path / "sheet.png", "--json").out)
    assert "4 digits found: the first of them is read" in alone["warnings"]


def test_a_blank_sheet_is_refused(run: Run, checkpoint: Path, tmp_path: Path) -> None:
    Image.new("L", (300, 300), 240).save(tmp_path / "blank.png")
    done = run("predict", checkpoint, tmp_path / "blank.png")
    assert_one_line(done, 3, "blank.png", "is blank: no digit found")


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
    rows = [line for line in done.out.splitlines()[1:] if not line.startswith(" ")]
    assert [Path(row.split()[-1]).name for row in rows] == ["mnist.png", "page.jpg"]
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
    assert done.out.splitlines()[1].endswith(" -")


def test_a_name_of_odd_characters_stays_one_line(
    run: Run, checkpoint: Path, pictures: Path
) -> None:
    for name in ("new\nline.png", "\x1b[31mred.png", "\udcff.png", "größe ж.png"):
        (pictures / name).write_bytes(encode(digit()))
        done = run("predict", checkpoint, pictures / name)
        assert done.code == 0
        assert len([row for row in done.out.splitlines() if "png" in row]) == 1
        assert "\x1b" not in done.out
    assert "größe ж.png" in done.out


def test_predict_without_a_picture_is_wrong_usage(run: Run, checkpoint: Path) -> None:
    assert_one_line(run("predict", checkpoint), 2, "IMAGE", "--help")
    assert_one_line(run("predict"), 2, "RUN", "--help")


@pytest.mark.parametrize("kind", ["truncated", "text", "code", "missing"])
def test_predict_from_what_is_no_checkpoint_is_refused(
    run: Run, checkpoint: Path, pictures: Path, tmp_path: Path, kind: str
) -> None:
    write_bad_checkpoint(kind, checkpoint, tmp_path / "bad.pt")
    done = run("predict", tmp_path / "bad.pt", pictures)
    assert_one_line(done, 4, "bad.pt")
    assert done.out == ""
