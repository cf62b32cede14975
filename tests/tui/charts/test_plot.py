"""Charts drawn at many sizes."""

import math
from dataclasses import replace

import pytest
from rich.segment import Segment

from mnist_tui.tui.charts.glyphs import ASCII, UNICODE, Glyphs, glyphs_for
from mnist_tui.tui.charts.palette import Palette
from mnist_tui.tui.charts.plot import Plot
from mnist_tui.tui.charts.series import ChartData, Mark, Series, smooth
from mnist_tui.tui.charts.view import View

XS = tuple(float(x) for x in range(1, 13))
TRAINING = Series("training", XS, tuple(1 / x for x in XS), "points", "primary")
VALIDATION = Series("validation", XS, tuple(0.5 / x for x in XS), "line", "warning")
LOSS = ChartData(
    "Loss", (TRAINING, VALIDATION), (Mark(9, "best"),), x_range=(1, 19), empty_text="no epochs yet"
)


def lines(
    data: ChartData = LOSS,
    width: int = 78,
    height: int = 12,
    view: View | None = None,
    glyphs: Glyphs = UNICODE,
    cursor: float | None = None,
) -> list[str]:
    plot = Plot.draw(data, width, height, view, glyphs)
    return [strip.text for strip in plot.strips(Palette(), cursor)]


@pytest.mark.parametrize("height", [0, 1, 2, 3, 4, 5, 7, 10, 20])
@pytest.mark.parametrize("width", [0, 1, 2, 8, 16, 20, 38, 78, 110])
@pytest.mark.parametrize("data", [LOSS, ChartData("Loss", empty_text="no epochs yet")])
def test_a_chart_fills_exactly_its_size(data: ChartData, width: int, height: int) -> None:
    for view in (View(), View((3, 7)), View(is_log=True)):
        strips = Plot.draw(data, width, height, view).strips(Palette(), cursor=5)
        assert len(strips) == height
        assert {Segment.get_line_length(list(strip)) for strip in strips} <= {width}


def test_the_top_line_names_each_series_with_its_glyph_and_last_value() -> None:
    assert lines()[0].rstrip() == "Loss  ● training 0.0833  ⠒⠒ validation 0.0417"


def test_a_narrow_chart_shortens_names_and_then_leaves_them_out() -> None:
    assert lines(width=38, height=7)[0].rstrip() == "Loss  ● train 0.0833  ⠒⠒ valid 0.0417"
    assert lines(width=20, height=5)[0].rstrip() == "● 0.0833  ⠒⠒ 0.0417"


def test_a_narrow_chart_names_training_and_validation_before_what_is_faint() -> None:
    past = Series("past", XS, TRAINING.ys, "dotted", faint=True)
    data = replace(LOSS, series=(past, TRAINING, VALIDATION))
    assert lines(data, width=38, height=7)[0].rstrip() == "Loss  ● train 0.0833  ⠒⠒ valid 0.0417"
    assert "previous run: past" in lines(data)[0]


def test_training_and_validation_differ_without_color() -> None:
    text = "".join(lines()[1:])
    assert "●" in text
    assert any(0x2800 < ord(character) < 0x2900 for character in text)


def test_a_terminal_without_unicode_gets_ascii() -> None:
    assert "".join(lines(glyphs=ASCII)).isascii()
    assert glyphs_for("utf-8", "xterm-256color") is UNICODE
    assert glyphs_for("utf-8", "linux") is ASCII
    assert glyphs_for("latin-1", "xterm") is ASCII


def test_ticks_are_round_numbers() -> None:
    text = lines()
    assert [row.split()[0] for row in text[1:10] if row[:7].strip()] == ["1.0", "0.5", "0.0"]
    assert text[-1].split() == ["epoch", "1", "3", "5", "7", "9", "11", "13", "15", "17", "19"]


def test_an_empty_chart_says_so_in_its_middle() -> None:
    text = lines(ChartData("Loss", empty_text="no epochs yet"), 40, 9)
    row = next(row for row in text if row.strip() == "no epochs yet")
    assert abs(row.index("no") - (40 - row.rindex("yet") - 3)) <= 1


def test_values_that_were_nan_are_counted_in_words() -> None:
    ys = (0.5, math.nan, math.nan, math.nan, 0.4)
    data = ChartData("Loss", (Series("loss", XS[:5], ys),), x_label="batch", x_plural="batches")
    assert lines(data)[-1].strip() == "3 batches were nan"


def test_an_epoch_with_two_nans_is_one_epoch() -> None:
    ys = (0.5, math.nan, 0.4)
    data = ChartData("Loss", (Series("a", XS[:3], ys), Series("b", XS[:3], ys)))
    assert lines(data)[-1].strip() == "1 epoch was nan"


def test_values_off_a_log_axis_are_counted_in_words() -> None:
    data = ChartData("Loss", (Series("loss", XS[:3], (0.5, 0.0, 0.4)),))
    assert "1 epoch was at or below 0, off a log axis" in lines(data, view=View(is_log=True))[-1]


