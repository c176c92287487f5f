"""What is known of a file against what it is, without events."""

import os
import time
from pathlib import Path

import pytest

from afresh.reload.journal import Signature
from afresh.watch.states import Known, is_database, is_racy, look, same_content

from .rig import digest, signature

NOW = 10**18
OLD = Signature(1, 2, 3, NOW - 10**9, NOW - 10**9)


@pytest.mark.parametrize(
    ("ctime", "since", "racy"),
    [(NOW, NOW, True), (NOW - 10**7, NOW, True), (NOW - 10**8, NOW, False), (NOW + 10**8, NOW, True)],
)
def test_which_signatures_a_later_write_may_have_left(ctime: int, since: int, racy: bool) -> None:
    assert is_racy(Signature(1, 2, 3, 0, ctime), since) is racy


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (OLD, True),
        (Signature(1, 2, 3, NOW - 10**9, NOW), True),
        (Signature(1, 2, 3, NOW, NOW), False),
        (Signature(1, 2, 4, NOW - 10**9, NOW), False),
        (Signature(1, 9, 3, NOW - 10**9, NOW), False),
        (Signature(9, 2, 3, NOW - 10**9, NOW), False),
    ],
)
def test_a_later_ctime_alone_is_no_other_content(other: Signature, same: bool) -> None:
    assert same_content(OLD, other) is same


def test_a_write_that_left_the_same_signature_counts_while_the_clock_may_not_have_moved(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    known = Known(0, signature(file))
    while time.time_ns() < signature(file).ctime:
        pass
    assert known.update(str(file), written=True, thorough=True) or not is_racy(signature(file), time.time_ns())
    assert not known.update(str(file), written=False, thorough=True)


def test_content_decides_where_a_digest_is_known(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")
    known = Known(0, signature(file), digest(b"one"))
    os.utime(file, (1, 1))
    assert not known.update(str(file), written=True, thorough=False)
    file.write_bytes(b"two")
    assert known.update(str(file), written=False, thorough=False)
    assert not known.update(str(file), written=True, thorough=True)
    file.unlink()
    assert known.update(str(file), written=False, thorough=False)
    assert not known.update(str(file), written=False, thorough=False)
    file.write_bytes(b"two")
    assert known.update(str(file), written=False, thorough=False)
    assert not known.update(str(file), written=True, thorough=True)


def test_what_can_be_looked_at(tmp_path: Path) -> None:
    assert look(str(tmp_path / "absent")) is None
    assert look("with\0zero") is None
    folder = look(str(tmp_path))
    (tmp_path / "new").touch()
    assert folder is not None
    assert look(str(tmp_path)) == folder


def test_databases_are_known_by_how_they_begin(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"SQLite format 3\0 and more")
    assert is_database(str(file))
    file.write_bytes(b"SQLite format 4")
    assert not is_database(str(file))
    assert not is_database(str(tmp_path / "absent"))
