"""Requests and responses: what the application is given and what the client gets."""

import http.client
import json
import socket
from contextlib import closing

import django
from afresh.testing.client import read_answer
from afresh.testing.deadline import PATIENCE
from afresh.testing.server import Server

from .differences import (
    CHUNKED_STREAM,
    FILE_WRAPPER,
    INPUT_TERMINATED,
    INPUT_TERMINATED_IN_PAGE,
    INSTALLED,
    LENGTH_OF_REDIRECT,
    NO_LENGTH_OF_NO_CONTENT,
    NO_LENGTH_OF_NOT_MODIFIED,
    SERVER_FIELD,
    SERVER_NAME,
    SERVER_SOFTWARE,
    Observation,
)
from .normal import normal, normal_answer
from .sides import CHECKED, SELF_TEST, Pair, Site, as_text

RESPONSES = (
    *(SERVER_FIELD, SERVER_SOFTWARE, SERVER_NAME, FILE_WRAPPER, INPUT_TERMINATED_IN_PAGE),
    *(INSTALLED, NO_LENGTH_OF_NO_CONTENT, NO_LENGTH_OF_NOT_MODIFIED),
    *([LENGTH_OF_REDIRECT] if django.VERSION < (6,) else []),
)
PATHS = ["/", "/about/", "/about", "/absent/", "/boom/", "/status/204/", "/status/302/", "/status/304/", "/status/500/"]


