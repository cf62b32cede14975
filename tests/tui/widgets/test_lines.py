"""Lines of text: what of them is repainted, and how they are cut."""

from mnist_tui.tui.text.fitting import cut, fit, wrap_words
from mnist_tui.tui.widgets.lines import changed_columns


def test_only_the_changed_columns_of_a_line_are_repainted() -> None:
    old = [("speed ", "muted"), ("12,345", "strong"), (" end", "")]
    new = [("speed ", "muted"), ("12,399", "strong"), (" end", "")]
    assert changed_columns(old, old, 16) == (0, 0)
    assert changed_columns(old, new, 16) == (10, 12)
    assert changed_columns(old, [("x", "")], 16) == (0, 16)
    assert changed_columns([("a", "good")], [("a", "bad")], 1) == (0, 1)


def test_text_is_cut_between_words_only() -> None:
    assert cut("one two three", 13) == "one two three"
    assert cut("one two three", 10) == "one two …"
    assert fit(["MNIST", "CPU", "MnistNet"], 12) == "MNIST · CPU"
    assert wrap_words("one two three", 7) == ["one two", "three"]
    assert wrap_words("abcdefgh ij", 4) == ["abcd", "efgh", "ij"]
    assert wrap_words("", 4) == [""]
