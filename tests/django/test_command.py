"""The `afresh` command beside an unchanged `manage.py`, against `manage.py runserver` of Django."""

import pytest

from afresh.testing.client import free_port
from afresh.testing.server import Server

from .differences import CHECKS_LATER, SERVER_FIELD, WATCHING, Difference, Observation
from .normal import normal
from .sides import Pair, Site, as_text, save, visit


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        pytest.param(("0",), (WATCHING, CHECKS_LATER), id="port 0"),
        pytest.param(("[::1]:0",), (WATCHING, CHECKS_LATER), id="[::1]"),
        pytest.param(("0", "--nothreading", "-v2"), (WATCHING, CHECKS_LATER), id="nothreading"),
        pytest.param(("0", "--noreload"), (), id="noreload"),
    ],
)
def test_output_and_answers(pair_of_commands: Pair, arguments: tuple[str, ...], rows: tuple[Difference, ...]) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve(*arguments) as server:
            index, static = visit(server), visit(server, "/static/app/style.css")
            server.exchange(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return site.observe(server, index=index) | {"static": f"{static.status} {static.text}"}

    seen = pair_of_commands.compare(scenario, SERVER_FIELD, *rows)
    assert seen["status"] == "0"


@pytest.mark.parametrize("arguments", [("localhost",), ("--port", "1"), ("-6", "1.2.3.4:80")], ids=" ".join)
def test_refusals(pair_of_commands: Pair, arguments: tuple[str, ...]) -> None:
    seen = pair_of_commands.compare(lambda site: site.observe(site.run(*arguments)))
    assert seen["status"] != "0"


def test_process_as_the_project_sees_it(pair_of_commands: Pair) -> None:
    """As if `manage.py runserver` had been typed, in the first process and after a reload."""

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port())) as server:
            first = _facts(site, server)
            save(site, server, "app/views.py", '"one"', '"two"')
            return {"first": first, "after a reload": _facts(site, server), "word": server.get("/").text}

    seen = pair_of_commands.compare(scenario)
    assert seen["word"] == "the word is two"


def _facts(site: Site, server: Server) -> str:
    facts = server.get("/facts/").json()
    del facts["pid"]
    return normal(as_text(facts), site.root, server.port)


BROKEN = {
    "settings": ("proj/settings.py", "DEBUG = True", "DEBUG = absent_name", "name 'absent_name' is not defined"),
    "manage.py": ("manage.py", "def main():", "def main(:", "SyntaxError"),
    "wsgi.py": ("proj/wsgi.py", "import os", "import os, absent_module", "absent_module"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_at_the_first_start_is_shown_and_recovers(pair_of_commands: Pair, name: str) -> None:
    """`manage.py runserver` ends here, before anything of Afresh exists."""
    file, right, wrong, message = BROKEN[name]
    site = pair_of_commands.other_site()
    path = site.root / file
    sound = path.read_text()
    path.write_text(sound.replace(right, wrong))
    port = free_port()
    with site.start(str(port)) as running:
        server = Server(running, "127.0.0.1", port)
        running.err.wait_for(message)
        page = server.get("/")
        path.write_text(sound)
        word = server.get("/").text
        status = server.stop()
    assert (page.status, word, status) == (500, "the word is one", 0)
    assert message in page.text


def test_debug_false_without_hosts_is_refused(pair_of_commands: Pair) -> None:
    seen = pair_of_commands.compare(lambda site: site.observe(site.run("0")), settings="DEBUG = False\n")
    assert seen["err"] == "CommandError: You must set settings.ALLOWED_HOSTS if DEBUG is False.\n"
