"""Requests and what answers them, for one file (RFC 9110 13 and 14)."""

import pytest

from afresh.static.plan import Plan, make_plan
from afresh.static.ranges import Extent
from afresh.static.representation import Representation, Signature, describe

WHEN = 784_111_777  # Sun, 06 Nov 1994 08:49:37 GMT
NANO = 1_000_000_000
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"


def a_file(*, size: int = 1000, now: float = WHEN + 60, changed: int = WHEN) -> Representation:
    signature = Signature(1, 2, size, WHEN * NANO + 5, changed * NANO)
    return describe("/site/app/style.css", ("text/css", ""), signature, now)


FILE = a_file()
FRESH = a_file(now=WHEN + 1)
OTHER = '"other"'


def plan(method: str = "GET", file: Representation = FILE, /, **fields: str) -> Plan:
    return make_plan(method, {f"HTTP_{name}": value for name, value in fields.items()}, file, "BOUNDARY")


def field(plan: Plan, name: str) -> str | None:
    fields = dict(line.split(": ", 1) for line in plan.lines.splitlines())
    return fields.get(name)


def test_whole_file() -> None:
    found = plan()
    assert (found.status, found.parts, found.length) == ("200 OK", (Extent(0, 1000),), 1000)
    assert found.lines.splitlines() == [
        "Content-Type: text/css",
        'Content-Disposition: inline; filename="style.css"',
        f"ETag: {FILE.etag}",
        f"Last-Modified: {DATE}",
        "Cache-Control: no-cache",
        "Accept-Ranges: bytes",
        "Content-Length: 1000",
    ]


def test_head_has_the_fields_of_get_and_no_body() -> None:
    assert plan("HEAD") == plan()._replace(parts=(), length=0)


def test_an_empty_file_has_no_part() -> None:
    found = plan("GET", a_file(size=0))
    assert (found.parts, field(found, "Content-Length")) == ((), "0")


@pytest.mark.parametrize(
    ("fields", "is_same"),
    [
        ({"IF_NONE_MATCH": FILE.etag}, True),
        ({"IF_NONE_MATCH": f"W/{FILE.etag}"}, True),
        ({"IF_NONE_MATCH": f'{OTHER}, "b" ,{FILE.etag}'}, True),
        ({"IF_NONE_MATCH": "*"}, True),
        ({"IF_NONE_MATCH": OTHER}, False),
        ({"IF_NONE_MATCH": ""}, False),
        ({"IF_NONE_MATCH": FILE.etag.strip('"')}, False),
        # The date counts only without a tag.
        ({"IF_NONE_MATCH": OTHER, "IF_MODIFIED_SINCE": DATE}, False),
        ({"IF_NONE_MATCH": FILE.etag, "IF_MODIFIED_SINCE": EARLIER}, True),
        ({"IF_MODIFIED_SINCE": DATE}, True),
        ({"IF_MODIFIED_SINCE": LATER}, True),
        ({"IF_MODIFIED_SINCE": EARLIER}, False),
        ({"IF_MODIFIED_SINCE": "Sunday, 06-Nov-94 08:49:37 GMT"}, True),
        ({"IF_MODIFIED_SINCE": "Sun Nov  6 08:49:37 1994"}, True),
        ({"IF_MODIFIED_SINCE": "yesterday"}, False),
        ({"IF_MODIFIED_SINCE": "Sun, 99 Nov 99999 08:49:37 GMT"}, False),
        ({"IF_MODIFIED_SINCE": ""}, False),
    ],
)
def test_conditions(fields: dict[str, str], is_same: bool) -> None:
    for method in ("GET", "HEAD"):
        found = plan(method, **fields)
        assert found.status == ("304 Not Modified" if is_same else "200 OK")
        if is_same:
            assert (found.parts, found.length, field(found, "ETag")) == ((), 0, FILE.etag)
            assert field(found, "Content-Length") is None
            assert field(found, "Cache-Control") == "no-cache"


def test_an_older_file_that_took_the_place_is_not_the_same() -> None:
    """Its time of modification is before the client's date, its time of change is not."""
    moved = a_file(changed=WHEN + 30)
    assert plan("GET", moved, IF_MODIFIED_SINCE=LATER).status == "200 OK"
    assert plan("GET", moved, IF_MODIFIED_SINCE="Sun, 06 Nov 1994 08:51:00 GMT").status == "304 Not Modified"


def test_a_file_that_may_change_again_unseen_cannot_be_kept() -> None:
    assert field(plan("GET", FRESH), "ETag") is None
    assert field(plan("GET", FRESH), "Last-Modified") is None
    for fields in ({"IF_NONE_MATCH": FILE.etag}, {"IF_NONE_MATCH": "*"}, {"IF_MODIFIED_SINCE": LATER}):
        assert plan("GET", FRESH, **fields).status == "200 OK"


