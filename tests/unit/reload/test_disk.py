"""The history of a path: when it was there."""

import pytest

from afresh.reload.disk import Now, followed
from afresh.reload.journal import Signature

SIGNATURE = Signature(1, 1, 1, 1, 1)


def now(*, exists: bool) -> Now:
    return Now("/p/a.py", b"digest" if exists else None, SIGNATURE if exists else None, ((0, exists),))


def history(existed: bool, *later: bool) -> Now:
    """The path after edits 1, 2, ... which found it there or not."""
    known: Now | None = None
    for edit, exists in enumerate(later, 1):
        known = followed(known, now(exists=exists), edit, existed=existed)
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("existed", "later"),
    [
        (True, (True,)),
        (True, (False,)),
        (False, (True,)),
        (False, (True, True)),
        (False, (True, False)),
        (True, (False, True)),
        (True, (True, False, False, True)),
        (False, (True, False, True, False)),
    ],
)
def test_each_edit_is_remembered(existed: bool, later: tuple[bool, ...]) -> None:
    found = history(existed, *later)
    assert [found.existed_at(edit) for edit in range(len(later) + 1)] == [existed, *later]
    assert found.exists is later[-1]
    assert found.existed_at(1000) is later[-1]


def test_content_is_that_of_the_last_edit() -> None:
    first = followed(None, Now("/p/a.py", b"one", SIGNATURE, ((0, True),)), 1, existed=True)
    second = followed(first, Now("/p/a.py", b"two", None, ((0, True),)), 2, existed=False)
    assert (second.digest, second.signature) == (b"two", None)


def test_what_changes_nothing_adds_nothing() -> None:
    assert history(True, *[True] * 50).existence == ((0, True),)
