"""What a changed file is to a browser."""

import pytest

from afresh.live.kinds import are_swapped, kinds


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/p/shop/static/shop/a.css", "css"),
        ("/p/a.CSS", "css"),
        ("/p/static/logo.svg", "image"),
        ("/p/static/app.js", "file"),
        ("/p/static/font.woff2", "file"),
        ("/p/views.py", ""),
        ("/p/styles.scss", ""),
        ("/p/README", ""),
        ("/q/a.css", ""),
        ("/pp/a.css", ""),
    ],
)
def test_the_kind_of_a_file(path: str, kind: str) -> None:
    assert list(kinds([path], [], "/p").values()) == ([kind] if kind else [])


def test_no_more_of_a_path_is_told_than_an_address_may_hold() -> None:
    assert list(kinds(["/home/me/secret/p/one/two/three/four/a.css"], [], "/home/me/secret/p")) == [
        "two/three/four/a.css"
    ]


def test_what_pages_are_made_from_is_told_by_its_name_alone() -> None:
    assert kinds([], ["/elsewhere/templates/base.html"], "/p") == {"base.html": "page"}


@pytest.mark.parametrize(
    ("paths", "swapped"),
    [
        (["/p/static/a.css", "/p/logo.svg"], True),
        (["/p/static/a.css", "/p/words.json"], False),
        (["/p/static/app.js"], False),
        (["/q/a.css"], False),
    ],
)
def test_what_a_page_takes_in_place(paths: list[str], swapped: bool) -> None:
    assert are_swapped(paths, "/p") is swapped
