"""Compares answers. Pure: what differs by chance (tokens, dates, ports) is told from what must not differ."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from afresh.testing.client import Answer


@dataclass(frozen=True)
class Asked:
    """A request and its answer."""

    method: str
    path: str
    answer: Answer


CONNECTION_FIELDS = frozenset({"connection", "keep-alive", "transfer-encoding"})
"""Of one connection only (RFC 9110, section 7.6.1): Afresh keeps alive and chunks where runserver closes."""

IGNORED_FIELDS = CONNECTION_FIELDS | {"age", "date", "server"}

STATIC_FIELDS = frozenset({"etag", "cache-control", "accept-ranges"})
"""Fields that Afresh adds to static files, which runserver sends bare."""

VALIDATORS = frozenset({"etag", "last-modified"})
"""Afresh leaves them out of a file that has changed a moment ago (docs/explanation/static.md)."""

# What differs between answers of the same code.
_CHANCE = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        # What Afresh puts into pages, and runserver does not: the live reload's script, and into those of requests that
        # failed a link to the dashboard. These clients ask for HTML by name, as browsers do.
        (r'<script src="/__afresh__/live\.js[^>]*></script>', ""),
        (r'<a href="http://afresh\.localhost:\d+/requests[^>]*>This request in Afresh</a>', ""),
        (r"127\.0\.0\.1:\d+|localhost:\d+", "<host>"),
        (r"\b[A-Za-z0-9]{64}\b", "<token>"),  # Django's CSRF tokens
        (r"\b[\w-]{20,}\.[\w-]{6}\.[\w-]{27}\b", "<signed>"),  # itsdangerous: Flask's tokens
        (r"\bblake2b:[0-9a-f]{64,128}\b", "<digest>"),  # byro's chain of log entries, which have times
        (r"nonce=(?P<q>[\"']?)[A-Za-z0-9+/=_-]+(?P=q)", "nonce=<nonce>"),
        (r"nonce-[A-Za-z0-9+/=_-]+", "nonce-<nonce>"),
        (r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", "<uuid>"),
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"(?<![\w.:])\d{1,2}:\d\d(?::\d\d)?(?!\d)(?: ?[ap]\.?m\.?)?", "<time>"),
        (r"\b\d+(?:\xa0|&nbsp;|\s)(?:second|minute)s?\b", "<duration>"),
        (r"\b1\d{9}\.\d+", "<time>"),
        (r"\bat 0x[0-9a-f]+", "at <address>"),
        (r"\?v=[0-9a-f]{6,8}\b", "?v=<version>"),  # Wagtail's is a digest of INSTALLED_APPS
        (r"/editing-sessions/(ping/\w+/\w+/\d+|release)/\d+/", r"/editing-sessions/\1/<number>/"),  # Wagtail
    )
)


def differences(expected: Asked, actual: Asked) -> Iterator[str]:
    """Every way in which the second answer differs from the first and should not, in words."""
    name = f"{expected.method} {expected.path}"
    if expected.answer.status != actual.answer.status:
        yield f"{name}: status {expected.answer.status}, got {actual.answer.status}"
    yield from _field_differences(name, expected.answer, actual.answer)
    yield from _body_differences(name, expected.answer, actual.answer)


def _field_differences(name: str, expected: Answer, actual: Answer) -> Iterator[str]:
    wanted, got = fields(expected), fields(actual)
    added = STATIC_FIELDS if _is_file(expected) else frozenset()
    for field in sorted((wanted | got).keys()):
        if field not in wanted and field in added:
            continue
        if field == "last-modified" and added and not got.keys() & VALIDATORS:
            continue
        if wanted.get(field) != got.get(field):
            yield f"{name}: {field}: {wanted.get(field)}, got {got.get(field)}"


def _is_file(answer: Answer) -> bool:
    """Whether this looks like a static file as `django.views.static.serve` sends it."""
    return answer.header("Last-Modified") is not None and answer.header("Set-Cookie") is None


def fields(answer: Answer) -> dict[str, list[str]]:
    """The header fields that matter, by lower-case name, without what changes by chance.

    The length is compared with the body as it came, since tokens of the same page may differ in length.
    """
    found: dict[str, list[str]] = {}
    for name, value in answer.headers:
        if (name := name.lower()) in IGNORED_FIELDS:
            continue
        found.setdefault(name, []).append(_cookie(value) if name == "set-cookie" else steady(value))
    if "content-length" in found:
        found["content-length"] = ["that of the body" if _length_is_right(answer) else "wrong"]
    return found


def _length_is_right(answer: Answer) -> bool:
    return answer.header("Content-Length") == str(len(answer.body))


def _cookie(value: str) -> str:
    """A cookie without its value and its point in time."""
    name, _, attributes = value.partition(";")
    return name.partition("=")[0] + ";" + re.sub(r"(?i)expires=[^;]+", "expires=<time>", attributes)


def steady(text: str) -> str:
    """`text` without what changes with every answer of the same code."""
    for pattern, replacement in _CHANCE:
        text = pattern.sub(replacement, text)
    return text


def _body_differences(name: str, expected: Answer, actual: Answer) -> Iterator[str]:
    if expected.body == actual.body:
        return
    wanted, got = (steady(answer.body.decode("utf-8", "replace")) for answer in (expected, actual))
    if wanted == got:
        return
    at = next((i for i, (a, b) in enumerate(zip(wanted, got, strict=False)) if a != b), min(len(wanted), len(got)))
    around = slice(max(0, at - 60), at + 60)
    yield f"{name}: body from character {at} on: {wanted[around]!r}, got {got[around]!r}"
