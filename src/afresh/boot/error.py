"""The pages that a server makes itself. Loaded with the server, their parts only when needed."""

import os

from afresh.boot.roots import ProjectRoots
from afresh.serve.head import Head


def error_page(
    roots: ProjectRoots | None, dashboard: str, exc: BaseException, head: Head
) -> tuple[list[tuple[str, str]], bytes]:
    """For what the application raised, header fields and body (`afresh.serve.exchange.ErrorPage`): HTML or plain text,
    as the request asks."""
    import msgspec

    from afresh.boot.failure import failure_of
    from afresh.pages.document import policy
    from afresh.pages.failure import request_page
    from afresh.pages.negotiate import wants_html
    from afresh.pages.text import full

    failure = msgspec.structs.replace(failure_of(exc, roots or ProjectRoots()), kind="request")
    fields = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"), ("Vary", "Accept")]
    if not wants_html(head.fields.get("HTTP_ACCEPT", "")):
        return [("Content-Type", "text/plain; charset=utf-8"), *fields], full(failure).encode()
    nonce = os.urandom(16).hex()
    fields += [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy(nonce))]
    path = head.path.encode("latin-1", "replace").decode("utf-8", "replace")
    return fields, request_page(failure, path=path, nonce=nonce, dashboard=dashboard)


def refused_host(host: str, accept: str, *, advice: str) -> tuple[str, bytes]:
    """For a host that is not allowed, content type and body (`afresh.serve.hosts.Refusal`)."""
    from afresh.pages.refusal import refusal

    return refusal(host, advice=advice, accept=accept)
