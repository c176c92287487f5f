"""A WSGI application that answers every request with one failure's page."""

import os
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

from afresh.channel.messages import Failure, Live
from afresh.pages.document import policy
from afresh.pages.facts import DIGEST_HEADER, digest
from afresh.pages.failure import Content, content, render
from afresh.pages.negotiate import wants_html
from afresh.pages.text import full

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def failure_application(
    failure: Failure,
    *,
    elapsed: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
    live: Live | None = None,
    dashboard: str = "",
) -> "WSGIApplication":
    """An application that answers every path and method with `failure`: 500, or 503 with Retry-After for kind "slow".

    HTML or plain text as the Accept field asks. `elapsed`: seconds the boot had taken when this was called; the waiting
    page shows them, counted on by `clock`. `live`: by what the page hears of changes. `dashboard`: its
    origin, where files are opened; empty where there is none.
    """
    began = clock() - elapsed
    status = "503 Service Unavailable" if failure.kind == "slow" else "500 Internal Server Error"
    common = [
        ("Cache-Control", "no-store"),
        ("Vary", "Accept"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        (DIGEST_HEADER, digest(failure)),
        *([("Retry-After", "1")] if failure.kind == "slow" else []),
    ]

    @cache
    def made() -> Content:
        return content(failure, dashboard=dashboard)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if wants_html(environ.get("HTTP_ACCEPT", "")):
            nonce = os.urandom(16).hex()
            wait = environ["REQUEST_METHOD"] in ("GET", "HEAD")
            body = render(made(), path=_path(environ), wait=wait, nonce=nonce, elapsed=clock() - began, live=live)
            own = [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy(nonce))]
        else:
            body = full(failure).encode()
            own = [("Content-Type", "text/plain; charset=utf-8")]
        start_response(status, [*own, ("Content-Length", str(len(body))), *common])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    return application


def _path(environ: "WSGIEnvironment") -> str:
    # WSGI strings hold bytes as latin-1 (PEP 3333).
    raw = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return str(raw).encode("latin-1", "replace").decode("utf-8", "replace")
