"""The dashboard of a real server, asked by hand: who gets in, what it survives, how it ends."""

import json
import re
import signal
import socket
import sys
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest

from afresh.testing.client import Answer, fetch, free_port
from afresh.testing.edits import edit
from afresh.testing.processes import kill, wait_gone
from afresh.testing.server import started_server

from .served import APPLICATION, COMMAND, Served, is_living, served, until

FILES = {"application.py": APPLICATION.format(modules="os", answer="'one'")}
LINK = r"^Dashboard: (?P<link>http://(?P<host>[^/:]+|\[.*\]):(?P<port>\d+)/)\?token=(?P<token>\S+)\n"


class Dashboard:
    """The dashboard as a client that was given the link."""

    def __init__(self, project: Served) -> None:
        self.project = project
        self.token = project.server.err.wait_for(LINK)["token"]
        self.host = f"afresh.localhost:{project.server.port}"
        entered = self.ask(f"/?token={self.token}", cookie="")
        assert (entered.status, entered.header("Location")) == (303, "/")
        self.cookie = (entered.header("Set-Cookie") or "").partition(";")[0]

    def ask(self, path: str, *, method: str = "GET", cookie: str | None = None, **fields: str) -> Answer:
        headers = {"Host": self.host, "Cookie": self.cookie if cookie is None else cookie}
        headers |= {name.replace("_", "-"): value for name, value in fields.items()}
        return self.project.server.get(path, method=method, headers=headers)

    def is_open(self) -> bool:
        """Whether it answers: a connection that it had when it ended is closed."""
        try:
            return self.ask("/").status == 200
        except (OSError, HTTPException):
            return False

    def process(self) -> int:
        """Its process: the one that does not run the project."""
        found = [one.pid for one in self.project.running.alive() if "afresh.dashboard" in " ".join(one.command)]
        assert len(found) == 1
        return found[0]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, FILES) as project:
        yield project


@pytest.fixture
def dashboard(project: Served) -> Dashboard:
    return Dashboard(project)


def test_the_link_opens_it_and_nothing_else_does(dashboard: Dashboard) -> None:
    assert dashboard.ask("/").status == 200
    assert dashboard.ask("/", cookie="").status == 401
    assert dashboard.ask("/?token=guess").status == 401
    assert dashboard.ask("/", Origin="http://127.0.0.1").status == 403
    assert dashboard.project.get() == "one"


def test_it_sees_a_reload_and_survives_it(dashboard: Dashboard) -> None:
    process = dashboard.process()
    with socket.create_connection(dashboard.project.server.address) as stream:
        lines = stream.makefile("rb")
        head = f"GET /stream?topics=generation HTTP/1.1\r\nHost: {dashboard.host}\r\nCookie: {dashboard.cookie}\r\n\r\n"
        stream.sendall(head.encode())
        assert lines.readline().startswith(b"HTTP/1.1 200 ")
        assert dashboard.project.edit("application.py", "'one'", "'two'").generation == 2
        assert any(b'"number":2' in line for line in lines)
    assert dashboard.process() == process
    assert "generation 2" in dashboard.ask("/").text


@pytest.mark.parametrize("path", ["/routes", "/settings", "/checks"])
def test_what_an_application_without_django_does_not_have_is_declined(dashboard: Dashboard, path: str) -> None:
    page = dashboard.ask(path).text
    assert "This is a WSGI application" in page
    assert "have not ended yet" not in page
    assert 'action="/actions/migrate"' not in page


def test_it_answers_while_the_code_is_broken(dashboard: Dashboard) -> None:
    (dashboard.project.root / "application.py").write_text("broken(")
    assert dashboard.project.ask().status == 500
    assert dashboard.ask("/").status == 200


def test_an_action_is_done_for_its_own_page_alone(dashboard: Dashboard) -> None:
    told = dashboard.project.server.err.here()
    own = f"http://{dashboard.host}"
    for fields in (
        {},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": own, "Sec_Fetch_Site": "same-site"},
    ):
        assert dashboard.ask("/actions/reload", method="POST", **fields).status == 403
    assert dashboard.ask("/actions/reload", method="POST", cookie="", Origin=own).status == 401
    assert dashboard.ask("/actions/reload").status == 405
    assert dashboard.project.get() == "one"
    assert "reload 2" not in dashboard.project.server.err.text()[told:]
    assert dashboard.ask("/actions/reload", method="POST", Origin=own).status == 303
    dashboard.project.server.err.wait_for("^reload 2 ", after=told)


