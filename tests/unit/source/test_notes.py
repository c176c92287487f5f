"""Notes about a project: known to its later starts for some days, and never a reason to fail."""

import os
import time
from pathlib import Path

import pytest

from afresh.source import notes
from afresh.source.notes import Notes

PROJECT = ("/p", "manage.py", "runserver")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "afresh" / "code"


def test_a_note_is_known_to_the_next_start_of_the_same_project(directory: Path) -> None:
    Notes(str(directory), PROJECT).note("twin")
    Notes(str(directory), PROJECT).note("exclusive")
    assert Notes(str(directory), PROJECT).known() == {"twin", "exclusive"}
    assert Notes(str(directory), ("/q", *PROJECT[1:])).known() == frozenset()
    Notes(str(directory), PROJECT).note("twin", holds=False)
    assert Notes(str(directory), PROJECT).known() == {"exclusive"}


def test_a_note_is_forgotten(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Notes(str(directory), PROJECT).note("twin")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + (notes.KNOWN_DAYS + 1) * 86_400)
    assert Notes(str(directory), PROJECT).known() == frozenset()


def test_what_is_known_is_not_written_again(directory: Path) -> None:
    Notes(str(directory), PROJECT).note("twin")
    (file,) = directory.iterdir()
    before = file.stat().st_ino
    Notes(str(directory), PROJECT).note("twin")
    assert file.stat().st_ino == before


@pytest.mark.parametrize(
    "content", [b"", b"twin", b"twin x\n", b"twin 1 2\n", b"\xff\xfe", b"twin 99999999\n", b"twin -1\n"]
)
def test_what_is_no_note_says_nothing(directory: Path, content: bytes) -> None:
    Notes(str(directory), PROJECT).note("twin")
    (file,) = directory.iterdir()
    file.write_bytes(content)
    assert Notes(str(directory), PROJECT).known() == frozenset()


@pytest.mark.parametrize("what", ["file", "directory"])
def test_what_another_user_could_have_written_says_nothing(directory: Path, what: str) -> None:
    Notes(str(directory), PROJECT).note("twin")
    (file,) = directory.iterdir()
    os.chmod(file if what == "file" else directory, 0o777)
    assert Notes(str(directory), PROJECT).known() == frozenset()


def test_without_a_place_nothing_is_known_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for directory in (None, str(tmp_path / "file" / "code")):
        Notes(directory, PROJECT).note("twin")
        assert Notes(directory, PROJECT).known() == frozenset()


def test_a_name_that_is_no_text(directory: Path) -> None:
    Notes(str(directory), ("/p/\udcff",)).note("twin")
    assert Notes(str(directory), ("/p/\udcff",)).known() == {"twin"}
