"""Paths of requests, and where their files are looked for."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.static.places import Folder, Place, candidates, open_first, relative_path


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


def found(places: Sequence[Place], relative: str) -> str | None:
    """The path of what is opened, which is the same whichever place is expected to have it."""
    results = [_found(places, relative, expected) for expected in range(len(places) + 1)]
    result = results[0]
    assert {str(each) for each in results} == {str(result)}
    if isinstance(result, OSError):
        raise result
    return result


def _found(places: Sequence[Place], relative: str, expected: int) -> str | OSError | None:
    try:
        opened = open_first(candidates(places, relative), os.O_RDONLY, expected)
    except OSError as exc:
        return exc
    if opened is None:
        return None
    assert os.fstat(opened.descriptor).st_ino == os.stat(opened.path).st_ino
    os.close(opened.descriptor)
    return opened.path


def test_the_first_place_wins_as_soon_as_it_has_the_file(roots: tuple[Path, Path]) -> None:
    first, second = roots
    places = (Folder(str(first)), Folder(str(second)))
    assert found(places, "app/a.css") is None
    (second / "app/a.css").touch()
    assert found(places, "app/a.css") == str(second / "app/a.css")
    (first / "app/a.css").touch()
    assert found(places, "app/a.css") == str(first / "app/a.css")
    (first / "app/a.css").unlink()
    assert found(places, "app/a.css") == str(second / "app/a.css")


def test_prefix(roots: tuple[Path, Path]) -> None:
    first, second = roots
    for root in roots:
        (root / "a.css").touch()
    places = (Folder(str(first), "lib/"), Folder(str(second)))
    assert found(places, "lib/a.css") == str(first / "a.css")
    assert found(places, "a.css") == str(second / "a.css")
    assert found(places, "lib") is None


@pytest.mark.parametrize("takes", [False, True])
def test_a_link_that_leads_nowhere(roots: tuple[Path, Path], takes: bool) -> None:
    first, second = roots
    (first / "a.css").symlink_to("absent")
    (second / "a.css").touch()
    places = (Folder(str(first), "", takes), Folder(str(second)))
    if takes:
        with pytest.raises(FileNotFoundError):
            found(places, "a.css")
    else:
        assert found(places, "a.css") == str(second / "a.css")


def test_a_file_that_cannot_be_opened_hides_what_comes_later(roots: tuple[Path, Path]) -> None:
    first, second = roots
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(first / "a.css"))
    (second / "a.css").touch()
    with pytest.raises(OSError, match="No such device"):
        found((Folder(str(first)), Folder(str(second))), "a.css")


@pytest.mark.parametrize("answer", ["made.css", None, [], ["made.css"]])
def test_a_finder_is_asked_in_its_turn(
    roots: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    def own(relative: str) -> object:
        asked.append(relative)
        return answer

    (roots[0] / "first.css").touch()
    (roots[1] / "last.css").touch()
    (tmp_path / "made.css").touch()
    places = (Folder(str(roots[0])), own, Folder(str(roots[1])))
    assert found(places, "first.css") == str(roots[0] / "first.css")
    assert asked == []
    expected = answer if isinstance(answer, str) else None if answer else str(roots[1] / "last.css")
    assert found(places, "last.css") == expected
    assert asked == ["last.css"] * 4  # once for each place that is expected to have it, and for none of them
