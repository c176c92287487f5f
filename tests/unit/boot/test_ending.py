"""What a process runs at its end, and what it leaves to the one that it was forked from."""

import subprocess
import sys

PROGRAM = """
import os, weakref
from afresh.boot.ending import end, forget_exit_handlers

class Thing:
    pass

first = Thing()
weakref.finalize(first, print, "the parent's", flush=True)
if not (pid := os.fork()):
    forget_exit_handlers()
    second = Thing()
    weakref.finalize(second, print, "the child's", flush=True)
    end(0)
os.waitpid(pid, 0)
print("the parent ends", flush=True)
"""


def test_finalizers_run_at_the_end_of_the_process_that_made_them() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert ended.stdout == "the child's\nthe parent ends\nthe parent's\n"
