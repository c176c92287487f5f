"""What stands against a fork, in a process that has just that."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

BEFORE = """
import logging, os, select, socket, subprocess, sys, threading, time
inherited = select.epoll()
from afresh.boot.sensors import inherited_descriptors, obstacle
own = inherited_descriptors()
"""

CASES = [
    ("nothing", "", ""),
    ("a thread", "threading.Thread(target=time.sleep, args=(60,), name='poller', daemon=True).start()", "(poller)"),
    ("a thread that has ended", "t = threading.Thread(target=int); t.start(); t.join()", ""),
    ("a thread that is about to end", "import _thread; _thread.start_new_thread(time.sleep, (0.01,))", ""),
    ("a thread unknown to Python", "import _thread; _thread.start_new_thread(time.sleep, (60,))", "not Python's own"),
    ("a connection", "a, b = socket.socketpair()", "2 network connection(s)"),
    ("a connection that was closed", "a, b = socket.socketpair(); a.close(); b.close()", ""),
    ("a loop", "import asyncio; loop = asyncio.new_event_loop()", "an event loop (epoll)"),
    ("a loop that was closed", "import asyncio; asyncio.new_event_loop().close()", ""),
    ("a loop without sockets", "e = select.epoll()", "an event loop (epoll)"),
    ("an event of one's own", "e = os.eventfd(0)", ""),
    ("a database", "import sqlite3; c = sqlite3.connect('db'); c.execute('create table t (x)')", "/db)"),
    ("a file that is written", "f = open('out', 'w')", "/out)"),
    ("a file that is read", "f = open(__file__) if '__file__' in globals() else open('/etc/passwd')", ""),
    ("a log", "f = open('log', 'a')", ""),
    ("a file in memory", "f = os.memfd_create('m')", ""),
    ("a process", "p = subprocess.Popen(['sleep', '60'])", "a process running (sleep)"),
    (
        "a process that has ended",
        "p = subprocess.Popen(['true']); os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT)",
        "",
    ),
    ("logging's lock", "logging._lock.acquire()", "logging"),
    ("a tracer", "sys.settrace(lambda *_: None)", "a debugger or a coverage tool"),
]
AFTER = """
print(obstacle(own))
for process in [p for p in globals().values() if isinstance(p, subprocess.Popen)]:
    process.kill()
os._exit(0 if sys.stdout.flush() is None else 1)
"""


@pytest.mark.parametrize(("arranged", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_obstacle(tmp_path: object, arranged: str, expected: str) -> None:
    code = textwrap.dedent(BEFORE) + arranged + AFTER
    done = subprocess.run([sys.executable, "-c", code], cwd=str(tmp_path), capture_output=True, text=True, timeout=60)
    told = done.stdout.strip()
    assert done.returncode == 0, done.stderr
    assert expected in told if expected else told == ""


LIBRARIES = {
    "numpy/__init__.py": "import numpy.core\n",
    "numpy/core.py": "import _thread, time\nfor _ in range(2): _thread.start_new_thread(time.sleep, (60,))\n",
    "numpy/random.py": "import threading, time\nthreading.Thread(None, time.sleep, 'seeder', (60,)).start()\n",
    "scipy/__init__.py": "import numpy\n",
    "scipy/linalg.py": "import _thread, time\n_thread.start_new_thread(time.sleep, (60,))\n",
    "other.py": "import _thread, time\n_thread.start_new_thread(time.sleep, (60,))\n",
    "both.py": "import numpy, _thread, time\n_thread.start_new_thread(time.sleep, (60,))\n",
}
OBSERVED = """
from afresh.boot.imports import Observer
from afresh.boot.journal import JournalWriter
from afresh.boot.roots import ProjectRoots
from afresh.boot.sensors import imported_before, while_importing
from afresh.source.cache import CodeCache
def observe():
    imported_before()
    journal = JournalWriter(lambda _: None)
    observer = Observer(journal, ProjectRoots(), CodeCache(None), {}, found=while_importing)
    sys.meta_path.insert(0, observer)
sys.path.insert(0, "")
"""
FOREIGN = "not Python's own"


@pytest.mark.parametrize(
    ("arranged", "expected"),
    [
        ("observe(); import numpy", ""),
        ("observe(); import scipy", ""),
        ("observe(); import numpy, scipy, scipy.linalg", ""),
        ("observe(); import importlib.util; importlib.util.find_spec('numpy'); import numpy", ""),
        ("import numpy; observe()", ""),
        ("observe(); import other", FOREIGN),
        ("observe(); import both", FOREIGN),
        ("observe(); import numpy, other", FOREIGN),
        ("observe(); import other, numpy", FOREIGN),
        ("import numpy; observe(); import other", FOREIGN),
        ("import other; observe()", FOREIGN),
        ("observe(); import numpy.random", "(seeder)"),
        ("observe(); import types; sys.modules['numpy'] = types.ModuleType('numpy'); import other", FOREIGN),
    ],
)
def test_threads_of_libraries_that_are_ready_for_a_fork(tmp_path: Path, arranged: str, expected: str) -> None:
    for name, text in LIBRARIES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="ascii")
    code = BEFORE + OBSERVED + arranged + AFTER
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    told = done.stdout.strip()
    assert done.returncode == 0, done.stderr
    assert expected in told if expected else told == ""
