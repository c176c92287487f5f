"""Bytes in, bytes out, over a real socket: every row also one byte at a time, and cut in two at every position."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fuzz.readings import End, by_afresh

HOST = "Host: localhost\r\n"


def response(status: str, *fields: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "Server: Test", *fields, "\r\n"]).encode() + body


def say(body: bytes, *fields: str) -> bytes:
    return response("200 OK", f"Content-Length: {len(body)}", *fields, body=body)


def application(environ: dict[str, Any], start_response: Any) -> Any:
    path = environ["PATH_INFO"].replace("*", "/target")
    return globals()["view_" + path.strip("/").split("/")[0].replace("-", "_")](environ, start_response)


def view_(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [environ["REQUEST_METHOD"].encode()]


def view_echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"%s|%s" % (environ["CONTENT_LENGTH"].encode(), body)]


def view_target(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [f"{environ['PATH_INFO']}|{environ['QUERY_STRING']}|{environ.get('HTTP_HOST')}".encode("latin-1")]


def view_header(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [f"{key}={environ[key]};".encode() for key in sorted(environ) if key.startswith("HTTP_X")]


def view_stream(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b""
    yield b"one"
    yield b""
    yield b"twenty bytes of data"


def view_no_yield(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield from ()


def view_no_content(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("204 No Content", [("Content-Length", "0")])
    return []


def view_not_modified(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("304 Not Modified", [("ETag", '"a"')])
    return [b"must not be sent"]


def view_not_modified_empty(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("304 Not Modified", [("Content-Length", "0")])
    return []


def view_reset(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("205 Reset Content", [("Content-Length", "5")])
    return [b"12345"]


def view_length_twice(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", "5"), ("content-length", "5")])
    return [b"12345"]


def view_length(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Length", environ["QUERY_STRING"])])
    return [b"12345"]


def view_close(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Connection", "close")])
    return [b"bye"]


def view_write(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    write = start_response("200 OK", [("Content-Length", "6")])
    write(b"abc")
    return [b"def"]


def view_own_fields(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Date", "Mon, 01 Jan 2001 00:00:00 GMT"), ("Server", "Own")])
    return [b"own"]


def view_file(environ: dict[str, Any], start_response: Any) -> Any:
    start_response("200 OK", [])
    return environ["wsgi.file_wrapper"](io.BytesIO(b"file"), 3)


GET = "GET {} HTTP/1.1\r\n" + HOST + "\r\n"
GET10 = "GET {} HTTP/1.0\r\n{}\r\n"
POST = "POST {} HTTP/1.1\r\n" + HOST + "{}\r\n{}"
CHUNKED = "Transfer-Encoding: chunked\r\n"


@dataclass(frozen=True)
class Row:
    name: str
    sent: str | bytes
    received: bytes

    @property
    def bytes_sent(self) -> bytes:
        return self.sent if isinstance(self.sent, bytes) else self.sent.encode("latin-1")


CLOSE = "Connection: close"
ROWS = [
    Row("one request", GET.format("/"), say(b"GET")),
    Row("keep-alive 1.1", GET.format("/") * 2, say(b"GET") * 2),
    Row("1.1 close", f"GET / HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n" * 2, say(b"GET", CLOSE)),
    Row("1.1 close among others", f"GET / HTTP/1.1\r\n{HOST}Connection: TE, Close\r\n\r\n" * 2, say(b"GET", CLOSE)),
    Row("1.0", GET10.format("/", HOST) * 2, say(b"GET", CLOSE)),
    Row("1.0 without Host", GET10.format("/", ""), say(b"GET", CLOSE)),
    Row(
        "1.0 keep-alive",
        GET10.format("/", "Connection: Keep-Alive\r\n") * 2,
        say(b"GET", "Connection: keep-alive") * 2,
    ),
    Row("a later minor version", f"GET / HTTP/1.7\r\n{HOST}\r\n", say(b"GET")),
    Row("empty lines before a request", "\r\n\r\n" + GET.format("/") + "\r\n" + GET.format("/"), say(b"GET") * 2),
    Row("an extension method", f"BREW / HTTP/1.1\r\n{HOST}\r\n", say(b"BREW")),
    Row("an upgrade is declined", GET.format("/")[:-2] + "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", say(b"GET")),
    # Bodies of requests.
    Row("a body", POST.format("/echo", "Content-Length: 3\r\n", "abc"), say(b"3|abc")),
    Row("no body", POST.format("/echo", "", ""), say(b"|")),
    Row("an empty body", POST.format("/echo", "Content-Length: 0\r\n", ""), say(b"0|")),
    Row(
        "pipelining in order, with bodies",
        POST.format("/echo", "Content-Length: 3\r\n", "abc")
        + POST.format("/echo", CHUNKED, "2\r\nde\r\n0\r\n\r\n")
        + GET.format("/stream")
        + POST.format("/echo", "Content-Length: 1\r\n", "f"),
        say(b"3|abc")
        + say(b"2|de")
        + response("200 OK", "Content-Type: text/plain", "Transfer-Encoding: chunked")
        + b"3\r\none\r\n14\r\ntwenty bytes of data\r\n0\r\n\r\n"
        + say(b"1|f"),
    ),
    Row(
        "an unread body", POST.format("/", "Content-Length: 3\r\n", "abc") + GET.format("/"), say(b"POST") + say(b"GET")
    ),
    Row(
        "a chunked body",
        POST.format("/echo", CHUNKED, '3\r\nabc\r\nA ; x="y"\r\n0123456789\r\n000\r\nX-T: 1\r\nX-U:\r\n\r\n'),
        say(b"13|abc0123456789"),
    ),
    Row("an empty chunked body", POST.format("/echo", CHUNKED, "0\r\n\r\n") * 2, say(b"0|") * 2),
    Row(
        "chunked in capitals",
        POST.format("/echo", "Transfer-Encoding: Chunked\r\n", "1\r\na\r\n0\r\n\r\n"),
        say(b"1|a"),
    ),
    # Targets.
    Row("a query", GET.format("/target?a=b&c=%20?"), say(b"/target|a=b&c=%20?|localhost")),
    Row("percent-encoding", GET.format("/target/%C3%A4%2F"), say(b"/target/\xc3\xa4/|" + b"|localhost")),
    Row("raw bytes", GET.format("/target/\xc3\xa4"), say(b"/target/\xc3\xa4||localhost")),
    Row("two slashes", GET.format("//target//a"), say(b"/target//a||localhost")),
    Row("absolute form", GET.format("http://127.0.0.1:80/target?x"), say(b"/target|x|127.0.0.1:80")),
    Row("asterisk form", f"OPTIONS * HTTP/1.1\r\n{HOST}\r\n", say(b"*||localhost")),
    Row("an encoded slash and query mark", GET.format("/target/a%2fb%3Fc%23"), say(b"/target/a/b?c#||localhost")),
    Row("a query of a question mark", GET.format("/target??"), say(b"/target|?|localhost")),
    Row("absolute form in 1.0", GET10.format("http://127.0.0.1/target", ""), say(b"/target||127.0.0.1", CLOSE)),
    Row("absolute form without path", GET.format("HTTP://127.0.0.1"), say(b"GET")),
    # Header fields.
    Row("repeated fields", GET.format("/header")[:-2] + "X-A: 1\r\nx-a:2\r\n\r\n", say(b"HTTP_X_A=1,2;")),
    Row("white space around a value", GET.format("/header")[:-2] + "X-A: \t 1 2 \t\r\n\r\n", say(b"HTTP_X_A=1 2;")),
    Row("an empty value", GET.format("/header")[:-2] + "X-A:\r\nX-B: \r\n\r\n", say(b"HTTP_X_A=;HTTP_X_B=;")),
    Row("underscores are dropped", GET.format("/header")[:-2] + "X_A: 1\r\nX-B_C: 2\r\n\r\n", say(b"")),
    Row(
        "underscored framing is dropped",
        POST.format("/echo", "Content_Length: 9\r\nTransfer_Encoding: x\r\n", ""),
        say(b"|"),
    ),
    # Bodies of responses.
    Row(
        "a stream to 1.1 is chunked",
        GET.format("/stream"),
        response("200 OK", "Content-Type: text/plain", "Transfer-Encoding: chunked")
        + b"3\r\none\r\n14\r\ntwenty bytes of data\r\n0\r\n\r\n",
    ),
    Row(
        "a stream to 1.0 ends with the connection",
        GET10.format("/stream", "Connection: keep-alive\r\n"),
        response("200 OK", "Content-Type: text/plain", CLOSE) + b"onetwenty bytes of data",
    ),
    Row("an iterable that yields nothing", GET.format("/no-yield") * 2, say(b"") * 2),
    Row("204", GET.format("/no-content") * 2, response("204 No Content") * 2),
    Row("304", GET.format("/not-modified") * 2, response("304 Not Modified", 'ETag: "a"') * 2),
    Row("304 of nothing", GET.format("/not-modified-empty") * 2, response("304 Not Modified") * 2),
    Row("205", GET.format("/reset") * 2, response("205 Reset Content", "Content-Length: 0") * 2),
    Row("HEAD", f"HEAD / HTTP/1.1\r\n{HOST}\r\n" * 2, response("200 OK") * 2),
    Row("HEAD of a length", f"HEAD /length?5 HTTP/1.1\r\n{HOST}\r\n" * 2, response("200 OK", "Content-Length: 5") * 2),
    Row("HEAD of an empty length", f"HEAD /length?0 HTTP/1.1\r\n{HOST}\r\n", response("200 OK")),
    Row(
        "HEAD of a stream",
        f"HEAD /stream HTTP/1.1\r\n{HOST}\r\n" * 2,
        response("200 OK", "Content-Type: text/plain") * 2,
    ),
    Row("its own length", GET.format("/length?5") * 2, say(b"12345") * 2),
    Row("its own length, twice", GET.format("/length-twice") * 2, say(b"12345") * 2),
    Row("more than its length", GET.format("/length?3") * 2, say(b"123") * 2),
    Row("less than its length", GET.format("/length?7") * 2, response("200 OK", "Content-Length: 7", body=b"12345")),
    Row("the application closes", GET.format("/close") * 2, say(b"bye", CLOSE)),
    Row("write()", GET.format("/write") * 2, say(b"abcdef") * 2),
    Row(
        "own Date and Server",
        GET.format("/own-fields"),
        b"HTTP/1.1 200 OK\r\nServer: Own\r\nContent-Length: 3\r\n\r\nown",
    ),
    Row(
        "a wrapped file that is not a plain one",
        GET.format("/file"),
        response("200 OK", "Transfer-Encoding: chunked") + b"3\r\nfil\r\n1\r\ne\r\n0\r\n\r\n",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("feeding", ["whole", "by bytes", "in two"])
def test_a_row(row: Row, feeding: str, serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    served = serve(application)
    data = row.bytes_sent
    if feeding == "whole":
        assert served.talk(data) == row.received
    elif feeding == "by bytes":
        assert served.talk(*[data[i : i + 1] for i in range(len(data))]) == row.received
    else:
        for position in range(1, len(data)):
            assert served.talk(data[:position], data[position:]) == row.received


TO_POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
REFUSED = [
    ("a length of zeros", f"POST / HTTP/1.1\r\n{HOST}Content-Length: {'0' * 5000}3\r\n\r\nabc".encode(), 400),
    ("bare LF", b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
    ("bare LF after the request line", b"GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400),
    ("bare LF between fields", b"GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n", 400),
    ("bare LF at the end", b"GET / HTTP/1.1\r\nHost: localhost\r\n\n", 400),
    ("bare CR in a value", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n", 400),
    ("NUL in a value", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n", 400),
    ("vertical tab in a value", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x0bb\r\n\r\n", 400),
    ("space before the colon", b"GET / HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n", 400),
    ("space in a name", b"GET / HTTP/1.1\r\nHost: localhost\r\nX Y: y\r\n\r\n", 400),
    ("no name", b"GET / HTTP/1.1\r\nHost: localhost\r\n: y\r\n\r\n", 400),
    ("no colon", b"GET / HTTP/1.1\r\nHost: localhost\r\nX\r\n\r\n", 400),
    ("a name of other bytes", b"GET / HTTP/1.1\r\nHost: localhost\r\nX\xc3\xa4: y\r\n\r\n", 400),
    ("obsolete folding", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n", 400),
    ("space before the first field", b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    ("no Host", b"GET / HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    ("two Hosts, absolute form", b"GET http://a/ HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
    ("a list as Host", b"GET / HTTP/1.1\r\nHost: localhost, localhost\r\n\r\n", 400),
    ("an empty Host", b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    ("a Host that is not allowed", b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400),
    ("another Host in the absolute form", b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("two spaces", b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("a space in the target", b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("a control byte in the target", b"GET /a\x01b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("a fragment in the target", b"GET /a#b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("no target", b"GET HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("HTTP/0.9", b"GET /\r\n\r\n", 400),
    ("a method that is none", b"G(T / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("asterisk form of another method", b"GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("a relative target", b"GET a/b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("another scheme", b"GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("CONNECT", b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
    ("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("HTTP/3", b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505),
    ("another protocol", b"GET / RTSP/1.0\r\nHost: localhost\r\n\r\n", 400),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    ("a long request line", b"GET /" + b"a" * 65_600, 414),
    ("a long request line with its end", b"GET /" + b"a" * 65_600 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414),
    ("many fields", b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 100 + b"\r\n", 431),
    ("a long head", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 131_100, 431),
    # Framing of bodies.
    ("length and coding", TO_POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("coding and length", TO_POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    ("two lengths", TO_POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    ("a list of lengths", TO_POST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    ("a signed length", TO_POST + b"Content-Length: +3\r\n\r\nabc", 400),
    ("a negative length", TO_POST + b"Content-Length: -3\r\n\r\nabc", 400),
    ("a length that is none", TO_POST + b"Content-Length: 3a\r\n\r\nabc", 400),
    ("a huge length", TO_POST + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    ("another coding", TO_POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ("a last coding that is not chunked", TO_POST + b"Transfer-Encoding: gzip\r\n\r\n", 400),
    ("chunked twice", TO_POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("a disguised coding", TO_POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n", 400),
    ("a coding in 1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
]  # fmt: skip
BROKEN_CHUNKS = {
    "not hexadecimal": b"x\r\n",
    "a sign": b"+1\r\na\r\n0\r\n\r\n",
    "a prefix": b"0x1\r\na\r\n0\r\n\r\n",
    "a space before the size": b" 1\r\na\r\n0\r\n\r\n",
    "a space after the size": b"1 \r\na\r\n0\r\n\r\n",
    "a huge size": b"11111111111111111\r\n",
    "bare LF after the size": b"1\na\r\n0\r\n\r\n",
    "bare CR in an extension": b"1;a\rb\r\na\r\n0\r\n\r\n",
    "bare LF after the data": b"1\r\na\n0\r\n\r\n",
    "longer than its size": b"1\r\nab\r\n0\r\n\r\n",
    "a long extension": b"1;" + b"a" * 5000,
    "a broken trailer": b"0\r\nX Y: z\r\n\r\n",
    "a folded trailer": b"0\r\nX: z\r\n a\r\n\r\n",
    "long trailers": b"0\r\n" + (b"X: " + b"y" * 4000 + b"\r\n") * 5,
}
REFUSED += [
    (f"chunks: {name}", b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + data, 400)
    for name, data in BROKEN_CHUNKS.items()
]


# Long ones by bytes are in the unit tests of the intake, in memory.
FED = [(*row, "whole") for row in REFUSED] + [(*row, "by bytes") for row in REFUSED if len(row[1]) < 3000]


def test_refused_in_two_at_every_position() -> None:
    """In memory; what only the host policy refuses is complete to the reader."""
    complete = set()
    for name, data, _ in REFUSED:
        if len(data) > 3000:
            continue
        whole = by_afresh([data])
        if whole.end is not End.REFUSED:
            complete.add(name)
        for position in range(1, len(data)):
            assert by_afresh([data[:position], data[position:]]) == whole, (name, position)
    assert complete == {"an empty Host", "a Host that is not allowed", "another Host in the absolute form"}


@pytest.mark.parametrize(("data", "status", "feeding"), [row[1:] for row in FED], ids=[f"{r[0]}, {r[3]}" for r in FED])
def test_refused(data: bytes, status: int, feeding: str, serve: Any) -> None:
    """One answer with the status, `Connection: close`, the end; nothing after it is taken for a request."""
    calls = []
    served = serve(lambda environ, start_response: calls.append(environ))
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
    pieces = [data[i : i + 1] for i in range(len(data))] if feeding == "by bytes" else [data]
    # The client keeps its side open: the refusal must not wait for more.
    answer = served.talk(*pieces, *([smuggled] if data.endswith(b"\r\n\r\n") else []), half_close=False)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert not calls
    entry = served.entry()
    assert entry.status == status
    assert entry.message
