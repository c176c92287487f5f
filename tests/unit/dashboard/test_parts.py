"""Pieces of HTML: what is given as text stays text."""

import pytest

from afresh.dashboard import parts

HOSTILE = "<script>alert(1)</script>\x1b[31m\"'"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, ""),
        (0.04, "0.0 ms"),
        (9.9, "9.9 ms"),
        (9.96, "10 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (9_949, "9.95 s"),
        (9_951, "10.0 s"),
        (61_500, "1 min 1 s"),
    ],
)
def test_durations(milliseconds: float | None, text: str) -> None:
    assert parts.duration(milliseconds) == text


def test_text_cannot_become_markup() -> None:
    for made in (
        parts.said(HOSTILE),
        parts.note(HOSTILE),
        parts.place(HOSTILE, 3, "/shop"),
        parts.bar([("load", HOSTILE, 1.0)], 1.0, HOSTILE),
        parts.legend([("load", HOSTILE, 1.0)]),
    ):
        assert "<script" not in made
        assert "\x1b" not in made


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("/shop/views.py", "views.py"),
        ("/v/lib/python3.13/site-packages/django/urls/base.py", "django/urls/base.py"),
        ("/usr/lib/python3.11/json/decoder.py", "json/decoder.py"),
        ("/elsewhere/x.py", "/elsewhere/x.py"),
    ],
)
def test_a_place_is_shown_by_what_tells_it_from_others(file: str, shown: str) -> None:
    assert f">{shown}:7<" in parts.place(file, 7, "/shop")


def test_a_bar_fills_its_width_with_its_parts() -> None:
    made = parts.bar([("a", "one", 25.0), ("b", "two", 75.0)], 100.0, "label")
    assert 'x="0.0" y="0" width="248.0"' in made
    assert 'x="250.0" y="0" width="748.0"' in made
