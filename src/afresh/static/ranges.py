"""The Range field (RFC 9110 14): which bytes of a file a client asks for. Pure."""

import re
from typing import NamedTuple

# More parts than a player or a reader of documents asks for; each costs a header, and all of them may overlap.
_MOST_RANGES = 32
_SPEC = re.compile(r"[ \t]*(?:(\d{1,19})-(\d{0,19})|-(\d{1,19}))?[ \t]*", re.ASCII)


class Extent(NamedTuple):
    """`size` bytes of a file from `position` on."""

    position: int
    size: int


def parse_ranges(field: str, size: int) -> list[Extent] | None:
    """The parts of a file of `size` bytes that `field` asks for, in its order: none of them where all lie beyond the
    end; None where the field is to be ignored: another unit, malformed, or asking for more than the file in pieces."""
    unit, equals, rest = field.partition("=")
    if not equals or unit.strip(" \t").lower() != "bytes":
        return None
    specs = rest.split(",")
    if len(specs) > _MOST_RANGES:
        return None
    extents: list[Extent] = []
    is_empty = True
    for spec in specs:
        match = _SPEC.fullmatch(spec)
        if match is None:
            return None
        first, last, suffix = match.groups()
        if first is None and suffix is None:
            continue  # An empty element of a list means nothing (RFC 9110 5.6.1).
        is_empty = False
        if last and int(last) < int(first):
            return None
        extent = _suffix(int(suffix), size) if first is None else _from(int(first), last, size)
        if extent.size:
            extents.append(extent)
    if is_empty or (len(extents) > 1 and sum(extent.size for extent in extents) > size):
        return None
    return extents


def _from(first: int, last: str, size: int) -> Extent:
    end = min(int(last) + 1, size) if last else size
    return Extent(first, max(0, end - first))


def _suffix(length: int, size: int) -> Extent:
    count = min(length, size)
    return Extent(size - count, count)
