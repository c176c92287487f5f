"""Every path of the dashboard and what answers it: the one list."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple, TypeAlias

from afresh.dashboard.http import Request, Response, text
from afresh.dashboard.views import (
    actions,
    assets,
    checks,
    learn,
    now,
    open_file,
    reloads,
    requests,
    routes,
    settings,
    startup,
    stream,
)

View: TypeAlias = Callable[[Request], Response]


class Route(NamedTuple):
    """`pattern`: a path; a part in braces stands for one segment, which `Request.parameters` has by that name."""

    method: str
    pattern: str
    view: View


ROUTES: tuple[Route, ...] = (
    Route("GET", "/", now.show),
    Route("GET", "/requests", requests.index),
    Route("GET", "/requests/{number}", requests.detail),
    Route("GET", "/reloads", reloads.index),
    Route("GET", "/reloads/{generation}", reloads.detail),
    Route("GET", "/startup", startup.show),
    Route("GET", "/routes", routes.show),
    Route("GET", "/settings", settings.show),
    Route("GET", "/checks", checks.show),
    Route("GET", "/learn", learn.show),
    Route("GET", "/learn/snapshot", learn.snapshot),
    Route("GET", "/learn/transcript", learn.transcript),
    Route("POST", "/learn/visit", learn.visit),
    Route("GET", "/static/{name}", assets.show),
    Route("GET", "/stream", stream.follow),
    Route("GET", "/open", open_file.show),
    Route("POST", "/actions/{name}", actions.perform),
)


def find(method: str, path: str, routes: tuple[Route, ...] = ROUTES) -> tuple[View, dict[str, str]] | Response:
    """The view for a request with its parameters, or the answer that there is none (404) or not so (405)."""
    wanted = "GET" if method == "HEAD" else method
    allowed: list[str] = []
    for route in routes:
        match = _compiled(route.pattern).fullmatch(path)
        if match and route.method == wanted:
            return route.view, match.groupdict()
        if match:
            allowed.append(route.method)
    if allowed:
        return Response(
            [b"Not by this method.\n"], "text/plain", HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", ", ".join(allowed)),)
        )
    return text("There is no such page.", HTTPStatus.NOT_FOUND)


def _compiled(pattern: str) -> "re.Pattern[str]":
    parts = re.split(r"\{(\w+)\}", pattern)
    pieces = [f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts)]
    return re.compile("".join(pieces))
