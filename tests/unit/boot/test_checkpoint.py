"""Forking a process that is being loaded."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, sys, threading, warnings
from afresh.boot.checkpoint import fork_quietly

going_on = threading.Event()
threading.Thread(target=going_on.wait, daemon=True).start()
before = list(warnings.filters)
pid = fork_quietly()
assert warnings.filters == before
if pid == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
going_on.set()
"""


@pytest.mark.parametrize("action", ["error", "always"])
def test_a_fork_beside_threads_is_neither_refused_nor_warned_of(action: str) -> None:
    """From 3.12 on Python warns of it, and from 3.15 on it does not fork where warnings are errors."""
    done = subprocess.run([sys.executable, "-W", action, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("7\n", "")
