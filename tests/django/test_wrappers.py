"""Started by something else than a plain `python manage.py runserver`."""

import importlib.util
import json
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from afresh.testing.client import free_port
from afresh.testing.running import started

from .differences import Observation
from .normal import normal
from .project import VIEWS
from .sides import CHECKED, SELF_TEST, WARNED, Pair, Site, save

ABOUT = 2 + VIEWS.splitlines().index("def about(request):")
INDEX = 2 + VIEWS.splitlines().index("def index(request):")


def needs(module: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(importlib.util.find_spec(module) is None, reason=f"{module} is not installed")


RUNPY = """\
import runpy, sys
sys.argv = ["manage.py", *sys.argv[1:]]
runpy.run_path("manage.py", run_name="__main__")
"""
STARTERS: dict[str, tuple[tuple[str, ...], pytest.MarkDecorator | tuple[()]]] = {
    "strict and optimized": (("{python}", "-X", "dev", "-W", "error", "-O", "manage.py"), ()),
    "coverage": (
        ("{python}", "-m", "coverage", "run", "--parallel-mode", "--source=app", "manage.py"),
        needs("coverage"),
    ),
    "uv": (("{uv}", "run", "--no-project", "--offline", "--python", "{python}", "manage.py"), needs("uv")),
    "debugpy": (
        ("{python}", "-Xfrozen_modules=off", "-m", "debugpy", "--listen", "{listen}", "manage.py"),
        needs("debugpy"),
    ),
    "executable script": (("./manage.py",), ()),
    "runpy": (("{python}", "-c", RUNPY), ()),
}


def test_a_script_that_prepares_and_ends_in_exec(pair: Pair) -> None:
    """The process is older than what it has prepared, and that is no change: the project is loaded once."""
    site = pair.other_site()
    script = 'touch proj/settings.py; exec "$0" "$@"'
    command = ("sh", "-c", script, sys.executable, "manage.py", "runserver", str(free_port()))
    with site.serve(command=command) as server:
        assert server.get("/").text == "the word is one"
        server.err.wait_for('"GET / ')
        assert "reload " not in server.err.text()


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks) for name, (_, marks) in STARTERS.items()])
def test_start_answer_save_end(pair: Pair, name: str) -> None:
    def scenario(site: Site) -> Observation:
        values = {"python": sys.executable, "uv": _uv(), "listen": f"127.0.0.1:{free_port()}"}
        (site.root / "manage.py").chmod(0o755)
        command = tuple(part.format(**values) for part in STARTERS[name][0])
        with site.serve(command=(*command, "runserver", str(free_port())), told=(WARNED, CHECKED)) as server:
            first = server.get("/").text
            save(site, server, "app/views.py", '"one"', '"two"')
            second, facts = server.get("/").text, server.get("/facts/").json()
            status = server.stop()
            return {
                "words": f"{first}, {second}",
                "argv": str(
                    facts["argv"][:2] == ["manage.py", "runserver"] or facts["argv"][:2] == ["./manage.py", "runserver"]
                ),
                "status": str(status),
            }

    django, other = pair.both(scenario)
    assert django["words"] == "the word is one, the word is two"
    assert django["argv"] == "True"
    assert django["status"] == "0" or name == "uv", "uv reports an interrupt in its own way"
    if not SELF_TEST:
        for fact in ("words", "argv", *(() if name == "uv" else ("status",))):
            assert other[fact] == django[fact]


@needs("debugpy")
def test_a_server_that_is_killed_under_a_debugger_is_replaced(pair: Pair) -> None:
    site = pair.other_site()
    values = {"python": sys.executable, "listen": f"127.0.0.1:{free_port()}"}
    command = tuple(part.format(**values) for part in STARTERS["debugpy"][0])
    with site.serve(command=(*command, "runserver", str(free_port())), told=(WARNED, CHECKED)) as server:
        killed = server.get("/facts/").json()["pid"]
        os.kill(killed, signal.SIGKILL)
        assert server.get("/facts/").json()["pid"] != killed
        assert server.stop() == 0


@needs("coverage")
def test_coverage_of_views(pair: Pair) -> None:
    """`coverage run manage.py runserver --noreload` measures what the requests have run."""

    def scenario(site: Site) -> Observation:
        measured = (*site.python, "-m", "coverage", "run", "--source=app", "manage.py", "runserver", "--noreload", "0")
        with site.serve(command=measured) as server:
            server.get("/about/")
            status = server.stop()
        (measured_lines,) = _measured(site)
        return {"status": str(status), "lines": str(measured_lines["app/views.py"])}

    seen = pair.compare(scenario)
    assert str(ABOUT) in seen["lines"]


@needs("coverage")
@pytest.mark.parametrize("options", [(), ("--parallel-mode",)], ids=["one file", "parallel mode"])
def test_coverage_with_reloading(pair: Pair, options: tuple[str, ...]) -> None:
    """Django's reloader lets the parent be measured, which has only loaded; Afresh's processes measure all they run."""
    results: dict[str, list[dict[str, list[int]]]] = {}

    def scenario(site: Site) -> Observation:
        measured = (*site.python, "-m", "coverage", "run", "--source=app,proj", *options)
        with site.serve(command=(*measured, "manage.py", "runserver", str(free_port()))) as server:
            server.get("/about/")
            save(site, server, "app/views.py", '"one"', '"two"')
            words = server.get("/").text
            status = server.stop()
        results[site.peer.name] = _measured(site)
        return {"words": words, "status": str(status), "err": normal(server.err.text(), site.root, server.port)}

    django, other = pair.both(scenario)
    assert django["words"] == "the word is two"
    assert django["status"] == "0"
    if SELF_TEST:
        return
    assert (other["words"], other["status"]) == (django["words"], django["status"])
    assert "while it was starting" not in other["err"]
    (loaded,) = results["django"]
    for process in results["afresh"]:
        missing = {file: set(lines) - set(process[file]) for file, lines in loaded.items() if lines}
        assert not any(missing.values())
    views = sorted([line for line in (ABOUT, INDEX) if line in one["app/views.py"]] for one in results["afresh"])
    # One process of each version has answered; a single file is that of the last one.
    assert views == ([[INDEX], [ABOUT]] if options else [[INDEX]])


def _measured(site: Site) -> list[dict[str, list[int]]]:
    """The lines of each file that ran, for each file of data that coverage has left."""
    found = []
    for data in sorted(site.root.glob(".coverage*")):
        command = (*site.python, "-m", "coverage", "json", "--data-file", data.name, "-o", "-")
        with started(command, cwd=site.root, env=site.environment()) as report:
            told = json.loads(report.out.wait_end().partition("\n")[0])
        found.append({name: file["executed_lines"] for name, file in told["files"].items()})
    return found


def _uv() -> str:
    return shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