def test_a_file_from_the_future_cannot_be_kept() -> None:
    assert a_file(now=WHEN - 3600).etag == ""


def test_one_range() -> None:
    found = plan(RANGE="bytes=10-19")
    assert (found.status, found.parts, found.length) == ("206 Partial Content", (Extent(10, 10),), 10)
    assert field(found, "Content-Range") == "bytes 10-19/1000"
    assert field(found, "Content-Length") == "10"
    assert field(found, "Content-Type") == "text/css"
    assert field(found, "ETag") == FILE.etag


def test_several_ranges() -> None:
    found = plan(RANGE="bytes=10-19,-1")
    assert found.status == "206 Partial Content"
    assert field(found, "Content-Type") == "multipart/byteranges; boundary=BOUNDARY"
    assert field(found, "Content-Range") is None
    assert found.parts == (
        b"--BOUNDARY\r\nContent-Type: text/css\r\nContent-Range: bytes 10-19/1000\r\n\r\n",
        Extent(10, 10),
        b"\r\n--BOUNDARY\r\nContent-Type: text/css\r\nContent-Range: bytes 999-999/1000\r\n\r\n",
        Extent(999, 1),
        b"\r\n--BOUNDARY--\r\n",
    )
    assert found.length == sum(part.size if isinstance(part, Extent) else len(part) for part in found.parts)
    assert field(found, "Content-Length") == str(found.length)


def test_a_range_beyond_the_end() -> None:
    found = plan(RANGE="bytes=1000-")
    assert (found.status, found.parts) == ("416 Range Not Satisfiable", ())
    assert field(found, "Content-Range") == "bytes */1000"
    assert field(found, "Content-Length") == "0"


@pytest.mark.parametrize(
    ("method", "fields", "file"),
    [
        ("HEAD", {}, FILE),
        ("GET", {"RANGE": "bytes=bad"}, FILE),
        ("GET", {"RANGE": "bytes=5-4"}, FILE),
        ("GET", {"IF_RANGE": OTHER}, FILE),
        ("GET", {"IF_RANGE": EARLIER}, FILE),
        ("GET", {"IF_RANGE": LATER}, FILE),
        ("GET", {"IF_RANGE": f"W/{FILE.etag}"}, FILE),
        ("GET", {"IF_RANGE": ""}, FRESH),
        ("GET", {"IF_RANGE": FILE.etag}, FRESH),
    ],
)
def test_whole_file_in_spite_of_a_range(method: str, fields: dict[str, str], file: Representation) -> None:
    assert plan(method, file, **{"RANGE": "bytes=0-1", **fields}).status == "200 OK"


@pytest.mark.parametrize("value", [FILE.etag, DATE])
def test_range_of_the_version_that_the_client_has(value: str) -> None:
    assert plan(RANGE="bytes=0-1", IF_RANGE=value).status == "206 Partial Content"


def test_conditions_come_before_ranges() -> None:
    assert plan(RANGE="bytes=0-1", IF_NONE_MATCH=FILE.etag).status == "304 Not Modified"
    assert plan(RANGE="bytes=0-1", IF_NONE_MATCH=OTHER).status == "206 Partial Content"


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (Signature(1, 2, 1000, WHEN * NANO + 5, WHEN * NANO), True),
        (Signature(1, 3, 1000, WHEN * NANO + 5, WHEN * NANO), False),
        (Signature(1, 2, 1001, WHEN * NANO + 5, WHEN * NANO), False),
        (Signature(1, 2, 1000, WHEN * NANO + 6, WHEN * NANO), False),
        (Signature(1, 2, 1000, WHEN * NANO + 5, WHEN * NANO + 1), False),
    ],
)
def test_whatever_changes_of_a_file_changes_its_tag(other: Signature, is_same: bool) -> None:
    assert (describe("/x", ("text/css", ""), other, WHEN + 60).etag == FILE.etag) == is_same


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a b.css", 'inline; filename="a b.css"'),
        ('a"b\\c.css', 'inline; filename="a\\"b\\\\c.css"'),
        ("käse.css", "inline; filename*=utf-8''k%C3%A4se.css"),
    ],
)
def test_names(name: str, expected: str) -> None:
    file = describe(f"/x/{name}", ("text/css", "gzip"), Signature(1, 2, 3, 4, 5), WHEN)
    assert file.description == f"Content-Encoding: gzip\r\nContent-Disposition: {expected}\r\n"
