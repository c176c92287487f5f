"""The dashboard's WSGI application, without a process around it."""

import io
from typing import Any

import msgspec
import pytest

from afresh.channel import messages as msg
from afresh.dashboard.asking import Declined, Keeper
from afresh.dashboard.board import Board
from afresh.dashboard.guard import Secrets
from afresh.dashboard.routes import ROUTES, Route, find
from afresh.dashboard.site import Site

SECRETS = Secrets("the-token", "the-session", "afresh-8000")
OWN = "http://afresh.localhost:8000"
COOKIE = "afresh-8000=the-session"


class Client:
    """Calls the application as a server would; `asked` is what the keeper was asked, `answer` what it says."""

    def __init__(self) -> None:
        self.board = Board()
        self.asked: list[msg.Asked] = []
        self.error = ""
        self.keeper = Keeper(self._receive)
        self.site = Site(SECRETS, self.board, self.keeper)

    def _receive(self, message: msg.FromApp) -> None:
        assert isinstance(message, msg.Asked)
        self.asked.append(message)
        self.keeper.told(msg.Told(message.ticket, b'{"do', "", more=True))
        self.keeper.told(msg.Told(message.ticket, b'ne":1}', self.error))

    def __call__(
        self, path: str, method: str = "GET", body: bytes = b"", **fields: str
    ) -> tuple[int, dict[str, str], bytes]:
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": "afresh.localhost:8000",
            "HTTP_COOKIE": COOKIE,
            **fields,
        }
        told: list[Any] = []
        parts = self.site(environ, lambda *head: told.append(head) or (lambda _: None))  # type: ignore[func-returns-value]
        status, headers = told[0]
        return int(status[:3]), dict(headers), b"".join(parts)


@pytest.fixture
def client() -> Client:
    return Client()


def test_every_answer_carries_the_fields_that_keep_others_out(client: Client) -> None:
    for path, cookie, origin in (("/", COOKIE, OWN), ("/none", COOKIE, OWN), ("/", "", OWN), ("/", COOKIE, "null")):
        _, headers, _ = client(path, HTTP_COOKIE=cookie, HTTP_ORIGIN=origin)
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert not [name for name in headers if name.startswith("Access-Control")]


def test_the_link_sets_the_cookie_and_leaves_no_token_behind(client: Client) -> None:
    status, headers, _ = client("/requests/7?token=the-token&a=b", HTTP_COOKIE="")
    assert (status, headers["Location"]) == (303, "/requests/7?a=b")
    assert headers["Set-Cookie"] == "afresh-8000=the-session; Path=/; HttpOnly; SameSite=Strict"


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "///evil.example"])
def test_the_link_leads_to_no_other_host(client: Client, path: str) -> None:
    _, headers, _ = client(path + "?token=the-token")
    assert headers["Location"].startswith("/")
    assert not headers["Location"].startswith(("//", "/\\"))


def test_without_a_key_nothing_is_shown(client: Client) -> None:
    client.board.post([msg.News(1, "state", b'{"command": "secret"}')])
    for path in ("/", "/static/dashboard.js", "/stream", "/none"):
        status, _, body = client(path, HTTP_COOKIE="")
        assert status == 401
        assert b"secret" not in body
    assert client("/actions/reload", "POST", HTTP_COOKIE="", HTTP_ORIGIN=OWN)[0] == 401
    assert client.asked == []


def test_an_action_is_asked_for_and_its_answer_passed_on(client: Client) -> None:
    status, _, body = client("/actions/reload", "POST", b'{"a": 1}', HTTP_ORIGIN=OWN, HTTP_ACCEPT="application/json")
    assert (status, body) == (200, b'{"done":1}')
    assert [(asked.action, asked.data) for asked in client.asked] == [("reload", b'{"a":1}')]


def test_a_form_without_a_script_comes_back(client: Client) -> None:
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_ORIGIN": OWN}
    status, headers, _ = client("/actions/reload", "POST", b"next=/reloads&x=1", **form)
    assert (status, headers["Location"]) == (303, "/reloads")
    _, headers, _ = client("/actions/reload", "POST", b"next=//evil.example", **form)
    assert headers["Location"] == "/evil.example"
    _, headers, _ = client("/actions/reload", "POST", b"next=/a%0d%0aSet-Cookie:x", **form)
    assert "\n" not in headers["Location"]


def test_what_the_keeper_declines_is_said(client: Client) -> None:
    client.error = "Not now."
    status, _, body = client("/actions/reload", "POST", b"{}", HTTP_ORIGIN=OWN, HTTP_ACCEPT="application/json")
    assert (status, msgspec.json.decode(body)) == (409, {"error": "Not now."})


def test_bad_input_is_answered(client: Client) -> None:
    json = {"HTTP_ORIGIN": OWN, "HTTP_ACCEPT": "application/json"}
    assert client("/actions/reload", "POST", b"{", **json)[0] == 400
    assert client("/actions/reload", "POST", b"x" * (1 << 20) + b"y", **json)[0] == 413
    assert client("/stream?after=%C2%B2", "HEAD", HTTP_LAST_EVENT_ID="-1")[0] == 200
    assert client("/static/..%2fguard.py")[0] == 404
    assert client("/static/../guard.py")[0] == 404
    assert client("/actions/reload", "GET")[0] == 405


def test_a_view_that_fails_takes_nothing_along(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    client.board.post([msg.News(1, "state", b"no json")])
    assert client("/")[0] == 500
    assert "DecodeError" in capsys.readouterr().err
    assert client("/none")[0] == 404


def test_a_stream_goes_on_where_the_page_was_made(client: Client) -> None:
    client.board.post([msg.News(1, "state", b"1"), msg.News(2, "generation", b"2"), msg.News(3, "state", b"3")])
    client.board.end()
    _, headers, body = client("/stream?after=1")
    assert headers["Content-Type"] == "text/event-stream"
    assert body.endswith(b"id: 2\nevent: generation\ndata: 2\n\nid: 3\nevent: state\ndata: 3\n\n")
    assert b"data: 3" not in client("/stream?after=1&topics=generation")[2]
    assert b"data: 2" not in client("/stream?after=1", HTTP_LAST_EVENT_ID="2")[2]


def test_nobody_waits_for_ever_for_an_answer() -> None:
    with pytest.raises(Declined, match="no answer"):
        Keeper(lambda _: None).ask("reload", within=0.0)


def test_a_route_has_its_parameters_and_no_other_path() -> None:
    routes = (Route("GET", "/requests/{number}", ROUTES[0].view),)
    found = find("HEAD", "/requests/12", routes)
    assert isinstance(found, tuple)
    assert found[1] == {"number": "12"}
    for path in ("/requests/", "/requests/1/2", "/x/requests/1"):
        assert not isinstance(find("GET", path, routes), tuple)
