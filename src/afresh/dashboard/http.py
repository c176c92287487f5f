"""Requests and responses of the dashboard as values."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec

from afresh.dashboard.asking import Keeper
from afresh.dashboard.board import Board

JSON = "application/json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
COMMON: tuple[tuple[str, str], ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    # Not "no-referrer": forms would name the origin "null".
    ("Referrer-Policy", "same-origin"),
)


class Request(msgspec.Struct, frozen=True):
    """A request that the guard has let pass.

    `parameters`: what the route's pattern left open, by name. `query` and `form`: the last value of each name. `body`:
    of a POST, as it came. `board`: what the keeper has told. `keeper`: who can be asked.
    """

    method: str
    path: str
    board: Board
    keeper: Keeper
    parameters: dict[str, str] = {}
    query: dict[str, str] = {}
    form: dict[str, str] = {}
    body: bytes = b""
    wants_json: bool = False
    last_event: int = 0


class Response(msgspec.Struct, frozen=True):
    """What a view returns. `parts`: the body; without a length, where it is a stream."""

    parts: Iterable[bytes]
    content_type: str = HTML
    status: HTTPStatus = HTTPStatus.OK
    fields: tuple[tuple[str, str], ...] = ()
    is_stream: bool = False


def json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A value as JSON."""
    return Response([msgspec.json.encode(value)], JSON, status)


def text(said: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A sentence as plain text."""
    return Response([said.encode() + b"\n"], TEXT, status)


def redirect(path: str) -> Response:
    """Have the browser get `path` of the dashboard instead."""
    # One slash: two would name another host.
    location = "/" + quote(path.lstrip("/\\"), safe="/?&=%+-._~,:@")
    return Response([b""], TEXT, HTTPStatus.SEE_OTHER, (("Location", location),))
