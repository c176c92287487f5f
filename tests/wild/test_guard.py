"""An error of Afresh's own does not reach the project, and does not pass in silence."""

import sys
from pathlib import Path

import pytest
from tests.django.sides import AFRESH

from afresh import guard
from afresh.testing.client import free_port

from .base import build

INJECTOR = """\
import os
import sys
from importlib.machinery import PathFinder

MODULE, FUNCTION = os.environ["FAULT"].split(":")


def fails(*_, **__):
    raise RuntimeError("injected")


class Injector:
    def find_spec(self, name, path=None, target=None):
        if name != MODULE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            setattr(module, FUNCTION, fails)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Injector())
"""
ENTRY = [
    "afresh.django.entry:_become_keeper",
    "afresh.django.entry:_spec",
    "afresh.django.entry:_consumed_so_far",
    "afresh.django.entry:_exec_keeper",
    "afresh.keeper.twin:in_loaded_modules",
]


@pytest.mark.parametrize("fault", ENTRY)
def test_where_the_entry_fails_djangos_own_server_runs(base: Path, tmp_path: Path, fault: str) -> None:
    project = build(tmp_path / "project", AFRESH, base)
    project.write({"faults/sitecustomize.py": INJECTOR})
    env = {"PYTHONPATH": str(project.root / "faults"), "FAULT": fault}
    with project.serve(command=project.site.command(str(free_port())), env=env) as served:
        assert served.get("/") == "b0c0|t0"
        told = served.told()
    assert told.count("Afresh failed at taking over from runserver (RuntimeError: injected") == 1
    assert "Django's own server runs" in told
    assert "Traceback" not in told


def test_it_is_said_once_and_the_answer_is_the_safe_one(capsys: pytest.CaptureFixture[str]) -> None:
    @guard.guarded("a test", guard.PLAIN, otherwise=5)
    def divide(by: int) -> int:
        return 1 // by

    assert [divide(1), divide(0), divide(0)] == [1, 5, 5]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Afresh failed at a test (ZeroDivisionError: ")
    assert __file__ in line
    assert line.endswith(f"): {guard.PLAIN}. Please report this.")


def test_what_ends_a_process_passes_by() -> None:
    with pytest.raises(SystemExit):
        guard.guarded("another test", guard.PLAIN)(sys.exit)(3)
