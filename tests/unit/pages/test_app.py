"""The application that answers with a failure."""

import re
from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from afresh.channel.messages import Failure
from afresh.pages.app import failure_application
from afresh.pages.facts import digest
from afresh.pages.text import full

HTML = "text/html,*/*;q=0.8"


def ask(application: Any, **environ: str) -> tuple[str, dict[str, str], bytes]:
    """One request through wsgiref's validator: status, header fields, body."""
    complete: dict[str, Any] = {"SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", **environ}
    setup_testing_defaults(complete)
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Any:
        seen.extend((status, dict(headers)))

    answer = validator(application)(complete, start_response)
    try:
        body = b"".join(answer)
    finally:
        answer.close()  # type: ignore[attr-defined]
    return seen[0], seen[1], body


def test_html_for_a_browser(failure: Failure) -> None:
    status, headers, body = ask(failure_application(failure), HTTP_ACCEPT=HTML, PATH_INFO="/caf\xc3\xa9/")
    assert status == "500 Internal Server Error"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Length"] == str(len(body))
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Afresh-Failure"] == digest(failure)
    assert "Retry-After" not in headers
    assert "/café/".encode() in body


def test_plain_text_for_curl(failure: Failure) -> None:
    status, headers, body = ask(failure_application(failure), HTTP_ACCEPT="*/*")
    assert (status, headers["Content-Type"]) == ("500 Internal Server Error", "text/plain; charset=utf-8")
    assert headers["X-Afresh-Failure"] == digest(failure)
    assert body.decode() == full(failure)


def test_the_policy_allows_the_pages_own_script_only_and_each_answer_has_a_nonce_of_its_own(failure: Failure) -> None:
    application = failure_application(failure)
    nonces = set()
    for _ in range(3):
        _, headers, body = ask(application, HTTP_ACCEPT=HTML)
        policy = headers["Content-Security-Policy"]
        nonce = re.search(r"script-src 'nonce-(\w{32})'", policy)
        assert nonce is not None
        assert f'<script nonce="{nonce[1]}">'.encode() in body
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; ")
        assert "connect-src 'self'" in policy
        nonces.add(nonce[1])
    assert len(nonces) == 3


def test_a_slow_start_is_503_with_retry_after_and_counts_on(slow: Failure) -> None:
    times: Iterator[float] = iter([100.0, 104.5])
    application = failure_application(slow, elapsed=30.0, clock=lambda: next(times))
    status, headers, body = ask(application, HTTP_ACCEPT=HTML)
    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "1")
    assert b'data-elapsed="34"' in body


@pytest.mark.parametrize("accept", [HTML, "*/*"])
def test_head_has_the_fields_of_get_and_no_body(failure: Failure, accept: str) -> None:
    application = failure_application(failure)
    got = ask(application, HTTP_ACCEPT=accept)
    head = ask(application, HTTP_ACCEPT=accept, REQUEST_METHOD="HEAD")
    assert head[2] == b""
    changing = {"Content-Security-Policy"}
    assert {key: head[1][key] for key in head[1].keys() - changing} == {
        key: got[1][key] for key in got[1].keys() - changing
    }


@pytest.mark.parametrize(
    ("method", "wait"),
    [("GET", "yes"), ("HEAD", None), ("POST", "no"), ("PUT", "no"), ("DELETE", "no"), ("OPTIONS", "no")],
)
def test_every_method_is_answered_and_only_a_safe_one_may_be_repeated_unasked(
    failure: Failure, method: str, wait: str | None
) -> None:
    status, _, body = ask(failure_application(failure), HTTP_ACCEPT=HTML, REQUEST_METHOD=method, SCRIPT_NAME="/x")
    assert status.startswith("500")
    if wait:
        assert f'data-wait="{wait}"'.encode() in body
