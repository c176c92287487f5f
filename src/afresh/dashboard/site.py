"""The WSGI application: guard, route, view, and the fields that every response of the dashboard has."""

import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from afresh.dashboard.asking import Keeper
from afresh.dashboard.board import Board
from afresh.dashboard.doors import forbidden, once_more, stranger
from afresh.dashboard.guard import Facts, Secrets, Verdict, judge
from afresh.dashboard.http import COMMON, POLICY, Request, Response, redirect, text
from afresh.dashboard.routes import find

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_MOST_BODY = 1 << 20


class Site:
    """The dashboard as a WSGI application."""

    def __init__(self, secrets: Secrets, board: Board, keeper: Keeper) -> None:
        self._secrets = secrets
        self._board = board
        self._keeper = keeper

    def __repr__(self) -> str:
        return f"<Site {self._board!r} {self._keeper!r}>"

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        response = self._respond(environ)
        fields = [("Content-Type", response.content_type), *response.fields, *COMMON]
        names = {name for name, _ in response.fields}
        if "Content-Security-Policy" not in names:
            fields.append(("Content-Security-Policy", POLICY))
        if "Cache-Control" not in names:
            fields.append(("Cache-Control", "no-store"))
        start_response(f"{response.status.value} {response.status.phrase}", fields)
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        return response.parts if response.is_stream else [b"".join(response.parts)]

    def _respond(self, environ: "WSGIEnvironment") -> Response:
        query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        match judge(_facts(environ, query), self._secrets):
            case Verdict.ENTER:
                return self._enter(environ, query)
            case Verdict.AGAIN:
                return once_more()
            case Verdict.STRANGER:
                return stranger()
            case Verdict.FORBIDDEN:
                return forbidden()
            case Verdict.METHOD:
                return text("Only GET, HEAD and POST are answered.", HTTPStatus.METHOD_NOT_ALLOWED)
            case Verdict.PASS:
                return self._answer(environ, query)

    def _enter(self, environ: "WSGIEnvironment", query: dict[str, str]) -> Response:
        """The cookie for whoever came by the link; the token leaves the address, so that it is in no bookmark."""
        del query["token"]
        path = _text(environ["PATH_INFO"]) + ("?" + urlencode(query) if query else "")
        cookie = f"{self._secrets.cookie}={self._secrets.session}; Path=/; HttpOnly; SameSite=Strict"
        found = redirect(path)
        return Response(found.parts, found.content_type, found.status, (*found.fields, ("Set-Cookie", cookie)))

    def _answer(self, environ: "WSGIEnvironment", query: dict[str, str]) -> Response:
        path = _text(environ["PATH_INFO"])
        found = find(environ["REQUEST_METHOD"], path)
        if isinstance(found, Response):
            return found
        view, parameters = found
        body = _body(environ)
        if body is None:
            return text("The body is too long.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        last = environ.get("HTTP_LAST_EVENT_ID", "")
        request = Request(
            method=environ["REQUEST_METHOD"],
            path=path,
            board=self._board,
            keeper=self._keeper,
            parameters=parameters,
            query=query,
            form=dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if is_form else {},
            body=body,
            wants_json="application/json" in environ.get("HTTP_ACCEPT", ""),
            last_event=int(last) if last.isascii() and last.isdecimal() else 0,
        )
        return _guarded(view, request)


def _guarded(view: Callable[[Request], Response], request: Request) -> Response:
    try:
        return view(request)
    except Exception:
        traceback.print_exc()
        return text("This page failed; the traceback is in the terminal.", HTTPStatus.INTERNAL_SERVER_ERROR)


def _facts(environ: "WSGIEnvironment", query: dict[str, str]) -> Facts:
    return Facts(
        method=environ["REQUEST_METHOD"],
        own_origin=f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '').lower()}",
        origin=environ.get("HTTP_ORIGIN", ""),
        fetch_site=environ.get("HTTP_SEC_FETCH_SITE", ""),
        fetch_mode=environ.get("HTTP_SEC_FETCH_MODE", ""),
        fetch_dest=environ.get("HTTP_SEC_FETCH_DEST", ""),
        cookie=environ.get("HTTP_COOKIE", ""),
        token=query.get("token", ""),
    )


def _body(environ: "WSGIEnvironment") -> bytes | None:
    """The whole body, None where it is longer than any action's."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return None if length > _MOST_BODY else environ["wsgi.input"].read(length)


def _text(path: str) -> str:
    # WSGI strings hold bytes as latin-1 (PEP 3333).
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