def test_one_that_is_killed_is_replaced_at_the_next_request(dashboard: Dashboard) -> None:
    process = dashboard.process()
    kill(process, signal.SIGKILL)
    wait_gone(process, 10)
    until(lambda: dashboard.is_open())
    assert dashboard.process() != process
    assert dashboard.project.get() == "one"


def test_nothing_of_it_is_left_at_the_end(dashboard: Dashboard) -> None:
    process = dashboard.process()
    assert dashboard.project.server.stop() == 0
    assert not is_living(process)


def test_it_ends_with_a_keeper_that_is_killed(dashboard: Dashboard) -> None:
    process = dashboard.process()
    kill(dashboard.project.keeper(), signal.SIGKILL)
    assert wait_gone(process, 10)


def test_before_anybody_asks_there_is_no_process_of_it(project: Served) -> None:
    project.get()
    assert not [one for one in project.running.alive() if "afresh.dashboard" in " ".join(one.command)]
    answer = project.server.get("/__afresh__/nothing")
    assert answer.status == 404
    assert not [one for one in project.running.alive() if "afresh.dashboard" in " ".join(one.command)]


def test_an_address_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(FILES["application.py"])
    port = free_port()
    command = (sys.executable, *COMMAND, f"--dashboard-addr=127.0.0.1:{port}")
    with started_server(command, cwd=tmp_path) as server:
        link = server.err.wait_for(LINK)
        assert (link["host"], int(link["port"])) == ("127.0.0.1", port)
        assert fetch(("127.0.0.1", port), "/").status == 401
        assert fetch(("127.0.0.1", port), "/", headers={"Host": "evil.example"}).status == 400
        assert fetch(("127.0.0.1", port), f"/?token={link['token']}").status == 303
        assert server.stop() == 0


def test_an_address_that_cannot_be_bound_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(FILES["application.py"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = (sys.executable, *COMMAND, f"--dashboard-addr={taken.getsockname()[1]}")
        with started_server(command, cwd=tmp_path) as server:
            server.err.wait_for("the dashboard has no address of its own: .* cannot be bound")
            assert server.get("/").text == "one"


def test_the_key_is_another_at_each_start(tmp_path: Path) -> None:
    """CVE-2019-5420: a development secret that could be guessed."""
    tokens = set()
    for name in ("a", "b"):
        with served(tmp_path / name, FILES) as project:
            tokens.add(Dashboard(project).token)
    assert len(tokens) == 2
    assert all(re.fullmatch(r"[0-9a-f]{40}", token) for token in tokens)


def test_lines_for_machines(tmp_path: Path) -> None:
    (tmp_path / "application.py").write_text(FILES["application.py"])
    with started_server((sys.executable, *COMMAND, "--log=json"), cwd=tmp_path) as server:
        server.get("/a?b=c")
        told = json.loads(server.err.wait_for(r"^(\{.*\"kind\":\"request\".*\})\n")[1])
        assert (told["method"], told["target"], told["status"], told["bytes"]) == ("GET", "/a?b=c", 200, 3)
        said = json.loads(server.err.wait_for(r"^(\{.*Dashboard: .*\})\n")[1])
        assert said["kind"] == "server"


def test_a_reload_and_a_failure_are_one_object_each_for_machines(tmp_path: Path) -> None:
    file = tmp_path / "application.py"
    file.write_text(FILES["application.py"])
    with started_server((sys.executable, *COMMAND, "--log=json"), cwd=tmp_path) as server:
        server.get("/")
        edit(file, "'one'", "'two'")
        server.get("/")
        reload = json.loads(server.err.wait_for(r"^(\{.*\"kind\": \"reload\".*\})\n")[1])
        assert set(reload) == {"time", "kind", "generation", "way", "place", "reason", "modules", "milliseconds"}
        assert reload["generation"] == 2
        assert reload["way"] == ("patch" if sys.version_info >= (3, 12) else "resume")
        assert reload["place"].startswith("application.py")
        assert reload["milliseconds"] > 0
        edit(file, "'two'", "three")
        file.write_text(file.read_text() + "\nraise ValueError('<\x1b[31m>')\n")
        assert server.get("/").status == 500
        failure = json.loads(server.err.wait_for(r"^(\{.*\"kind\": \"failure\".*\})\n")[1])
        assert set(failure) == {"time", "kind", "generation", "reason", "title", "place", "advice", "text"}
        assert (failure["reason"], failure["title"]) == ("error", "ValueError: <\x1b[31m>")
        assert failure["place"] == f"{file}:7"
        assert "Traceback" in failure["text"]
        assert all(json.loads(line)["kind"] for line in server.err.text().splitlines())
        assert "\x1b" not in server.err.text()
