"""Reload after reload leaves nothing behind: no process, no descriptor, no memory."""

import os
import re
import select
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench.processes import proportional_set_size

from afresh.testing.deadline import Deadline
from afresh.testing.edits import write_and_rename
from afresh.testing.running import Running
from afresh.testing.server import started_server

APPLICATION = """\
from words import WORD

def body():
    return "body {body}"

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{{body()}}, {{WORD}}".encode()]
"""
WORDS = 'WORD = "word {word}"\n'

RELOADS = int(os.environ.get("AFRESH_SOAK_RELOADS", "100"))
ROUND = RELOADS // 5
QUIET = 1.0
"""Seconds in which no process ends or begins: standbys are forked, old servers are gone."""


@dataclass(frozen=True)
class Weight:
    """What a server holds: processes, open descriptors of all of them, and bytes in proportion."""

    processes: int
    descriptors: int
    memory: int


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_reloads_leave_nothing_behind(tmp_path: Path) -> None:
    """`scripts/test-storm` makes it 1,000 reloads."""
    texts = {"body": 0, "word": 0}
    _save(tmp_path, texts)
    weights: list[Weight] = []
    # Functions can be exchanged right after any other edit, at whatever speed they follow one another.
    environment = {**os.environ, "AFRESH_SERVE_FIRST": "0"}
    command = [sys.executable, "-m", "afresh", "application:app", "0"]
    with started_server(command, cwd=tmp_path, env=environment) as server:
        for number in range(1, RELOADS + 1):
            # Every round ends with the inside of a function, so that all of them are weighed in the same state.
            texts["word" if number % 3 == 0 and number % ROUND else "body"] = number
            _save(tmp_path, texts)
            assert server.get("/").text == f"body {texts['body']}, word {texts['word']}"
            if number % ROUND == 0:
                weights.append(_weighed(server.running))
        ways = Counter(re.findall(r"^reload \d+ · (\w+) · ", server.err.text(), re.MULTILINE))
        assert server.stop() == 0
    assert ways["resume"] > RELOADS // 5, ways
    if hasattr(sys, "monitoring"):  # without it nothing is patched
        assert ways["patch"] > RELOADS // 3, ways
    _assert_no_growth(weights)


def _save(folder: Path, numbers: dict[str, int]) -> None:
    """Write what has changed, as an editor does."""
    for name, text in (("application.py", APPLICATION), ("words.py", WORDS)):
        wanted = text.format(**numbers)
        if not (folder / name).exists() or (folder / name).read_text() != wanted:
            write_and_rename(folder / name, wanted)


def _assert_no_growth(weights: Sequence[Weight]) -> None:
    """The first round is a start: caches fill. From then on nothing may grow."""
    settled, last = weights[1:4], weights[-1]
    assert last.processes <= max(each.processes for each in settled), weights
    assert last.descriptors <= max(each.descriptors for each in settled), weights
    assert last.memory <= 1.05 * max(each.memory for each in settled), weights


def _weighed(running: Running) -> Weight:
    pids = _quiet(running)
    return Weight(len(pids), sum(map(_descriptors, pids)), proportional_set_size(pids))


def _descriptors(pid: int) -> int:
    """How many are open. Not the one by which an answer that took long is judged (`afresh.serve.progress`): a server
    has it or has not, as chance would have it."""
    count = 0
    for name in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):  # closed meanwhile
            count += not os.readlink(f"/proc/{pid}/fd/{name}").endswith("/schedstat")
    return count


def _quiet(running: Running) -> list[int]:
    """The living processes, once none ends or begins for `QUIET` seconds."""
    deadline = Deadline()
    while not deadline.passed():
        before = {one.pid for one in running.alive()}
        ended = _one_ends(before, QUIET)
        if not ended and {one.pid for one in running.alive()} == before:
            return sorted(before)
    raise AssertionError(f"processes come and go:\n{running.told()[-4000:]}")


def _one_ends(pids: set[int], within: float) -> bool:
    with ExitStack() as stack:
        poll = select.poll()
        for pid in pids:
            try:
                descriptor = os.pidfd_open(pid)
            except ProcessLookupError:
                return True
            stack.callback(os.close, descriptor)
            poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(within * 1000))
