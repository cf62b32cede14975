"""Paths as terminals and desktops paste them."""

from pathlib import Path

import pytest

from mnist_tui.tui.insight.pasted_path import pasted_path


@pytest.mark.parametrize(
    "form", ["{}", "{} \n", "'{}'", '"{}"', "file://{}", "'{}' '/another/file'"]
)
def test_a_pasted_path_is_found_in_every_form(form: str, tmp_path: Path) -> None:
    file = tmp_path / "digit.png"
    file.touch()
    assert pasted_path(form.format(file)) == file


def test_blanks_may_be_escaped_or_not(tmp_path: Path) -> None:
    file = tmp_path / "a big digit.png"
    file.touch()
    assert pasted_path(str(file)) == file
    assert pasted_path(str(file).replace(" ", "\\ ")) == file
    assert pasted_path("file://" + str(file).replace(" ", "%20")) == file


@pytest.mark.parametrize("text", ["", " ", "cd ..", "it's", "a\0b", "x" * 5000, "/", "~nobody/x"])
def test_other_text_names_no_file(text: str) -> None:
    assert pasted_path(text) is None
