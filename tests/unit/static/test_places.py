"""Paths of requests, and where their files are looked for."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.static.places import Folder, find, relative_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/static/app/style.css", "app/style.css"),
        ("/static/a", "a"),
        ("/static/a b;c=d&e~.css", "a b;c=d&e~.css"),
        ("/static/käse.css".encode().decode("latin-1"), "käse.css"),
        ("/static/...", "..."),
        ("/static/.hidden", ".hidden"),
        ("/static/a\\b", "a\\b"),
        # Left to the application
        ("/static", None),
        ("/static/", None),
        ("/other/a.css", None),
        ("/", None),
        ("*", None),
        ("/static/a/", None),
        ("/static//a", None),
        ("/static/a//b", None),
        ("/static/./a", None),
        ("/static/a/.", None),
        ("/static/../settings.py", None),
        ("/static/a/../../settings.py", None),
        ("/static/..", None),
        ("/static/%2e%2e/settings.py", None),
        ("/static/a\0.css", None),
        ("/static/a\n.css", None),
        ("/static/a\x7f", None),
        ("/static/\xff.css", None),
        ("/static/\xe2\x80\xa8.css", None),
        ("/static/\xed\xa0\x80", None),
    ],
)
def test_relative_path(path: str, expected: str | None) -> None:
    assert relative_path(path, "/static/") == expected


@given(st.lists(st.sampled_from(["..", ".", "/", "a", "%2e", "%2f", "\\", "\0", "é", " ", "secret"])).map("".join))
def test_nothing_outside_by_any_spelling(below: str) -> None:
    root = Path("/root-of-static-files")
    relative = relative_path(f"/static/{below}".encode().decode("latin-1"), "/static/")
    if relative is not None:
        assert Path(os.path.normpath(os.path.join(root, relative))).is_relative_to(root)
        assert Path(os.path.normpath(os.path.join(root, relative))) != root


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "first", tmp_path / "second"
    for root in (first, second):
        (root / "app").mkdir(parents=True)
    return first, second


def test_the_first_place_wins_as_soon_as_it_has_the_file(roots: tuple[Path, Path]) -> None:
    first, second = roots
    places = (Folder(str(first)), Folder(str(second)))
    assert find(places, "app/a.css") is None
    (second / "app/a.css").touch()
    assert find(places, "app/a.css") == str(second / "app/a.css")
    (first / "app/a.css").touch()
    assert find(places, "app/a.css") == str(first / "app/a.css")
    (first / "app/a.css").unlink()
    assert find(places, "app/a.css") == str(second / "app/a.css")


def test_prefix(roots: tuple[Path, Path]) -> None:
    first, second = roots
    for root in roots:
        (root / "a.css").touch()
    places = (Folder(str(first), "lib/"), Folder(str(second)))
    assert find(places, "lib/a.css") == str(first / "a.css")
    assert find(places, "a.css") == str(second / "a.css")
    assert find(places, "lib") is None


@pytest.mark.parametrize("takes", [False, True])
def test_a_link_that_leads_nowhere(roots: tuple[Path, Path], takes: bool) -> None:
    first, second = roots
    (first / "a.css").symlink_to("absent")
    (second / "a.css").touch()
    places = (Folder(str(first), "", takes), Folder(str(second)))
    assert find(places, "a.css") == str((first if takes else second) / "a.css")


@pytest.mark.parametrize("answer", ["/made/a.css", None, [], ["/made/a.css"]])
def test_a_finder_is_asked_in_its_turn(roots: tuple[Path, Path], answer: object) -> None:
    asked: list[str] = []

    def own(relative: str) -> object:
        asked.append(relative)
        return answer

    (roots[0] / "first.css").touch()
    (roots[1] / "last.css").touch()
    places = (Folder(str(roots[0])), own, Folder(str(roots[1])))
    assert find(places, "first.css") == str(roots[0] / "first.css")
    assert asked == []
    expected = answer if isinstance(answer, str) else None if answer else str(roots[1] / "last.css")
    assert find(places, "last.css") == expected
    assert asked == ["last.css"]
