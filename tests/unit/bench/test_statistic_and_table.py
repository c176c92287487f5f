"""Medians, percentiles, ratios and how they are shown."""

import math

import pytest
from bench.results import between_markers
from bench.statistic import median, paired_ratio, percentile, ratio
from bench.table import Table, shown
from bench.versions import labelled


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([1.0], 99, 1.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.0),
        (list(map(float, range(1, 101))), 99, 99.0),
        (list(map(float, range(1, 101))), 100, 100.0),
        ([1.0, 2.0], 0, 1.0),
    ],
)
def test_a_percentile_is_one_of_the_values(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_nothing_measured_is_not_zero() -> None:
    assert math.isnan(median([]))
    assert math.isnan(percentile([], 99))
    assert math.isnan(ratio(1.0, 0.0))


def test_a_ratio_to_something_unknown_is_unknown() -> None:
    assert math.isnan(ratio(1.0, math.nan))
    assert ratio(3.0, 2.0) == 1.5


def test_a_round_that_was_slow_for_everybody_falls_out_of_the_ratio() -> None:
    assert paired_ratio([1.0, 9.0, 1.0], [2.0, 18.0, 2.0]) == 0.5
    assert paired_ratio([1.0, 4.0, 1.0], [2.0, 2.0, 2.0]) == 0.5
    assert math.isnan(paired_ratio([1.0], []))
    assert math.isnan(paired_ratio([], []))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (0.0, "0"),
        (0.01234, "0.012"),
        (0.7191, "0.719"),
        (1.4649, "1.46"),
        (15.26, "15.3"),
        (482.4, "482"),
        (12345.6, "12,346"),
        (1234, "1,234"),
        (math.nan, "-"),
        (None, "-"),
        ("a word", "a word"),
    ],
)
def test_cells(cell: str | float | int | None, text: str) -> None:
    assert shown(cell) == text


def test_a_table_in_both_forms() -> None:
    table = Table("Start", ("", "ms"), [["runserver", 482.0], ["other", 9.5]], "A note.")
    assert table.text().splitlines() == [
        "Start",
        "",
        "             ms",
        "---------  ----",
        "runserver   482",
        "other      9.50",
        "A note.",
    ]
    assert table.markdown().splitlines() == [
        "**Start**",
        "",
        "|  | ms |",
        "| --- | ---: |",
        "| runserver | 482 |",
        "| other | 9.50 |",
        "",
        "A note.",
    ]


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    text = "before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n"
    replaced = between_markers(text, "new")
    assert replaced == "before\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nafter\n"
    assert between_markers(replaced, "new") == replaced


@pytest.mark.parametrize("text", ["", "<!-- bench:begin -->", "<!-- bench:end --><!-- bench:begin -->"])
def test_a_text_without_both_markers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="bench:begin"):
        between_markers(text, "new")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("runserver", "runserver (django 6.1)"),
        ("runserver, watchfiles", "runserver, watchfiles (django-watchfiles 1.4)"),
        ("runserver + django-browser-reload", "runserver + django-browser-reload 1.2"),
        ("granian --reload", "granian --reload 2.8"),
        ("afresh, function bodies", "afresh, function bodies"),
        ("nginx", "nginx 1.22"),
        ("waitress", "waitress"),
    ],
)
def test_each_peer_is_named_with_its_version(name: str, expected: str) -> None:
    known = {
        "django": "6.1",
        "django-watchfiles": "1.4",
        "django-browser-reload": "1.2",
        "granian": "2.8",
        "nginx": "1.22",
    }
    assert labelled(Table("", ("", "ms"), [[name, 1]]), known).rows == [[expected, 1]]
