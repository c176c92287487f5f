"""What stands against a fork, in a process that has just that."""

import select
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

BEFORE = """
import fcntl, logging, mmap, os, select, signal, socket, subprocess, sys, tempfile, threading, time
from afresh.boot.descriptors import given_at_exec
from afresh.boot.sensors import sense
given = given_at_exec()
"""


def named(name: str) -> str:
    """Starts a thread that Python does not know; the kernel does by this name."""
    return (
        "import _thread; ready = threading.Event()\n"
        f"def native(): open('/proc/thread-self/comm', 'w').write({name!r}); ready.set(); time.sleep(60)\n"
        "_thread.start_new_thread(native, ()); ready.wait()\n"
    )


CASES = [
    ("nothing", "", ""),
    ("a thread", "threading.Thread(target=time.sleep, args=(60,), name='poller', daemon=True).start()", "(poller)"),
    ("a thread that has ended", "t = threading.Thread(target=int); t.start(); t.join()", ""),
    ("a thread that is about to end", "import _thread; _thread.start_new_thread(time.sleep, (0.01,))", ""),
    ("a thread unknown to Python", named("sampler"), "(sampler, not Python's own)"),
    ("a thread of an allocator", named("jemalloc_bg_thd"), ""),
    ("both", named("jemalloc_bg_thd") + named("sampler"), "(sampler, not Python's own)"),
    (
        "one that Python knows beside it",
        named("sampler") + "threading.Thread(target=time.sleep, args=(60,), name='poller', daemon=True).start()",
        "poller",
    ),
    ("a connection", "a, b = socket.socketpair()", "2 network connection(s)"),
    ("a connection that was closed", "a, b = socket.socketpair(); a.close(); b.close()", ""),
    ("a listening socket", "s = socket.create_server(('127.0.0.1', 0))", "(at 127.0.0.1:"),
    (
        "a connection to somewhere",
        "s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname())",
        "to 127.0.0.1:",
    ),
    (
        "a socket that receives datagrams",
        "s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0))",
        "network",
    ),
    ("a socket that has sent nothing", "s = socket.socket(type=socket.SOCK_DGRAM)", ""),
    (
        "a socket that only sends",
        "r = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); r.bind('log')\n"
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect('log'); r.close()",
        "",
    ),
    ("a loop", "import asyncio; loop = asyncio.new_event_loop()", "an event loop (epoll)"),
    ("a loop that was closed", "import asyncio; asyncio.new_event_loop().close()", ""),
    ("a loop without sockets", "e = select.epoll()", "an event loop (epoll)"),
    ("an event of one's own", "e = os.eventfd(0)", ""),
    ("a process seen from outside", "p = os.pidfd_open(os.getpid())", "(pidfd)"),
    ("a database", "import sqlite3; c = sqlite3.connect('db'); c.execute('create table t (x)')", "/db)"),
    ("a file that is written", "f = open('out', 'w'); f.write('x'); f.flush()", "/out)"),
    ("a file that was written to the start", "f = open('out', 'w+b', 0); f.write(b'x'); f.seek(0)", "/out)"),
    ("a file that is still empty", "f = open('out', 'w')", ""),
    ("a file that is read", "f = open(__file__) if '__file__' in globals() else open('/etc/passwd')", ""),
    ("a log", "f = open('log', 'a')", ""),
    ("a locked log", "f = open('log', 'a'); fcntl.flock(f, fcntl.LOCK_EX)", "a lock on a file"),
    ("a part that is locked", "f = open('log', 'a'); fcntl.lockf(f, fcntl.LOCK_EX)", "a lock on a file"),
    (
        "a lock that was given back",
        "f = open('l', 'w'); fcntl.flock(f, fcntl.LOCK_EX); fcntl.flock(f, fcntl.LOCK_UN)",
        "",
    ),
    ("a file in memory", "f = os.memfd_create('m')", ""),
    ("a temporary file", "f = tempfile.TemporaryFile(); f.write(b'x' * 10000); f.flush()", ""),
    ("a large temporary file", "f = tempfile.TemporaryFile(); f.truncate(1 << 30)", "a large temporary file"),
    ("a folder", "f = os.open('.', os.O_RDONLY)", ""),
    ("the name of a file", "f = os.open('.', os.O_PATH)", ""),
    ("a device without state", "f = open('/dev/null', 'w'); g = open('/dev/urandom', 'rb')", ""),
    ("a terminal", "m, s = os.openpty(); os.close(m)", ""),
    ("a terminal of one's own", "m, s = os.openpty()", "a device open (/dev/"),
    ("a pipe", "r, w = os.pipe()", ""),
    ("a pipe with something in it", "r, w = os.pipe(); os.write(w, b'x')", "a pipe open with something in it"),
    ("one end of a pipe", "r, w = os.pipe(); os.close(r)", "a pipe to another process"),
    ("a named pipe", "os.mkfifo('p'); f = os.open('p', os.O_RDWR)", "a named pipe open ("),
    ("an alarm", "signal.setitimer(signal.ITIMER_REAL, 600)", "an alarm"),
    ("an alarm that was called off", "signal.alarm(600); signal.alarm(0)", ""),
    ("what the shell gave", "", ""),
    ("a copy of what the shell gave", "f = os.dup(GIVEN); g = os.dup(1)", ""),
    ("another one on the number of what the shell gave", "os.close(GIVEN); a, b = socket.socketpair()", "2 network"),
    (
        "another one on the number of what Afresh had then",
        "own = given; r, w = os.pipe(); given = given_at_exec(); os.close(r); os.close(w); a, b = socket.socketpair()",
        "2 network",
    ),
    ("what was open when Afresh came", "e = select.epoll(); given = given_at_exec()", "an event loop (epoll)"),
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
print(sense(given, frozenset()).obstacle)
for process in [p for p in globals().values() if isinstance(p, subprocess.Popen)]:
    process.kill()
os._exit(0 if sys.stdout.flush() is None else 1)
"""


def told(arranged: str, folder: Path) -> str:
    """What stands against a fork of a process that was started with an event loop open, and has done this."""
    with select.epoll() as given:
        code = f"{textwrap.dedent(BEFORE)}GIVEN = {given.fileno()}\n{arranged}{AFTER}"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            pass_fds=(given.fileno(),),
        )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(("arranged", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_obstacle(tmp_path: Path, arranged: str, expected: str) -> None:
    found = told(arranged, tmp_path)
    assert expected in found if expected else found == ""
    assert not expected or "; " in found or expected in ("logging", "a debugger or a coverage tool"), "no advice"


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
    found = told(OBSERVED + arranged, tmp_path)
    assert expected in found if expected else found == ""
