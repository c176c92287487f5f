"""What code of the project sees of the process it runs in."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from afresh.testing.client import free_port
from afresh.testing.server import Server

from .differences import OPTIMIZED, ORIGINAL_COMMAND_LINE, Difference, Observation
from .normal import normal
from .sides import CHECKED, WARNED, Pair, Site, as_text, save

RUN = """\
import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
"""
PACKAGE = {
    "pkg/__init__.py": "",
    "pkg/__main__.py": "from pkg.run import main\n\nmain()\n",
    "pkg/run.py": RUN,
    "wrapper.py": "import runpy, sys\nsys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')\n",
}

COMMANDS = [
    pytest.param(("manage.py",), id="manage.py"),
    pytest.param(("./manage.py",), id="./manage.py"),
    pytest.param(("-m", "django"), id="-m django"),
    pytest.param(("-m", "pkg.run"), id="-m package.module"),
    pytest.param(("-m", "pkg"), id="-m package"),
    pytest.param(("{bin}/django-admin",), id="django-admin"),
    pytest.param(("-X", "dev", "-W", "error::UserWarning", "manage.py"), id="-X dev -W"),
    pytest.param(("-Xfrozen_modules=off", "-X", "utf8=1", "-u", "manage.py"), id="-X with values, -u"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_process_of_the_first_start(pair: Pair, command: tuple[str, ...]) -> None:
    typed = _typed(command)

    def scenario(site: Site) -> Observation:
        with site.serve(command=typed, env=_env(site), told=(WARNED, CHECKED)) as server:
            return _facts(server, site)

    seen = pair.compare(scenario, _as_typed(typed), files=PACKAGE)
    assert seen["main thread"] == '"MainThread"'
    assert '"RUN_MAIN": "true"' in seen["environment"]
    assert '"RUN_MAIN": "true"' in seen["at import"]


@pytest.mark.parametrize("command", [COMMANDS[0], COMMANDS[4], COMMANDS[6]])
def test_process_after_a_reload(pair: Pair, command: tuple[str, ...]) -> None:
    typed = _typed(command)

    def scenario(site: Site) -> Observation:
        # A port of its own: Django's runserver takes another one at each reload where the system chooses.
        with site.serve(command=(*typed[:-1], str(free_port())), env=_env(site), told=(WARNED, CHECKED)) as server:
            save(site, server, "app/views.py", 'WORD = "one"', 'WORD = "two"')
            assert server.get("/").text == "the word is two"
            return _facts(server, site)

    pair.compare(scenario, _as_typed((*typed[:-1], "PORT")), files=PACKAGE)


def test_optimize_flag_is_kept(pair: Pair) -> None:
    """`-O` reaches the process that serves; Django's reloader forgets it."""
    typed = _typed(("-O", "manage.py"))

    def scenario(site: Site) -> Observation:
        with site.serve(command=typed, env=_env(site), told=(WARNED, CHECKED)) as server:
            return {"flags": _facts(server, site)["flags"]}

    pair.compare(scenario, OPTIMIZED)


def _typed(command: tuple[str, ...]) -> tuple[str, ...]:
    return (sys.executable, *(part.format(bin=Path(sys.executable).parent) for part in command), "runserver", "0")


def _env(site: Site) -> dict[str, str]:
    path = f"{site.environment()['PYTHONPATH']}:{site.root}"
    return {"DJANGO_SETTINGS_MODULE": "proj.settings", "PYTHONPATH": path}


def _facts(server: Server, site: Site) -> Observation:
    facts = server.get("/facts/").json()
    del facts["pid"]
    return {name: normal(as_text(value), site.root, server.port) for name, value in facts.items()}


def _as_typed(command: tuple[str, ...]) -> Difference:
    return replace(ORIGINAL_COMMAND_LINE, instead=as_text(command))