def test_bad_values_inside_buckets_are_counted_in_words() -> None:
    data = ChartData("Loss", (VALIDATION,), points=("batch", "batches"), bad=3, x_label="time")
    assert lines(data)[-1].strip() == "3 batches were nan or infinite"


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_one_validated_epoch_is_seen_beside_its_training_point(glyphs: Glyphs) -> None:
    for val in (0.2, 0.5):
        train = Series("training", (1.0,), (0.5,), "points")
        data = ChartData("Loss", (train, Series("validation", (1.0,), (val,))), x_range=(1, 19))
        text = "".join(lines(data, glyphs=glyphs)[1:-2])
        assert text.count(glyphs.lone) == 1
        assert text.count(glyphs.point) == 1


def test_a_dotted_line_is_distinguished_from_a_line_without_color() -> None:
    flat = Series("previous", (1.0, 19.0), (0.5, 0.5), "dotted")
    data = ChartData("Loss", (flat,), x_range=(1, 19))
    dots = [c for row in lines(data)[1:-2] for c in row if 0x2800 < ord(c) < 0x2900]
    assert len(dots) == 71
    assert {bin(ord(c) - 0x2800).count("1") for c in dots} == {1}
    assert 3 * "'" in "".join(lines(data, glyphs=ASCII))


def test_a_time_axis_has_ticks_of_round_times() -> None:
    data = ChartData("Loss", (Series("a", (30.0, 290.0), (1.0, 2.0)),), x_label="time")
    text = lines(replace(data, x_format="time", x_range=(0.0, 300.0)))
    assert text[-1].split() == [
        "time",
        "0s",
        "30s",
        "1m",
        "1m30s",
        "2m",
        "2m30s",
        "3m",
        "3m30s",
        "4m",
        "4m30s",
        "5m",
    ]
    text = lines(replace(data, x_format="time"), view=View((30.0, 90.0)), cursor=30.0)
    assert "30s-1m30s of 4m50s, 0 shows all  time 30s  " in text[0]


def test_smoothed_values_are_drawn_behind_the_raw_ones() -> None:
    series = []
    for one in (TRAINING, VALIDATION):
        series += [replace(one, faint=True), replace(one, kind="line", is_smoothed=True)]
    data = replace(LOSS, series=tuple(series), title="")
    assert lines(data, 100)[0].strip() == (
        "● training 0.0833 (⠒⠒ smoothed 0.0833)  ⠒⠒ validation 0.0417 (⠒⠒ smoothed 0.0417)"
    )
    assert lines(data, 78)[0].strip() == (
        "● train 0.0833 (⠒⠒ smooth 0.0833)  ⠒⠒ valid 0.0417 (⠒⠒ smooth 0.0417)"
    )
    assert lines(data, 64)[0].strip() == (
        "⠒⠒ training (smoothed) 0.0833  ⠒⠒ validation (smoothed) 0.0417"
    )


def test_a_spike_is_marked_at_the_top_and_how_far_it_goes_is_said() -> None:
    spike = replace(TRAINING, ys=(*TRAINING.ys[:-2], 1e23, TRAINING.ys[-1]))
    drawn = lines(replace(LOSS, series=(spike, VALIDATION)))
    assert "▲" in drawn[1]
    assert drawn[-1].strip() == "▲ up to 1e23: 0 shows all"
    assert "1.0" in "".join(line[:7] for line in drawn), "the rest keeps its scale"
    everything = lines(replace(LOSS, series=(spike, VALIDATION)), view=View(has_outliers=True))
    assert "▲" not in "".join(everything)
    assert "1e23" in "".join(line[:7] for line in everything)
    assert everything[-1].strip() == "0 leaves single far values out"
    assert "0 leaves" not in lines(LOSS, view=View(has_outliers=True))[-1]


def test_a_smoothed_spike_does_not_flatten_the_rest_either() -> None:
    ys = (*TRAINING.ys[:3], 1e23, *TRAINING.ys[4:])
    raw = replace(TRAINING, ys=ys, faint=True)
    smoothed = replace(TRAINING, ys=smooth(ys, 0.9), kind="line", is_smoothed=True)
    drawn = lines(replace(LOSS, series=(raw, smoothed)))
    assert drawn[-1].strip() == "▲ up to 1e23: 0 shows all"
    assert "1.0" in "".join(line[:7] for line in drawn)


def test_a_mark_is_named_where_its_word_touches_no_curve() -> None:
    high = Series("training", (1.0, 5.0, 9.0, 10.0), (0.0, 1.0, 1.0, 1.0), "points")
    drawn = lines(ChartData("Loss", (high,), (Mark(9, "best"),), x_range=(1, 10)), 46)
    assert "best" not in drawn[1], "between two points"
    assert any("┊best" in line for line in drawn)


def test_the_run_to_compare_with_is_named_at_every_size_with_a_caption() -> None:
    past = Series("20260102-030405-tutorial", XS, TRAINING.ys, "dotted", faint=True)
    data = replace(LOSS, series=(past, TRAINING, VALIDATION))
    for width in (30, 38, 78, 110):
        drawn = lines(data, width, 12)
        named = [line for line in (drawn[0], drawn[-1]) if "previous run: 2026" in line]
        assert len(named) == 1
    assert "previous run: 20260102-030405-tutorial 0.0833" in lines(data, 110)[0]


