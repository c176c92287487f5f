"""Range fields and the parts of a file they ask for (RFC 9110 14)."""

import pytest

from afresh.static.ranges import Extent, parse_ranges

SIZE = 1000
IGNORED = None


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-499", [(0, 500)]),
        ("bytes=500-", [(500, 500)]),
        ("bytes=-200", [(800, 200)]),
        ("bytes=0-", [(0, 1000)]),
        ("bytes=999-999", [(999, 1)]),
        ("BYTES=1-2", [(1, 2)]),
        ("bytes= 0-1 , 4-5", [(0, 2), (4, 2)]),
        ("bytes=0-1,,4-5,", [(0, 2), (4, 2)]),
        ("bytes=500-600,0-1,-1", [(500, 101), (0, 2), (999, 1)]),
        # Beyond the end
        ("bytes=0-5000", [(0, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=1000-", []),
        ("bytes=1000-1001", []),
        ("bytes=-0", []),
        ("bytes=2000-,3000-", []),
        ("bytes=2000-,0-1", [(0, 2)]),
        ("bytes=9999999999999999999-", []),
        # To be ignored: what is not understood, and what would send more than the file
        ("bytes", IGNORED),
        ("bytes=", IGNORED),
        ("bytes=,", IGNORED),
        ("bytes=-", IGNORED),
        ("bytes=a-b", IGNORED),
        ("bytes=5-4", IGNORED),
        ("bytes=1-2;3-4", IGNORED),
        ("bytes=0x1-2", IGNORED),
        ("bytes=+1-2", IGNORED),
        ("bytes=\u0661-\u0662", IGNORED),
        ("bytes=1 - 2", IGNORED),
        ("bytes=1-2,bytes=3-4", IGNORED),
        ("lines=1-2", IGNORED),
        ("0-499", IGNORED),
        ("bytes=0-,0-", IGNORED),
        ("bytes=99999999999999999999-", IGNORED),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(33)), IGNORED),
    ],
)
def test_parts(field: str, expected: list[tuple[int, int]] | None) -> None:
    assert parse_ranges(field, SIZE) == (None if expected is None else [Extent(*part) for part in expected])


@pytest.mark.parametrize("field", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_an_empty_file_has_no_part(field: str) -> None:
    assert parse_ranges(field, 0) == []


def test_as_many_parts_as_are_taken() -> None:
    parts = parse_ranges("bytes=" + ",".join(f"{n}-{n}" for n in range(32)), SIZE)
    assert parts is not None
    assert len(parts) == 32
