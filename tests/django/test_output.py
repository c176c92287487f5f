"""What is printed: banner, warning, access log, colours, migrations."""

import pytest

from .differences import CHECKS_LATER, SERVER_FIELD, WATCHING, WATCHING_IN_ANY_FORMAT, Observation
from .normal import normal
from .sides import CHECKED, WARNED, Pair, Site, visit

UNAPPLIED = r"Run 'python manage\.py migrate' to apply them\."
AUTH = "INSTALLED_APPS += ['django.contrib.contenttypes', 'django.contrib.auth']\n"


@pytest.mark.parametrize(
    ("value", "warned"), [("true", False), ("True", True), ("1", True), ("", True)], ids=["true", "True", "1", "empty"]
)
def test_warning_is_hidden_by_exactly_true(pair: Pair, value: str, warned: bool) -> None:
    def scenario(site: Site) -> Observation:
        env = {"DJANGO_RUNSERVER_HIDE_WARNING": value}
        # The banner ends with an empty line, which Django writes by itself.
        with site.serve("0", env=env, told=(WARNED if warned else r"CONTROL-C\.\n\n", CHECKED)) as server:
            return site.observe(server)

    seen = pair.compare(scenario, WATCHING, CHECKS_LATER)
    assert ("WARNING: This is a development server." in seen["out"]) == warned


def test_unapplied_migrations(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(WARNED, UNAPPLIED)) as server:
            return site.observe(server)

    seen = pair.compare(scenario, WATCHING, CHECKS_LATER, settings=AUTH)
    assert "unapplied migration(s). Your project may not work properly" in seen["out"]
    assert "for app(s): auth, contenttypes." in seen["out"]


def test_warning_of_a_check_is_printed_and_does_not_stop(pair: Pair) -> None:
    """A warning goes to standard error; the page is served."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(WARNED,)) as server:
            server.err.wait_for(r"identified 1 issue")
            return site.observe(server, index=visit(server))

    seen = pair.compare(
        scenario, WATCHING, CHECKS_LATER, SERVER_FIELD, settings='STATICFILES_DIRS = [BASE_DIR / "absent"]\n'
    )
    assert "staticfiles.W004" in seen["err"]


ACCESS = [
    *("/", "/about/?q=1&%C3%BC", "/about", "/absent/", "/static/app/style.css", "/static/absent.css", "/stream/"),
    *(f"/status/{code}/" for code in (204, 302, 304, 400, 404, 418, 500, 503)),
]


def test_access_log_lines(pair: Pair) -> None:
    """One line per request: method, target, version, status, size of the body; Django's own loggers beside it."""

    def scenario(site: Site) -> Observation:
        with site.serve("0") as server:
            for target in ACCESS:
                visit(server, target)
            for method in ("HEAD", "POST", "OPTIONS", "DELETE", "BREW"):
                visit(server, "/about/", method=method)
            return site.observe(server)

    seen = pair.compare(scenario, WATCHING, CHECKS_LATER)
    assert '[TIME] "GET / HTTP/1.1" 200 15' in seen["err"]
    assert '[TIME] "HEAD /about/ HTTP/1.1" 200 0' in seen["err"]


COLOURS = [
    pytest.param({}, (), True, id="default palette"),
    pytest.param({"DJANGO_COLORS": "light"}, (), True, id="light"),
    pytest.param({"DJANGO_COLORS": "nocolor"}, (), False, id="nocolor"),
    pytest.param({"DJANGO_COLORS": "dark;http_success=blue,bold;http_redirect=red/yellow"}, (), True, id="roles"),
    pytest.param({"NO_COLOR": "1"}, (), True, id="NO_COLOR is not read"),
    pytest.param({}, ("--no-color",), False, id="no-color"),
    pytest.param({}, ("--force-color",), True, id="force-color"),
]


@pytest.mark.parametrize(("env", "arguments", "coloured"), COLOURS)
def test_colours_on_a_terminal(pair: Pair, env: dict[str, str], arguments: tuple[str, ...], coloured: bool) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", *arguments, env=env, terminal=True, told=(WARNED, UNAPPLIED + r".*\n")) as server:
            before = server.out.here()
            for target in ("/", "/status/302/", "/status/304/", "/status/404/", "/status/418/", "/status/503/"):
                visit(server, target)
            status = server.stop()
            whole = server.out.wait_end()
            return {
                "status": str(status),
                "out": normal(whole[:before], site.root, server.port),
                "log": normal(whole[before:], site.root, server.port).replace("^C", ""),
            }

    seen = pair.compare(scenario, CHECKS_LATER, WATCHING, settings=AUTH)
    assert ("\x1b[" in seen["log"]) == coloured


def test_terminal_is_left_with_a_new_line(pair: Pair) -> None:
    """After Ctrl+C the terminal echoes `^C`; neither server adds a traceback."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", terminal=True) as server:
            before = server.out.here()
            status = server.stop()
            return {"status": str(status), "last": server.out.wait_end()[before:]}

    seen = pair.compare(scenario)
    assert seen == {"status": "0", "last": "^C"}


@pytest.mark.parametrize("arguments", [(), ("--noreload",)], ids=["reloading", "noreload"])
def test_output_without_a_console_handler(pair: Pair, arguments: tuple[str, ...]) -> None:
    """A project that configures logging by itself: its formats and levels count."""
    logging = """
import logging

def short():
    return logging.Formatter("%(name)s|%(levelname)s|%(status_code)s|%(message)s", defaults={"status_code": "-"})

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "short": {"()": short},
    },
    "handlers": {"short": {"class": "logging.StreamHandler", "formatter": "short"}},
    "loggers": {
        "django.server": {"handlers": ["short"], "level": "WARNING", "propagate": False},
        "django": {"handlers": ["short"], "level": "INFO"},
    },
}
"""

    def scenario(site: Site) -> Observation:
        with site.serve("0", *arguments) as server:
            server.get("/about/")
            server.get("/status/503/")
            server.err.wait_for(r"django\.server\|ERROR")
            return site.observe(server)

    rows = [] if arguments else [CHECKS_LATER, WATCHING_IN_ANY_FORMAT]
    seen = pair.compare(scenario, *rows, settings=logging)
    assert 'django.server|ERROR|503|"GET /status/503/ HTTP/1.1" 503 1' in seen["err"]
    assert "/about/" not in seen["err"]


def test_verbose_lines_of_requests(pair: Pair) -> None:
    """`-v 2` adds how long a request took and how many queries it sent."""
    site = pair.other_site()
    with site.serve("0", "-v", "2") as server:
        server.get("/")
        server.err.wait_for(r'"GET / HTTP/1\.1" 200 \d+ · \d+ ms · \d+ quer(?:y|ies)\n')
