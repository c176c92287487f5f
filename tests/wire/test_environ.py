"""The environ beside the one that Django's own runserver gives for the same bytes."""

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from afresh.testing.deadline import PATIENCE

basehttp = pytest.importorskip("django.core.servers.basehttp")

# What is meant to differ, and why.
DIFFERENT = {
    "SERVER_SOFTWARE": "names the software",
    "wsgi.input_terminated": "an extension that Django's server does not have",
}


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    seen = {name: value for name, value in environ.items() if isinstance(value, (str, bool, tuple, list))}
    start_response("200 OK", [("Content-Type", "application/json"), ("Connection-X", "y")])
    return [json.dumps(seen).encode()]


class _DjangoServer(socketserver.ThreadingMixIn, basehttp.WSGIServer):  # type: ignore[misc, name-defined]
    daemon_threads = True


class _DjangoHandler(basehttp.WSGIRequestHandler):  # type: ignore[misc, name-defined]
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def django() -> Iterator[Callable[[bytes], dict[str, Any]]]:
    """Django's server on a port of its own: a request's bytes, the environ that the application saw."""
    server = _DjangoServer(("127.0.0.1", 0), _DjangoHandler)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield lambda data: seen_at(server.server_address, data)
    server.shutdown()
    thread.join()
    server.server_close()


def seen_at(address: Any, data: bytes) -> dict[str, Any]:
    with socket.create_connection(address, timeout=PATIENCE) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while more := client.recv(65536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), answer
    seen: dict[str, Any] = json.loads(body)
    return seen


REQUESTS = {
    "plain": "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "1.0": "GET /?a HTTP/1.0\r\n\r\n",
    "a browser's": (
        "GET /a/b.html?q=%20x;y&&z HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\n"
        "Accept-Language: de\r\nConnection: keep-alive\r\nCookie: a=1; b=2\r\nSec-Fetch-Mode: cors\r\n\r\n"
    ),
    "a body": "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Type: text/x; charset=y\r\n\r\nabc",
    "a body without type": "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
    "repeated fields": "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nX-A: 2\r\nCookie: a=1\r\ncookie: b=2\r\n\r\n",
    "repeated type": "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n",
    "odd fields": (
        "GET / HTTP/1.1\r\nHost: localhost\r\nX_A: 1\r\nX-Empty:\r\nX-Space: \t a b \t\r\nX-Bytes: \xe4\xff\r\n\r\n"
    ),
    "fields of the server's": (
        "GET / HTTP/1.1\r\nHost: localhost\r\nServer-Name: x\r\nScript-Name: /x\r\nRemote-Addr: 8.8.8.8\r\n"
        "Path-Info: /x\r\nRemote-User: root\r\nContent-Language: de\r\n\r\n"
    ),
    "percent-encoding": "GET /%C3%BC/../%2F%zz?a=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "raw bytes": "GET /\xc3\xbc?\xc3\xbc HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "two slashes": "GET ///a//b HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "asterisk": "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an extension method": "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a lower-case method": "get / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("data", REQUESTS.values(), ids=REQUESTS)
def test_the_same_as_django(
    data: str, serve: Any, django: Callable[[bytes], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # wsgiref reads the process's variables when it is imported, so only those can be compared that were there before.
    theirs = django(data.encode("latin-1"))
    served = serve(application, server_name=theirs["SERVER_NAME"], server_port=int(theirs["SERVER_PORT"]))
    ours = seen_at(served.address, data.encode("latin-1"))
    for seen in (theirs, ours):
        seen.pop("PYTEST_CURRENT_TEST", None)
        for name in DIFFERENT:
            seen.pop(name, None)
    assert ours == theirs


def test_variables_of_the_process_are_passed(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOTE_USER", "someone")
    monkeypatch.setenv("HTTPS", "on")
    monkeypatch.setenv("PATH_INFO", "never")
    monkeypatch.setenv("NOT_LATIN", "\u20ac")
    seen = seen_at(serve(application).address, b"GET /path HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert seen["REMOTE_USER"] == "someone"
    assert seen["wsgi.url_scheme"] == "https"
    assert seen["PATH_INFO"] == "/path"
    assert seen["NOT_LATIN"].encode("latin-1") == "\u20ac".encode()


def test_a_chunked_body_has_a_length(serve: Any) -> None:
    """Django reads as much as CONTENT_LENGTH says, and nothing without it: of this body, whatever the last one was."""
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    address = serve(application).address
    for body, length in ((b"3\r\nabc\r\n0\r\n\r\n", "3"), (b"1\r\na\r\n0\r\n\r\n", "1"), (b"0\r\n\r\n", "0")):
        seen = seen_at(address, head + body)
        assert seen["CONTENT_LENGTH"] == length
        assert seen["wsgi.input_terminated"] is True
