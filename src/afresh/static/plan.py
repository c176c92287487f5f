"""From a request and a file to a response: RFC 9110 13 (conditions) and 14 (ranges). Pure."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

from afresh.static.ranges import Extent, parse_ranges
from afresh.static.representation import Representation

# Without them a request gets the whole file. Names as in a WSGI environ.
_CONDITIONS = frozenset({"HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE"})
# Every use asks whether the file is still the same: a stale style sheet is worse than a question on loopback.
_CACHING = "Cache-Control: no-cache\r\n"

Part = bytes | Extent


class Plan(NamedTuple):
    """A response: `lines` are its header fields, with line ends; `parts` its body in order, `length` bytes in all."""

    status: str
    lines: str
    parts: tuple[Part, ...]
    length: int


def make_plan(method: str, fields: Mapping[str, str], file: Representation, boundary: str) -> Plan:
    """What answers a GET or HEAD; `boundary` separates several ranges and must not occur in the file."""
    if _CONDITIONS.isdisjoint(fields):
        return _whole(method, file)
    if _is_still_the_same(fields, file):
        return Plan("304 Not Modified", file.validators + _CACHING, (), 0)
    # Range means something for GET alone (RFC 9110 14.2).
    if method != "GET" or "HTTP_RANGE" not in fields or not _may_send_ranges(fields, file):
        return _whole(method, file)
    extents = parse_ranges(fields["HTTP_RANGE"], file.size)
    if extents is None:
        return _whole(method, file)
    if not extents:
        return Plan("416 Range Not Satisfiable", f"Content-Range: bytes */{file.size}\r\nContent-Length: 0\r\n", (), 0)
    return _one_range(extents[0], file) if len(extents) == 1 else _several_ranges(extents, file, boundary)


def _is_still_the_same(fields: Mapping[str, str], file: Representation) -> bool:
    """Whether the client has this version. If-None-Match overrules If-Modified-Since (RFC 9110 13.2.2)."""
    if not file.etag:
        return False
    known = fields.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        tags = [tag.strip(" \t").removeprefix("W/") for tag in known.split(",")]
        return known.strip(" \t") == "*" or file.etag in tags
    since = fields.get("HTTP_IF_MODIFIED_SINCE")
    return since is not None and (since == file.last_modified or _was_unchanged_since(since, file))


def _was_unchanged_since(since: str, file: Representation) -> bool:
    """Whether nothing happened to the file after `since`: an older file put in its place is younger by this count."""
    try:
        return max(file.modified, file.changed) <= parsedate_to_datetime(since).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return False


def _may_send_ranges(fields: Mapping[str, str], file: Representation) -> bool:
    """If-Range: a part is of use only to who has the other parts of this version (RFC 9110 13.1.5)."""
    wanted = fields.get("HTTP_IF_RANGE")
    return wanted is None or (bool(file.etag) and wanted in (file.etag, file.last_modified))


@lru_cache(maxsize=1024)
def _whole(method: str, file: Representation) -> Plan:
    lines = f"Content-Type: {file.content_type}\r\n{_common(file)}Content-Length: {file.size}\r\n"
    if method == "HEAD" or not file.size:
        return Plan("200 OK", lines, (), 0)
    return Plan("200 OK", lines, (Extent(0, file.size),), file.size)


def _one_range(extent: Extent, file: Representation) -> Plan:
    lines = f"Content-Type: {file.content_type}\r\n{_common(file)}Content-Length: {extent.size}\r\n"
    return Plan("206 Partial Content", f"{lines}{_content_range(extent, file)}", (extent,), extent.size)


def _several_ranges(extents: list[Extent], file: Representation, boundary: str) -> Plan:
    parts: list[Part] = []
    length = 0
    for extent in extents:
        head = f"--{boundary}\r\nContent-Type: {file.content_type}\r\n{_content_range(extent, file)}\r\n".encode()
        head = head if not parts else b"\r\n" + head
        parts += [head, extent]
        length += len(head) + extent.size
    end = f"\r\n--{boundary}--\r\n".encode()
    length += len(end)
    kind = f"Content-Type: multipart/byteranges; boundary={boundary}\r\n"
    return Plan("206 Partial Content", f"{kind}{_common(file)}Content-Length: {length}\r\n", (*parts, end), length)


def _common(file: Representation) -> str:
    return f"{file.description}{file.validators}{_CACHING}Accept-Ranges: bytes\r\n"


def _content_range(extent: Extent, file: Representation) -> str:
    return f"Content-Range: bytes {extent.position}-{extent.position + extent.size - 1}/{file.size}\r\n"
