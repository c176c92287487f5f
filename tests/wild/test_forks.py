"""What a start leaves open: each server finds it as after a start of its own, or what stands against that is named."""

import json
import re
import socket
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.process.served import RELOAD

from .base import Project, Save, Tried, edited

WAYS = {"patch", "resume", "cold"} if sys.version_info >= (3, 12) else {"resume", "cold"}

URLS = "from django.urls import path\n\nfrom site1 import views\n\nurlpatterns = [path('', views.page)]\n"
VIEWS = """\
import json

from django.http import HttpResponse
from site1 import opened

TOP = 0


def page(request):
    step = 0
    return HttpResponse(json.dumps(opened.used()))
"""


def steps() -> Iterator[Save]:
    """Edits that are taken in by each way in turn, twice; none of them changes what is answered."""
    for number in range(2):
        yield edited("site1/views.py", f"step = {number}", f"step = {number + 1}")
        yield edited("site1/views.py", f"TOP = {number}", f"TOP = {number + 1}")
        yield edited("manage.py", "import sys\n", "import sys\n\n")


def reloaded(served: Tried, save: Save) -> tuple[str, str]:
    """The first answer after an edit, and the way it was taken in."""
    told = served.server.err.here()
    served.save(save)
    answer = served.get()
    return answer, str(served.server.err.wait_for(RELOAD, after=told)["way"])


# ---- opened again -------------------------------------------------------------------------------------------------

OPENED = """\
import fcntl
import logging
import mmap
import multiprocessing
import os
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
WORDS = open(HERE / "words.txt", "rb", buffering=0)
TEXT = open(HERE / "words.txt")
TEXT.readline()
FOLDER = os.open(HERE, os.O_RDONLY)
TEMPORARY = tempfile.TemporaryFile()
TEMPORARY.write(b"before")
TEMPORARY.seek(0)
IN_MEMORY = os.memfd_create("here")
READER, WRITER = os.pipe()
os.set_blocking(READER, False)
EVENT = os.eventfd(3, os.EFD_NONBLOCK)
LOCKED = open(HERE / "lock", "w")
SHARED = mmap.mmap(-1, 4096)
LOCK = multiprocessing.Lock()
VALUE = multiprocessing.Value("i", 7)


def used():
    fcntl.flock(LOCKED, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with VALUE:
        VALUE.value += 1
    SHARED[0] += 1
    os.write(IN_MEMORY, b"x")
    os.write(WRITER, b"x")
    found = {
        "words": WORDS.read(7).decode(),
        "text": TEXT.readline(),
        "folder": "words.txt" in os.listdir(FOLDER),
        "temporary": TEMPORARY.read().decode(),
        "in memory": os.fstat(IN_MEMORY).st_size,
        "pipe": os.read(READER, 10).decode(),
        "event": os.eventfd_read(EVENT),
        "shared": SHARED[0],
        "lock": LOCK.acquire(block=False),
        "value": VALUE.value,
    }
    TEMPORARY.write(b"after")
    os.write(WRITER, b"left")
    return found
"""


def test_each_server_finds_it_as_after_a_start_of_its_own(project: Project) -> None:
    words = "".join(f"line {number}\n" for number in range(1, 9))
    project.write({"site1/opened.py": OPENED, "site1/views.py": VIEWS, "site1/words.txt": words})
    with project.beside().serve("--noreload") as cold:
        expected = json.loads(cold.get())
    assert expected["words"] == "line 1\n"
    with project.serve() as served:
        assert json.loads(served.get()) == expected
        ways = set()
        for step in steps():
            answer, way = reloaded(served, step)
            assert json.loads(answer) == expected, way
            ways.add(way)
        assert ways == WAYS, served.told()
        assert "the start-up" not in served.told()


LOGGING = """\
LOGGING = {
    "version": 1,
    "formatters": {"long": {"format": "%(message)s"}},
    "handlers": {
        "rotating": {
            "class": "logging.handlers.RotatingFileHandler",
            "filename": BASE_DIR / "rotating.log",
            "maxBytes": 1000,
            "backupCount": 3,
            "formatter": "long",
        },
        "plain": {"class": "logging.FileHandler", "filename": BASE_DIR / "plain.log", "formatter": "long"},
    },
    "loggers": {"site1": {"handlers": ["rotating", "plain"], "level": "INFO"}},
}
"""
LOGS = """\
import logging

COUNT = 4


def used():
    for number in range(COUNT):
        logging.getLogger("site1").info("%s%s", "entry", "." * 150)
    return COUNT
"""


def test_logs_that_rotate_keep_their_entries(project: Project) -> None:
    """Each entry is 156 bytes: a start of its own writes six to a file, whoever began it."""
    project.settings(LOGGING)
    project.write({"site1/opened.py": LOGS, "site1/views.py": VIEWS})
    with project.serve() as served:
        served.get()
        for number, step in enumerate(steps(), 2):
            reloaded(served, step)
            logs = [path.read_text() for path in project.root.glob("rotating.log*")]
            assert sum(text.count("entry") for text in logs) == min(4 * number, 4 * 6 - (-4 * number) % 6)


def test_a_log_that_was_deleted_is_begun_again(project: Project) -> None:
    project.settings(LOGGING)
    project.write({"site1/opened.py": LOGS, "site1/views.py": VIEWS})
    with project.serve() as served:
        for step in steps():
            served.get()
            (project.root / "plain.log").unlink()
            reloaded(served, step)
            assert (project.root / "plain.log").read_text().count("entry") == 4


