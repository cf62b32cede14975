"""Tables of lines."""

from mnist_tui.cli.table import table


def test_a_long_first_column_is_shortened_for_a_terminal() -> None:
    rows = [("n" * 60, "finished"), ("short", "stopped")]
    heading, long, short = table(("RUN", "STATE"), rows, width=40).splitlines()
    assert long == f"{'n' * 29}…  finished"
    assert (heading.index("STATE"), short.index("stopped")) == (32, 32)
    assert table(("RUN", "STATE"), rows).splitlines()[1].startswith("n" * 60)