@pytest.mark.parametrize(
    ("width", "named"),
    [
        (130, "previous run: recipe=tutorial,lr=0.01,seed=2 0.0833"),
        (100, "previous run: recipe=tuto…=0.01,seed=2 0.0833"),
        (78, "previous run: recipe=tutorial,lr=0.01,seed=2 "),
        (38, "previous run: recipe=tu….01,seed=2"),
    ],
)
def test_a_long_name_of_the_run_to_compare_with_is_whole_or_cut_in_its_middle(
    width: int, named: str
) -> None:
    past = Series("recipe=tutorial,lr=0.01,seed=2", XS, TRAINING.ys, "dotted", faint=True)
    drawn = lines(replace(LOSS, series=(past, TRAINING, VALIDATION)), width)
    assert named in drawn[0] + drawn[-1]


def test_a_name_beside_another_remark_is_cut_to_the_room_that_is_left() -> None:
    past = Series("recipe=tutorial,lr=0.01,seed=2", XS, TRAINING.ys, "dotted", faint=True)
    data = replace(LOSS, series=(past, TRAINING, VALIDATION), note="a note of some words")
    assert lines(data, 60)[-1].strip().startswith("a note of some words  ⠂⠂ previous run: ")
    assert lines(data, 60)[-1].rstrip().endswith("recipe=tu….01,seed=2")


def test_a_zoomed_chart_says_what_it_shows_and_how_to_see_all() -> None:
    top = lines(view=View((3, 7)))[0]
    assert top.startswith("Loss · epochs 3-7 of 19, 0 shows all")
    assert lines(view=View((3, 7)))[-1].split() == ["epoch", "3", "4", "5", "6", "7"]


def test_the_cursor_reads_out_the_values_at_its_place() -> None:
    text = lines(cursor=4)
    assert text[0].rstrip() == "Loss  epoch 4  ● training 0.2500  ⠒⠒ validation 0.1250"
    column = Plot.draw(LOSS, 78, 12).area.x + 12
    assert sum(row[column - 1 : column + 2].count("│") for row in text) >= 6


def test_the_cursor_says_which_ones_a_mean_is_of() -> None:
    spans = ((1, 1), (2, 3), (999_999, 1_000_001))
    xs = (1.0, 2.5, 1_000_000.0)
    data = ChartData(
        "Loss",
        (Series("training", xs, (0.5,) * 3, spans=spans),),
        x_label="batch",
        x_plural="batches",
    )
    assert "Loss  batch 1  " in lines(data, cursor=1.0)[0]
    assert "Loss  batches 2-3  " in lines(data, cursor=2.5)[0]
    assert "Loss  batches 999,999-1,000,001  " in lines(data, cursor=1_000_000.0)[0]


def test_a_series_without_a_value_at_the_cursor_shows_none() -> None:
    late = Series("validation", (8.0,), (0.5,))
    assert "validation -" in lines(ChartData("Loss", (TRAINING, late)), cursor=3)[0]


def test_a_mark_has_a_line_and_a_label_that_hides_no_value() -> None:
    text = lines()
    assert sum("┊" in row for row in text) >= 6
    assert any("┊best" in row for row in text)


def test_labels_of_marks_side_by_side_are_apart() -> None:
    for place in range(10, 19):
        data = replace(LOSS, marks=(Mark(9, "best"), Mark(place, "lr 0.005", "rate")))
        text = "\n".join(lines(data, width=38))
        assert "bestlr" not in text
        assert "lr 0.005best" not in text
        assert "best" in text


def test_labels_of_changes_stand_in_their_order_or_one_is_left_out() -> None:
    for place in range(2, 19):
        for apart in (0.1, 0.3, 1.0, 3.0):
            first, second = Mark(place, "lr 1e-12", "rate"), Mark(place + apart, "lr 0.02", "rate")
            text = lines(replace(LOSS, marks=(first, second)), width=50)
            columns = [
                [row.index(mark.label) for row in text if mark.label in row]
                for mark in (first, second)
            ]
            assert any(columns), "one of them is there"
            assert not all(columns) or columns[0] <= columns[1], "\n".join(text)


def test_no_style_has_a_background() -> None:
    palette = Palette({"primary": "#0178D4", "warning": "#FEA62B", "foreground": "#E0E0E0"})
    strips = Plot.draw(LOSS, 78, 12).strips(palette)
    styles = [segment.style for strip in strips for segment in strip if segment.style]
    assert styles
    assert all(style.bgcolor is None for style in styles)
    assert any(style.color is not None for style in styles)


def test_a_column_of_the_screen_leads_to_its_x() -> None:
    plot = Plot.draw(LOSS, 78, 12)
    assert plot.x_at(plot.area.x) == pytest.approx(1)
    assert plot.x_at(77) == pytest.approx(19)
    assert plot.x_at(0) == pytest.approx(1)
