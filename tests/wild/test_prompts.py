"""Prompts that edit lines by themselves (ipdb, IPython): they set the terminal up, and nobody else may be there."""

import importlib.util
import os
import re
import signal
import termios
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from tests.process.served import until

from afresh.testing.client import Answer
from afresh.testing.deadline import Deadline

from .base import Project, Tried, edited

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ipdb") is None, reason="ipdb is not installed")

VIEWS = """
import os

from django.http import HttpResponse


def pid(request):
    return HttpResponse(str(os.getpid()))


def stop(request):
    answer = 41
    {prompt}
    return HttpResponse(f"the answer is {{answer}}")
"""
# How it is begun, what it shows, what ends it.
PROMPTS = {
    "ipdb": ("import ipdb; ipdb.set_trace()", r"ipdb>", "c"),
    "breakpoint": ("breakpoint()", r"ipdb>", "c"),
    "embed": ("import IPython; IPython.embed(colors='NoColor')", r"In \[\d+\]:", "exit"),
}
DRAIN = 0.5
"""Seconds after which who is not known to stand at a prompt is gone."""
ENV = {
    # Otherwise it asks the terminal where its cursor is, and nobody is there to say so.
    "PROMPT_TOOLKIT_NO_CPR": "1",
    "PYTHONBREAKPOINT": "ipdb.set_trace",
    "AFRESH_DRAIN": str(DRAIN),
}
HELD = r"A request stands in the debugger of the previous server \(pid (?P<pid>\d+)\)"


@pytest.fixture(params=PROMPTS)
def prompt(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    return PROMPTS[request.param]


@contextmanager
def in_terminal(project: Project, prompt: tuple[str, str, str]) -> Iterator[tuple[Tried, "Future[Answer]", int]]:
    """The project in a terminal, a request that stands at the prompt, and its process; Ctrl+C must end it all."""
    project.append("site1/views.py", VIEWS.format(prompt=prompt[0]))
    project.append("site1/urls.py", "urlpatterns += [path('pid/', views.pid), path('stop/', views.stop)]\n")
    with project.serve(terminal=True, env=ENV) as tried, ThreadPoolExecutor(1) as pool:
        assert tried.get("/") == "b0c0|t0"
        pid = int(tried.get("/pid/"))
        assert has_lines(tried)
        asked = pool.submit(tried.server.get, "/stop/")
        tried.server.out.wait_for(prompt[1])
        until(lambda: not has_lines(tried))
        yield tried, asked, pid


def has_lines(tried: Tried) -> bool:
    """Whether the terminal gives lines, shows what is typed, and turns Ctrl+C into a signal."""
    wanted = termios.ICANON | termios.ECHO | termios.ISIG
    flags: int = tried.running.terminal_modes()[3]
    return flags & wanted == wanted


def enter(tried: Tried, text: str, pattern: str) -> re.Match[str]:
    before = tried.server.out.here()
    tried.running.type(text + "\r")
    return tried.server.out.wait_for(pattern, after=before)


def test_a_prompt_outlives_reloads(project: Project, prompt: tuple[str, str, str]) -> None:
    with in_terminal(project, prompt) as (tried, asked, pid):
        number, over = 0, Deadline(4 * DRAIN)
        while number < 3 or not over.passed():
            number += 1
            before = tried.server.out.here()
            tried.save(edited("site1/views.py", f"'b{number - 1}'", f"'b{number}'"))
            assert tried.get("/") == f"b{number}c0|t0"
            tried.server.out.wait_for(rf"reload {number + 1} ", after=before)
        held = re.findall(HELD, tried.server.out.text())
        assert held == [str(pid)]
        assert not asked.done()
        enter(tried, "answer + 1", r"42")
        tried.running.type(prompt[2] + "\r")
        assert asked.result().text == "the answer is 41"
        until(lambda: has_lines(tried))


@pytest.mark.parametrize("is_replaced", [False, True], ids=["current", "replaced"])
def test_a_prompt_that_is_killed_gives_the_terminal_back(
    project: Project, prompt: tuple[str, str, str], is_replaced: bool
) -> None:
    with in_terminal(project, prompt) as (tried, asked, pid):
        if is_replaced:
            tried.save(edited("site1/views.py", "'b0'", "'b1'"))
            assert tried.get("/") == "b1c0|t0"
            tried.server.out.wait_for(HELD)
        os.kill(pid, signal.SIGKILL)
        assert asked.exception() is not None
        until(lambda: has_lines(tried))
        assert tried.get("/") == f"b{is_replaced:d}c0|t0"