TRUNCATED = """\
from pathlib import Path

FILE = open(Path(__file__).parent / "answers.txt", "w")


def used():
    print("answered", file=FILE, flush=True)
    return (Path(__file__).parent / "answers.txt").read_text()
"""


def test_a_file_that_each_start_truncates(project: Project) -> None:
    """Empty when the start is over; with something in it, no server goes on from there."""
    project.write({"site1/opened.py": TRUNCATED, "site1/views.py": VIEWS})
    with project.serve() as served:
        assert json.loads(served.get()) == "answered\n"
        for step in steps():
            assert json.loads(reloaded(served, step)[0]) == "answered\n"
        told = served.server.err.wait_for(RELOAD)
        if sys.version_info >= (3, 12):  # else that functions cannot be exchanged is the reason
            assert "answers.txt, which the start-up had opened for writing, was written since" in served.told(), told


HARMLESS = {
    "a database that Django has asked": (
        "from django.db import connection\n\nwith connection.cursor() as cursor:\n"
        "    cursor.execute('create table if not exists t (x)')\ndel cursor\n"
    ),
    "a transaction that is over": (
        "from django.db import connection, transaction\n\nwith transaction.atomic(), connection.cursor() as cursor:\n"
        "    cursor.execute('create table if not exists t (x)')\ndel cursor\n"
    ),
    "the thread of an allocator": (
        "import _thread\nimport threading\nimport time\n\nready = threading.Event()\n\n\ndef allocate():\n"
        "    open('/proc/thread-self/comm', 'w').write('jemalloc_bg_thd')\n    ready.set()\n    time.sleep(600)\n\n\n"
        "_thread.start_new_thread(allocate, ())\nready.wait()\n"
    ),
    "the system's log": (
        "import socket\nfrom pathlib import Path\n\nlog = Path(__file__).parent / 'log'\nlog.unlink(missing_ok=True)\n"
        "receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\nreceiver.bind(str(log))\n"
        "sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\nsender.connect(str(log))\nreceiver.close()\n"
    ),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_nothing_stands_against_a_fork(project: Project, name: str) -> None:
    """Neither at the end of the start nor on its way, where the project is edited."""
    used = "\n\ndef used():\n    return 1\n"
    project.write({"site1/opened.py": HARMLESS[name] + used, "site1/views.py": VIEWS})
    with project.serve(env={"AFRESH_SERVE_FIRST": "0"}) as served:  # checkpoints are left where edits were, each time
        served.get()
        ways = {reloaded(served, step)[1] for step in (*steps(), edited("site1/views.py", "TOP = 2", "TOP = 3"))}
        assert ways == WAYS
        assert "the start-up" not in served.told()


# ---- what stands against it ---------------------------------------------------------------------------------------

NAMED = {
    "an event loop": ("import asyncio\nLOOP = asyncio.new_event_loop()", "an event loop (epoll)"),
    "a listening socket": ("import socket\nS = socket.create_server(('127.0.0.1', 0))", "network connection(s)"),
    "a database": (
        "import sqlite3\nC = sqlite3.connect(BASE_DIR / 'own.db')\nC.execute('create table if not exists t (x)')",
        "a file open for writing (",
    ),
    "a lock": ("import fcntl\nF = open(BASE_DIR / 'lock', 'a')\nfcntl.flock(F, fcntl.LOCK_EX)", "a lock on a file ("),
    "a thread": ("import threading\nthreading.Thread(target=threading.Event().wait, daemon=True, name='mine').start()",
                 "threads running (mine)"),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_what_settings_leave_open_is_named(project: Project, name: str) -> None:
    """By either door: what was open before Afresh came is the project's as well, unless the shell has given it."""
    arranged, expected = NAMED[name]
    project.settings(arranged)
    with project.serve() as served:
        served.get()
        line = served.server.err.wait_for(r"^Every reload .*: the start-up .*; .*\.$")[0]
        assert expected in line


# ---- a connection -------------------------------------------------------------------------------------------------

CONNECTED = """\
import os
import socket

CONNECTION = socket.create_connection(("127.0.0.1", {port}))


def used():
    CONNECTION.sendall(f"{{os.getpid()}}\\n".encode())
    return CONNECTION.recv(100).decode()
"""


@contextmanager
def echo() -> Iterator[tuple[int, defaultdict[int, set[str]]]]:
    """A server that answers each line with the number of its connection, on a port; with what each has said."""
    said: defaultdict[int, set[str]] = defaultdict(set)

    def serve(connection: socket.socket, number: int) -> None:
        with connection, connection.makefile("r", encoding="ascii") as lines:
            for line in lines:
                said[number].add(line.strip())
                connection.sendall(str(number).encode())

    def accept(listener: socket.socket) -> None:
        number = 0
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            number += 1
            threading.Thread(target=serve, args=(connection, number), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, args=(listener,), daemon=True)
        accepting.start()
        yield listener.getsockname()[1], said
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()


def test_no_two_servers_talk_on_one_connection(project: Project) -> None:
    with echo() as (port, said):
        project.write({"site1/opened.py": CONNECTED.format(port=port), "site1/views.py": VIEWS})
        with project.serve() as served:
            answers = [served.get()]
            for step in steps():
                answer, way = reloaded(served, step)
                answers.append(answer)
                assert way != "patch"
            assert len(set(answers)) == len(answers), "each has a connection of its own"
            assert re.search(rf"1 network connection\(s\) open \(to 127\.0\.0\.1:{port}\)", served.told())
    assert all(len(pids) == 1 for pids in said.values()), said