def test_responses(pair: Pair) -> None:
    """Status, fields and body of plain responses, redirects, errors, HEAD, and the technical pages of DEBUG."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            seen = {}
            for path in PATHS:
                for method in ("GET", "HEAD") if path != "/boom/" else ("GET",):
                    answer = server.get(path, method=method, headers={"Accept": "text/plain"})
                    seen[f"answer {method} {path}"] = normal_answer(answer, site.root, server.port)
            posted = server.get("/echo/", method="POST", body=b"a=1&b=2", headers={"X-A": "1"})
            big = server.get("/echo/", method="PUT", body=b"x" * 3_000_000)
            seen["answer POST"] = normal_answer(posted, site.root, server.port)
            return seen | {"big": f"{big.status} {len(big.body)}"}

    seen = pair.compare(scenario, *RESPONSES, settings="DATA_UPLOAD_MAX_MEMORY_SIZE = None\n")
    assert seen["answer GET /boom/"].startswith("500 Internal Server Error\n")
    assert "Exception Value: boom in a view" in seen["answer GET /boom/"]
    assert seen["big"] == "200 3000000"


def test_request_as_the_application_sees_it(pair: Pair) -> None:
    """The WSGI environment: names, values, duplicate fields, fields with an underscore, odd targets."""
    end = b"\r\nConnection: close\r\n\r\n"
    requests = [
        b"GET /meta/?q=%20x;y&&z HTTP/1.1\r\nHost: localhost:PORT" + end,
        b"GET /meta/ HTTP/1.0\r\nHost: localhost\r\n\r\n",
        b"POST /meta/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Type: text/x;charset=y"
        + end
        + b"abc",
        b"GET /meta/ HTTP/1.1\r\nHost: localhost\r\nX-Two: a\r\nX-Two: b\r\nX_Under: no\r\nCookie: a=1\r\nCookie: b=2"
        + end,
        b"GET /meta/ HTTP/1.1\r\nHost: localhost\r\nX-Empty:\r\nX-Bytes: \xe9\xff\r\nx-CASE:   spaces around  " + end,
        b"GET /meta/%C3%BC/../%2F?a=%zz HTTP/1.1\r\nHost: localhost" + end,
        b"GET //meta/ HTTP/1.1\r\nHost: localhost" + end,
        b"OPTIONS * HTTP/1.1\r\nHost: localhost" + end,
    ]

    def scenario(site: Site) -> Observation:
        seen = {}
        with site.serve("0", told=(CHECKED,)) as server:
            for number, request in enumerate(requests):
                raw = server.exchange(request.replace(b"PORT", b"%d" % server.port))
                head, _, body = raw.partition(b"\r\n\r\n")
                text = as_text(json.loads(body)) if b"application/json" in head else "no JSON"
                seen[f"meta {number}"] = head.split(b"\r\n")[0].decode() + "\n" + normal(text, site.root, server.port)
        return seen

    pair.compare(scenario, SERVER_SOFTWARE, SERVER_NAME, INPUT_TERMINATED)


def test_absolute_target_is_understood(pair: Pair) -> None:
    """A server must accept the absolute form (RFC 9112, 3.2.2); Django takes the whole of it for a path."""
    request = b"GET http://localhost/about/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            return {"status": server.exchange(request).split(b"\r\n")[0].decode()}

    django, other = pair.both(scenario)
    assert django == {"status": "HTTP/1.1 404 Not Found"}
    assert SELF_TEST or other == {"status": "HTTP/1.1 200 OK"}


def test_connection_is_kept(pair: Pair) -> None:
    """Several requests on one connection; it is closed when the client or the application asks for it."""

    def scenario(site: Site) -> Observation:
        with (
            site.serve("0", told=(CHECKED,)) as server,
            closing(http.client.HTTPConnection(*server.address, timeout=PATIENCE)) as connection,
        ):
            seen = []
            for number in range(3):
                connection.request("POST", "/echo/", body=b"%d" % number)
                seen += [read_answer(connection).text, "closed" if connection.sock is None else "kept"]
            connection.request("GET", "/about/", headers={"Connection": "close"})
            seen.append(read_answer(connection).text)
            # Django says nothing in the answer and just closes; what counts is that the connection ends.
            seen.append("closed" if connection.sock is None or connection.sock.recv(1) == b"" else "kept")
            return {"seen": " ".join(seen)}

    seen = pair.compare(scenario)
    assert seen["seen"].startswith("0 kept 1 kept 2 kept about")


def test_streams_are_chunked_instead_of_closed(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            return {"answer stream": normal_answer(server.get("/stream/"), site.root, server.port)}

    seen = pair.compare(scenario, SERVER_FIELD, CHUNKED_STREAM)
    assert seen["answer stream"].endswith("\n\nfirst second")


def test_request_body_in_chunks_is_read(pair: Pair) -> None:
    """Django's runserver gives the application an empty body and takes the chunks for the next request."""
    data = (
        b"POST /echo/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"4\r\nspam\r\n5;ext=1\r\n eggs\r\n0\r\n\r\n"
    )

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            head, _, body = server.exchange(data).partition(b"\r\n\r\n")
            return {"status": head.split(b"\r\n")[0].decode(), "body": body.decode()}

    django, other = pair.both(scenario)
    assert django == {"status": "HTTP/1.1 200 OK", "body": ""}
    assert SELF_TEST or other == {"status": "HTTP/1.1 200 OK", "body": "spam eggs"}


def test_kept_connection_does_not_stall(pair: Pair) -> None:
    """An answer in two writes meets Nagle's algorithm and delayed acknowledgements: 40 ms on each. One write arrives
    in one piece."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            return {"pieces of 20 answers": str(_pieces_of(server, 20))}

    django, other = pair.both(scenario)
    assert int(django["pieces of 20 answers"]) > 20
    assert SELF_TEST or other["pieces of 20 answers"] == "20"


def _pieces_of(server: Server, count: int) -> int:
    """In how many pieces so many answers arrive on one connection."""
    pieces = 0
    with socket.create_connection(server.address, PATIENCE) as sock:
        for _ in range(count):
            sock.sendall(b"GET /about/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            received = b""
            while not received.endswith(b"\r\n\r\nabout"):
                received += (piece := sock.recv(65536))
                assert piece, received
                pieces += 1
    return pieces


def test_expect_continue(pair: Pair) -> None:
    """The interim answer comes before the body is sent, and the final one after it."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server, socket.create_connection(server.address, PATIENCE) as sock:
            sock.sendall(
                b"POST /echo/ HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                b"Content-Length: 4\r\nConnection: close\r\n\r\n"
            )
            interim = sock.recv(65536)
            sock.sendall(b"spam")
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
            return {"interim": interim.decode(), "body": answer.rpartition(b"\r\n\r\n")[2].decode()}

    seen = pair.compare(scenario)
    assert seen == {"interim": "HTTP/1.1 100 Continue\r\n\r\n", "body": "spam"}


