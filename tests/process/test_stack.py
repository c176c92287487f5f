"""No call of a project's is slow for how deep in the interpreter's stack it is: at the start, and in requests.

Counted in page faults: a piece of the stack that is mapped anew is touched anew.
"""

import inspect
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from afresh.stack import roomy
from afresh.testing.edits import write
from afresh.testing.server import started_server

CALLS = 1000


def worst() -> int:
    """The most page faults that a thousand calls of a function cost, of 300 depths."""
    return max(_faults_below(depth) for depth in range(300))


def _faults_below(depth: int) -> int:
    if depth:
        return _faults_below(depth - 1)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for _ in range(CALLS):
        _nothing()
    return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before


def _nothing() -> None:
    # A frame longer than that of its caller: at one of the depths it does not fit.
    a = b = c = d = e = f = g = h = i = j = k = m = n = p = q = r = None  # noqa: F841


MEASURE = f"""\
import resource

CALLS = {CALLS}
{inspect.getsource(worst)}
{inspect.getsource(_faults_below)}
{inspect.getsource(_nothing)}
AT_THE_START = worst()
"""
APPLICATION = f"""\
{MEASURE}

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{{AT_THE_START}} {{worst()}}".encode()]
"""


def test_there_is_an_edge() -> None:
    """Where this fails, the interpreter keeps its pieces, as from 3.14 on: `roomy` can go with the versions before."""
    assert (_in_a_thread(worst) >= CALLS) == (sys.version_info < (3, 14))


def test_there_is_none_in_a_room() -> None:
    assert _in_a_thread(roomy(lambda: worst())) < CALLS // 10


def _in_a_thread(measure: Callable[[], int]) -> int:
    """With a stack of its own, whatever this one is like."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(measure).result()


def test_there_is_none_for_a_project(tmp_path: Path) -> None:
    write(tmp_path / "deep.py", APPLICATION)
    with started_server([sys.executable, "-m", "afresh", "deep:app", "0"], cwd=tmp_path) as server:
        for _ in range(2):
            at_the_start, in_a_request = map(int, server.get("/").text.split())
            assert at_the_start < CALLS // 10
            assert in_a_request < CALLS // 10
