"""Every flag of runserver, its help, and what is refused."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from afresh.testing.client import Answer
from afresh.testing.deadline import PATIENCE
from afresh.testing.running import started
from afresh.testing.server import Server

from .differences import CHECKS_LATER, IMPORTED_ONCE, SERVER_FIELD, WATCHING, Observation
from .sides import CHECKED, WARNED, Pair, Site, visit


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("--help",), id="help"),
        pytest.param(("--version",), id="version"),
        pytest.param(("--port", "8000"), id="unknown flag"),
        pytest.param(("-6:8000",), id="flag glued to an address"),
        pytest.param(("8000", "8001"), id="too many arguments"),
        pytest.param(("--verbosity", "9"), id="impossible verbosity"),
        pytest.param(("--noreload", "localhost"), id="noreload and a bad address"),
        pytest.param(("--traceback", "localhost"), id="traceback of a CommandError"),
        pytest.param(("--settings", "proj.absent", "0"), id="absent settings"),
        pytest.param(("--no-color", "--force-color", "0"), id="colours on and off"),
    ],
)
def test_command_that_ends_by_itself(pair: Pair, arguments: tuple[str, ...]) -> None:
    def scenario(site: Site) -> Observation:
        return site.observe(site.run(*arguments))

    seen = pair.compare(scenario)
    assert seen["out"] or seen["err"]


def test_options_hold_without_reloading(pair: Pair) -> None:
    site = pair.other_site()
    with site.serve("0", "--noreload", env={"AFRESH_MAX_FIELDS": "3"}, told=(WARNED,)) as server:
        assert server.get("/", headers={f"X-{number}": "y" for number in range(4)}).status == 431


def test_afreshs_own_flags_hold_without_reloading(pair: Pair) -> None:
    site = pair.other_site()
    command = (*site.python, "-m", "afresh", "0", "--noreload", "--log", "json", "--max-fields=3")
    with site.serve(command=command, told=(WARNED,)) as server:
        assert server.get("/", headers={f"X-{number}": "y" for number in range(4)}).status == 431
        line = json.loads(server.err.wait_for(r"^\{.*\}$")[0])
        assert (line["kind"], line["target"], line["status"]) == ("request", "/", 431)


def test_a_flag_that_cannot_be_is_said_without_reloading(pair: Pair) -> None:
    site = pair.other_site()
    with started((*site.python, "-m", "afresh", "0", "--noreload", "--max-fields", "many"), cwd=site.root) as running:
        assert running.wait_exit() == 2
        assert "--max-fields many" in running.err.wait_end()


def test_verbosity_tells_more_of_requests_without_reloading(pair: Pair) -> None:
    site = pair.other_site()
    with site.serve("0", "--noreload", "-v", "2", told=(WARNED,)) as server:
        server.get("/about/")
        server.err.wait_for(r'"GET /about/ HTTP/1.1" 200 \d+ · \d+ ms · \d+ quer(y|ies)$')


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("--verbosity", "0"), (WARNED, CHECKED), id="verbosity 0"),
        pytest.param(("-v3",), (WARNED, CHECKED), id="verbosity 3"),
        pytest.param(("--traceback",), (WARNED, CHECKED), id="traceback"),
        pytest.param(("--no-color",), (WARNED, CHECKED), id="no-color"),
        pytest.param(("--force-color",), (WARNED, CHECKED), id="force-color"),
        pytest.param(("--settings=proj.other", "--pythonpath=more"), (WARNED, CHECKED), id="settings and pythonpath"),
    ],
)
def test_flag_that_changes_how_it_reads(pair: Pair, arguments: tuple[str, ...], told: tuple[str, ...]) -> None:
    files = {
        "proj/other.py": "from proj.settings import *\nimport extra\n",
        "more/extra.py": "print('extra is here')\n",
    }

    def scenario(site: Site) -> Observation:
        with site.serve("0", *arguments, told=told) as server:
            return site.observe(server, index=visit(server))

    rows = [CHECKS_LATER] if "--settings=proj.other" not in arguments else [CHECKS_LATER, IMPORTED_ONCE]
    pair.compare(scenario, WATCHING, SERVER_FIELD, *rows, files=files)


def test_skip_checks(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", "--skip-checks", told=(WARNED,)) as server:
            return site.observe(server, index=visit(server))

    seen = pair.compare(scenario, WATCHING, SERVER_FIELD)
    assert "checks" not in seen["out"]


STATIC = "/static/app/style.css"
STATIC_CASES = [
    # arguments, settings, whether the file is served
    ((), "", True),
    (("--nostatic",), "", False),
    (("--insecure",), "", True),
    ((), 'DEBUG = False\nALLOWED_HOSTS = ["*"]\n', False),
    (("--insecure",), 'DEBUG = False\nALLOWED_HOSTS = ["*"]\n', True),
    (("--insecure", "--nostatic"), 'DEBUG = False\nALLOWED_HOSTS = ["*"]\n', False),
]


@pytest.mark.parametrize(("arguments", "settings", "served"), STATIC_CASES)
def test_static_files(pair: Pair, arguments: tuple[str, ...], settings: str, served: bool) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", *arguments) as server:
            answer = visit(server, STATIC)
            return site.observe(server) | {"served": f"{answer.status} {answer.header('Content-Type')}"}

    rows = [CHECKS_LATER] if settings else [CHECKS_LATER, WATCHING]
    seen = pair.compare(scenario, *rows, settings=settings)
    assert seen["served"].startswith("200 text/css" if served else "404")
    assert ("StatReloader" in seen["err"]) == (not settings), "said through the console handler: only with DEBUG"


def test_noreload_is_one_process_that_never_reloads(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", "--noreload") as server:
            processes = len(server.running.alive())
            about, facts = visit(server, "/about/"), visit(server, "/facts/").json()
            told = site.observe(server, about=about)
            return told | {
                "processes": str(processes),
                "own process": str(facts["pid"] == server.running.pid),
                "RUN_MAIN": str(facts["environment"].get("RUN_MAIN")),
                "threads": f"{facts['main thread']} {facts['view on main thread']}",
            }

    seen = pair.compare(scenario, SERVER_FIELD)
    assert (seen["processes"], seen["own process"], seen["RUN_MAIN"], seen["status"]) == ("1", "True", "None", "0")


@pytest.mark.parametrize("arguments", [(), ("--noreload",)], ids=["reloading", "noreload"])
@pytest.mark.parametrize("threading", [True, False], ids=["threading", "nothreading"])
def test_requests_at_the_same_time(pair: Pair, threading: bool, arguments: tuple[str, ...]) -> None:
    """Two requests meet in a view with threads, and follow each other with `--nothreading`."""

    def scenario(site: Site) -> Observation:
        flags = arguments if threading else (*arguments, "--nothreading")
        with site.serve("0", *flags, told=(CHECKED,)) as server:
            # Who waits for nobody is not to wait long; who meets does not wait.
            path = f"/meet/?within={PATIENCE if threading else 0.5}"
            return {"met": " ".join(sorted(answer.text for answer in _two(server, path)))}

    seen = pair.compare(scenario)
    assert seen["met"] == ("together together" if threading else "alone alone")


def _two(server: Server, path: str) -> list[Answer]:
    with ThreadPoolExecutor(2) as pool:
        return [one.result() for one in [pool.submit(server.get, path) for _ in range(2)]]


@pytest.mark.parametrize("arguments", [("--nothreading",), ("--nothreading", "--noreload")], ids=" ".join)
def test_nothreading_closes_after_each_answer(pair: Pair, arguments: tuple[str, ...]) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", *arguments) as server:
            about, facts = visit(server, "/about/"), visit(server, "/facts/").json()
            # Django answers on the thread that takes Ctrl+C: it must be back at waiting, which the close shows.
            server.exchange(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return site.observe(server, about=about) | {"main thread": str(facts["view on main thread"])}

    rows = [] if "--noreload" in arguments else [WATCHING, CHECKS_LATER]
    seen = pair.compare(scenario, SERVER_FIELD, *rows)
    assert "Connection: close" in seen["answer about"]
    assert seen["main thread"] == str("--noreload" in arguments)


@pytest.mark.parametrize(("verbosity", "has_others"), [("1", None), ("2", False), ("3", True)])
def test_verbosity_lists_the_journal(pair: Pair, verbosity: str, has_others: bool | None) -> None:
    """`-v 2`: what the start consumed of the project; `-v 3`: of everybody else too."""
    _, site = pair.sites()
    with site.serve("0", "-v", verbosity, told=(WARNED, CHECKED)) as server:
        journal = re.findall(r"^journal: (\w+) (.*)$", server.err.text(), re.MULTILINE)
    project = [text for kind, text in journal if kind == "exec" and text.startswith("app.views ")]
    others = [text for kind, text in journal if kind == "exec" and text.startswith("django.")]
    assert project == ([] if has_others is None else ["app.views (app/views.py)"])
    assert bool(others) is bool(has_others)
