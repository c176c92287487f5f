"""Started by something else than a plain `python manage.py runserver`."""

import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest

from afresh.testing.client import free_port
from afresh.testing.running import started

from .differences import Observation
from .project import VIEWS
from .sides import CHECKED, SELF_TEST, WARNED, Pair, Site, save


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


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks) for name, (_, marks) in STARTERS.items()])
def test_start_answer_save_end(pair: Pair, name: str) -> None:
    def scenario(site: Site) -> Observation:
        values = {"python": sys.executable, "uv": _uv(), "listen": f"127.0.0.1:{free_port()}"}
        (site.root / "manage.py").chmod(0o755)
        command = tuple(part.format(**values) for part in STARTERS[name][0])
        with site.serve(command=(*command, "runserver", str(free_port())), told=(WARNED, CHECKED)) as server:
            first = server.get("/").text
            # Under a debugger reloading is left to Django, which is said.
            save(site, server, "app/views.py", '"one"', '"two"', polled=name == "debugpy")
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


@needs("coverage")
def test_coverage_of_views(pair: Pair) -> None:
    """`coverage run manage.py runserver --noreload` measures what the requests have run."""

    def scenario(site: Site) -> Observation:
        measured = (*site.python, "-m", "coverage", "run", "--source=app", "manage.py", "runserver", "--noreload", "0")
        with site.serve(command=measured) as server:
            server.get("/about/")
            status = server.stop()
        with started(
            (*site.python, "-m", "coverage", "json", "-o", "-"), cwd=site.root, env=site.environment()
        ) as report:
            lines = json.loads(report.out.wait_end().partition("\n")[0] or "{}")
        return {"status": str(status), "lines": str(lines["files"]["app/views.py"]["executed_lines"])}

    seen = pair.compare(scenario)
    about = 1 + VIEWS.splitlines().index("def about(request):")
    assert str(about + 1) in seen["lines"]


def _uv() -> str:
    return shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
