"""What counts as a difference between two answers, and what is chance."""

import pytest
from tests.real.answers import Asked, differences, fields, steady
from tests.real.visit import files_of

from afresh.testing.client import Answer

TOKEN = "Ab3" * 21 + "x"


def asked(body: str = "", status: int = 200, **headers: str) -> Asked:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Asked("GET", "/", Answer(status, "", named, body.encode()))


SAME = [
    (asked(Date="Sun"), asked(Date="Mon", Connection="close")),
    (asked(Set_Cookie="a=1; expires=Sun; Path=/"), asked(Set_Cookie="a=2; expires=Mon; Path=/")),
    (asked(f'value="{TOKEN}"'), asked(f'value="{TOKEN[::-1]}"')),
    (asked("logged in at 2026-11-22 10:00:01"), asked("logged in at 2026-11-23 11:30:59")),
    (asked("http://127.0.0.1:1234/"), asked("http://127.0.0.1:4321/")),
    (asked("main.css?v=55128c3e"), asked("main.css?v=7a007b63")),
    (asked("12345", Content_Length="5"), asked("12345", Content_Length="5")),
    (asked(Last_Modified="Sun"), asked(Last_Modified="Sun", ETag='"1"', Cache_Control="no-cache")),
]

DIFFERENT = [
    (asked(status=200), asked(status=500), "status 200, got 500"),
    (asked(Vary="Cookie"), asked(), "vary"),
    (asked(), asked(Cache_Control="no-cache"), "cache-control"),
    (asked(Set_Cookie="a=1; Path=/"), asked(Set_Cookie="a=1; Path=/; Secure"), "set-cookie"),
    (asked(Set_Cookie="a=1"), asked(Set_Cookie="b=1"), "set-cookie"),
    (asked("one page"), asked("another page"), "body from character 0"),
    (asked("a page"), asked("a page and more"), "body from character 6"),
    (asked("12345", Content_Length="5"), asked("12345", Content_Length="6"), "content-length"),
    (asked(Last_Modified="Sun"), asked(Last_Modified="Mon"), "last-modified"),
]


@pytest.mark.parametrize(("expected", "actual"), SAME)
def test_chance_is_no_difference(expected: Asked, actual: Asked) -> None:
    assert list(differences(expected, actual)) == []


@pytest.mark.parametrize(("expected", "actual", "told"), DIFFERENT)
def test_a_difference_is_told(expected: Asked, actual: Asked, told: str) -> None:
    found = list(differences(expected, actual))
    assert len(found) == 1
    assert told in found[0]


def test_two_cookies_are_both_compared() -> None:
    answer = Answer(200, "", (("Set-Cookie", "a=1; Path=/"), ("set-cookie", "b=2")), b"")
    assert fields(answer) == {"set-cookie": ["a; Path=/", "b;"]}


@pytest.mark.parametrize(
    "text",
    ["version 1.2.3", "a" * 63, "#3aa57c", "12 loaves", "0x1f", "2026", "color: #55128c3e"],
)
def test_what_says_something_stays(text: str) -> None:
    assert steady(text) == text


def test_the_files_that_a_page_names() -> None:
    page = asked(
        "<link href=/static/a.css><script src='/static/b.js?v=1'></script><a href='/static/a.css'>"
        '<img src="//elsewhere.example/static/c.png"><img src="d.svg#icon"><a href="/static/page/">',
        Content_Type="text/html; charset=utf-8",
    )
    assert list(files_of(page, "/static/")) == ["/static/a.css", "/static/b.js?v=1"]
    assert list(files_of(page, "/")) == ["/static/a.css", "/static/b.js?v=1", "/d.svg"]
    assert list(files_of(asked("href=/static/a.css", Content_Type="text/plain"), "/")) == []
