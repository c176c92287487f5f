"""Threads of the start that end by an exception: which are told of."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
from afresh.boot import threads

shown, told = [], []
threading.excepthook = lambda arguments: shown.append(arguments.exc_value)
threads.watch(told.append)

def run(exc):
    raise exc

def start(exc):
    thread = threading.Thread(target=run, args=(exc,))
    thread.start()
    thread.join()

{acts}
print(len(shown), len(told))
"""
ACTS = {
    "of the start": ("start(OSError(98, 'Address already in use'))", "1 1"),
    "a mistake": ("start(NameError('lock'))", "1 0"),
    "its own end": ("start(SystemExit(1))", "1 0"),
    "of a request": ("threads.is_ready(); start(OSError(98, 'Address already in use'))", "1 0"),
    "of the start, and ends later": (
        "goes = threading.Event()\n"
        "thread = threading.Thread(target=lambda: (goes.wait(), run(OSError(11, 'locked'))))\n"
        "thread.start(); threads.is_ready(); goes.set(); thread.join()",
        "1 1",
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_who_is_told_of(name: str) -> None:
    acts, expected = ACTS[name]
    program = PROGRAM.format(acts=acts)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == expected.split(), ended.stderr