def test_tls_on_the_port_is_explained(pair: Pair) -> None:
    hello = bytes.fromhex("160301020001000001fc0303") + b"\0" * 64 + b"\r\n\r\n"

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            server.exchange(hello, half_close=True)
            found = server.err.wait_for(r"You're accessing the development server over HTTPS.*")
            return {"said": found[0]}

    seen = pair.compare(scenario)
    assert seen["said"] == "You're accessing the development server over HTTPS, but it only supports HTTP."


HOSTS: list[tuple[str, str]] = [
    ("localhost", "200"),
    ("127.0.0.1", "200"),
    ("[::1]", "200"),
    ("shop.localhost", "200"),
    ("evil.example", "400"),
]


def test_hosts_with_debug_and_no_allowed_hosts(pair: Pair) -> None:
    """Same verdicts as Django; the page for a disallowed host names the line to add."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            return {host: str(server.get("/about/", headers={"Host": host}).status) for host, _ in HOSTS}

    assert pair.compare(scenario) == dict(HOSTS)


def test_page_for_a_disallowed_host_names_the_line_to_add(pair: Pair) -> None:
    """Static files too: Django's runserver serves them to any host."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            page = server.get("/about/", headers={"Host": "evil.example"}).text
            static = server.get("/static/app/style.css", headers={"Host": "evil.example"}).status
            return {"page": page, "static": str(static)}

    django, other = pair.both(scenario)
    assert django["static"] == "200"
    assert "SECRET_KEY" in django["page"], "Django answers with its technical page, settings and all"
    if not SELF_TEST:
        assert other["static"] == "400"
        assert "ALLOWED_HOSTS" in other["page"]
        assert "evil.example" in other["page"]
        assert "for-tests-only" not in other["page"]
        assert "SECRET_KEY" not in other["page"]


def test_behind_a_proxy_that_django_believes_its_list_stays_as_it_is(pair: Pair) -> None:
    site = pair.other_site(settings='USE_X_FORWARDED_HOST = True\nALLOWED_HOSTS = ["shop.test"]\n')
    forwarded = {"X-Forwarded-Host": "shop.test", "Accept": "*/*"}
    with site.serve("0") as server:
        assert server.get("/about/", headers={"Host": "localhost", **forwarded}).status == 200
        assert server.get("/about/", headers={"Host": "web", **forwarded}).status == 200
        refused = server.get("/about/", headers={"Host": "web.test", **forwarded})
        assert (refused.status, refused.header("Content-Type")) == (400, "text/plain; charset=utf-8")
        assert "    AFRESH_ALLOW_HOST=web.test\n" in refused.text
    with site.serve("0", env={"AFRESH_ALLOW_HOST": "web.test"}) as server:
        assert server.get("/about/", headers={"Host": "web.test", **forwarded}).status == 200


def test_client_that_hangs_up(pair: Pair) -> None:
    """A client that goes away while a large answer is sent leaves one quiet line at most, and no traceback."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            with socket.create_connection(server.address, PATIENCE) as sock:
                sock.sendall(b"GET /big/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
                sock.recv(1000)
                # Closing with unread data resets the connection: the server's next write fails.
            after = server.get("/big/", method="HEAD").status
            return {"after": str(after), "traceback": str("Traceback" in server.err.text())}

    assert pair.compare(scenario, files={"proj/urls.py": BIG_URLS}) == {"after": "200", "traceback": "False"}


BIG_URLS = """\
from django.http import HttpResponse
from django.urls import path

urlpatterns = [path("big/", lambda request: HttpResponse(b"x" * 30_000_000))]
"""
