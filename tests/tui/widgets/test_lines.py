"""Lines of text: what of them is repainted, and how they are cut."""

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from mnist_tui.tui.text.fitting import cut, fit, wrap_words
from mnist_tui.tui.widgets.lines import changed_regions, changed_until


def test_a_line_differs_up_to_its_last_changed_column() -> None:
    old = [("speed ", "muted"), ("12,345", "strong"), (" end", "")]
    new = [("speed ", "muted"), ("12,399", "strong"), (" end", "")]
    assert changed_until(old, old) == 0
    assert changed_until(old, new) == 12
    assert changed_until(old, [("x", "")]) == 16
    assert changed_until([("a", "good")], [("a", "bad")]) == 1


def test_strips_are_compared_whatever_their_segments() -> None:
    red, blue = Style(color="red"), Style(color="blue")
    old = Strip([Segment("abc", red), Segment("def", blue)])
    assert changed_until(old, Strip([Segment("abcd", red), Segment("ef", blue)])) == 4
    assert changed_until(old, Strip([Segment("abX", red), Segment("def", blue)])) == 3
    assert changed_until(old, Strip([Segment("ab", red), Segment("c", red), [*old][1]])) == 0
    assert changed_until(old, Strip([Segment("abc", red)])) == 6


def test_a_change_behind_wide_characters_is_repainted_whole() -> None:
    assert changed_until([("日本 97 %", "")], [("日本 98 %", "")]) == 7
    assert changed_until([("日本", "")], [("日x本", "")]) == 5
    assert changed_regions([[("日本", "")]], [[("日木", "")], [("new", "")]], 4) == [
        Region(0, 0, 4, 1),
        Region(0, 1, 3, 1),
    ]


def test_text_is_cut_between_words_only() -> None:
    assert cut("one two three", 13) == "one two three"
    assert cut("one two three", 10) == "one two …"
    assert fit(["MNIST", "CPU", "MnistNet"], 12) == "MNIST · CPU"
    assert wrap_words("one two three", 7) == ["one two", "three"]
    assert wrap_words("abcdefgh ij", 4) == ["abcd", "efgh", "ij"]
    assert wrap_words("", 4) == [""]
    best = "the best is 94.10 % so far"
    assert wrap_words(best, 17) == ["the best is", "94.10 % so far"], "with its sign"
    assert wrap_words("漢字 a", 1) == ["漢", "字", "a"], "wider than a line"


def test_an_indented_text_is_wrapped_once() -> None:
    assert wrap_words("  File x, line 3", 40) == ["  File x, line 3"]
    assert wrap_words("  one two", 5) == ["  one", "two"]
    assert fit(["", "a"], 3, between=" ") == " a"
