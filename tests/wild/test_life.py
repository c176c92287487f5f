"""Which processes there are, and in which order: what only one process can have, taken by the project's start (a lock,
a port, a file), and what runs only where RUN_MAIN is unset. Under Django's reloader the old process is gone before the
next one begins.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from tests.process.served import served, until

from afresh.testing.client import fetch, free_port

from .base import Project, Tried, edited

SAVES = 20

APPS = """\
import os

from django.apps import AppConfig

NUMBER = "n0"
PORT = int(os.environ["HELD_PORT"])


def take():
{take}

class Holder(AppConfig):
    name = "holder"

    def ready(self):
        take()
"""
VIEWS = """\
from django.http import HttpResponse

from holder import apps


def page(request):
    return HttpResponse(apps.NUMBER)


def slow(request):
    print("slow waits", flush=True)
    with open("fifo") as fifo:
        fifo.read()
    return HttpResponse(apps.NUMBER)
"""
URLS = """\
from django.urls import path

from site1 import views

urlpatterns = [path("", views.page), path("slow", views.slow)]
"""

LOCK = 'global held\nheld = open("lock", "{mode}")\nfcntl.flock(held, fcntl.LOCK_EX{more})'
PORTS = 'global held\nheld = socket.create_server(("127.0.0.1", PORT))'
# name: what `ready` does.
TAKES = {
    "flock, appended to": "import fcntl\n" + LOCK.format(mode="a", more=" | fcntl.LOCK_NB"),
    "flock, written": "import fcntl\n" + LOCK.format(mode="w", more=" | fcntl.LOCK_NB"),
    "flock, read": 'import fcntl\nopen("lock", "a").close()\n' + LOCK.format(mode="r", more=" | fcntl.LOCK_NB"),
    "flock that waits": "import fcntl\n" + LOCK.format(mode="a", more=""),
    "record lock": (
        'import fcntl\nglobal held\nheld = open("lock", "w")\nfcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)'
    ),
    "port": "import socket\n" + PORTS,
    "port that an exit handler closes": "import atexit, socket\n" + PORTS + "\natexit.register(held.close)",
    "port, in another error": (
        "import socket\ntry:\n"
        + "".join(f"    {line}\n" for line in PORTS.splitlines())
        + 'except OSError:\n    raise LookupError("no metrics") from None'
    ),
    "port, then SystemExit": (
        "import socket, sys\ntry:\n"
        + "".join(f"    {line}\n" for line in PORTS.splitlines())
        + "except OSError as error:\n    print(error)\n    failed = True\nelse:\n    failed = False\n"
        "if failed:\n    sys.exit(1)"
    ),
    "file that must not exist": (
        'import atexit, os\nos.close(os.open("pid", os.O_CREAT | os.O_EXCL))\natexit.register(os.unlink, "pid")'
    ),
    "name of an abstract socket": (
        'import socket\nglobal held\nheld = socket.socket(socket.AF_UNIX)\nheld.bind(f"\\0afresh-test-{PORT}")'
    ),
    "shared memory": (
        "import atexit\nfrom multiprocessing.shared_memory import SharedMemory\nglobal held\n"
        'held = SharedMemory(f"afresh-test-{PORT}", create=True, size=64)\natexit.register(held.unlink)'
    ),
    "sqlite": (
        'import sqlite3\nglobal held\nheld = sqlite3.connect("held.sqlite3", timeout=0, isolation_level=None)\n'
        'held.execute("BEGIN EXCLUSIVE")'
    ),
    "prometheus_client": "from prometheus_client import start_http_server\nstart_http_server(PORT, addr='127.0.0.1')",
    "debugpy": "import debugpy\ndebugpy.listen(PORT)",
    "duckdb": 'import duckdb\nglobal held\nheld = duckdb.connect("held.duckdb")',
}
QUICK = ("flock, appended to", "port that an exit handler closes", "flock that waits")


def holding(project: Project, take: str) -> Mapping[str, str]:
    """The project with an app whose `ready` takes it; the environment to serve it in."""
    body = "".join(f"    {line}\n" for line in take.splitlines())
    project.write(
        {
            "holder/__init__.py": "",
            "holder/apps.py": APPS.replace("{take}", body),
            "site1/views.py": VIEWS,
            "site1/urls.py": URLS,
        }
    )
    os.mkfifo(project.root / "fifo")
    project.apps("holder")
    return {"HELD_PORT": str(free_port())}


def number(tried: Tried, n: int) -> None:
    tried.save(edited("holder/apps.py", f'"n{n - 1}"', f'"n{n}"'))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in TAKES]
)
def test_what_only_one_process_can_have_goes_to_the_next(project: Project, name: str) -> None:
    env = holding(project, TAKES[name])
    with project.serve(env=env) as tried, ThreadPoolExecutor(2) as pool:
        assert tried.get() == "n0"
        # The old server still answers, and has what the new start needs.
        slow = pool.submit(tried.get, "/slow")
        tried.server.out.wait_for("slow waits")
        number(tried, 1)
        page = pool.submit(tried.get)
        tried.server.err.wait_for("The start (failed|waits)")
        assert not page.done()
        (project.root / "fifo").write_text("")
        assert (slow.result(), page.result()) == ("n0", "n1")
        for n in range(2, SAVES):
            number(tried, n)
            assert tried.get() == f"n{n}"
        assert tried.told().count("The start failed") <= 1


IN_A_THREAD = (
    "import socket, threading\ndef run():\n    global held, taken\n"
    '    held = socket.create_server(("127.0.0.1", PORT))\n    taken = NUMBER\n    threading.Event().wait()\n'
    "threading.Thread(target=run, daemon=True).start()"
)


def test_what_a_thread_of_the_start_needs_goes_to_the_next(project: Project) -> None:
    env = holding(project, IN_A_THREAD)
    taken = "HttpResponse(apps.NUMBER + getattr(apps, 'taken', ''))"
    project.write({"site1/views.py": VIEWS.replace("HttpResponse(apps.NUMBER)", taken)})
    with project.serve(env=env) as tried, ThreadPoolExecutor(1) as pool:
        until(lambda: tried.get() == "n0n0")
        slow = pool.submit(tried.get, "/slow")
        tried.server.out.wait_for("slow waits")
        number(tried, 1)
        tried.server.err.wait_for("Exception in thread")
        (project.root / "fifo").write_text("")
        assert slow.result().startswith("n0")
        tried.server.err.wait_for("From now on the previous server ends")
        until(lambda: tried.get() == "n1n1")
        for n in range(2, 5):
            number(tried, n)
            assert tried.get().startswith(f"n{n}")
            until(lambda shown=f"n{n}n{n}": tried.get() == shown)
        assert tried.server.err.text().count("Exception in thread") == 1


# What `ready` makes, and what an exit handler of the same process does to it.
MADE = {
    "removed": 'open("made", "w").close()\natexit.register(os.unlink, "made")',
    "removed by pathlib": 'made = pathlib.Path("made")\nmade.write_text("")\natexit.register(made.unlink)',
    "removed with its folder": (
        'os.makedirs("made", exist_ok=True)\nopen("made/file", "w").close()\n'
        'atexit.register(shutil.rmtree, "made", ignore_errors=True)'
    ),
    "a socket that is removed": (
        'if os.path.exists("made"):\n    os.unlink("made")\nglobal held\nheld = socket.socket(socket.AF_UNIX)\n'
        'held.bind("made")\natexit.register(os.unlink, "made")'
    ),
    "read and written": (
        'made = pathlib.Path("made")\nnumber = int(made.read_text()) if made.exists() else 1\n'
        "atexit.register(lambda: made.write_text(str(number + 1)))"
    ),
}
SHOW_MADE = 'apps.NUMBER + (open("made").read() if os.path.isfile("made") else str(os.path.exists("made")))'


@pytest.mark.parametrize("name", MADE)
def test_the_end_of_the_old_does_not_undo_what_the_new_has_made(project: Project, name: str) -> None:
    env = holding(project, "import atexit, os, pathlib, shutil, socket\n" + MADE[name])
    project.write(
        {"site1/views.py": "import os\n" + VIEWS.replace("HttpResponse(apps.NUMBER)", f"HttpResponse({SHOW_MADE})")}
    )

    def expected(n: int) -> str:
        return f"n{n}" + {"read and written": str(n + 1), "removed": "", "removed by pathlib": ""}.get(name, "True")

    with project.serve(env=env) as tried, ThreadPoolExecutor(1) as pool:
        # The old server outlives the new start, and its end undoes what that has made.
        slow = pool.submit(tried.get, "/slow")
        tried.server.out.wait_for("slow waits")
        number(tried, 1)
        assert tried.get().startswith("n1")
        (project.root / "fifo").write_text("")
        slow.result()
        tried.server.err.wait_for("From now on the previous server ends")
        assert tried.get() == expected(1)
        for n in range(2, 6):
            number(tried, n)
            assert tried.get() == expected(n)
        reloads = tried.server.err.text().count("\nreload ")
        assert reloads < 10, tried.told()  # one for each save, some made again, and no loop


# duckdb/duckdb#13079, of uvicorn --reload: "Conflicting lock is held in … python".
DATABASE = """\
import duckdb

held = duckdb.connect("test.duckdb")
WORD = "one"


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{WORD} {held.execute('select 1').fetchall()[0][0]}".encode()]
"""
# prometheus/client_python#98, of Flask's reloader: "Address already in use", and metrics that stay at zero.
METRICS = """\
import os

from prometheus_client import Counter, start_http_server

WORD = "one"
answers = Counter("answers_total", "How many")
start_http_server(int(os.environ["HELD_PORT"]), addr="127.0.0.1")


def app(environ, start_response):
    answers.inc()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [WORD.encode()]
"""


def test_a_database_that_one_process_may_open(tmp_path: Path) -> None:
    with served(tmp_path, {"application.py": DATABASE}) as project:
        assert project.get() == "one 1"
        for old, new in pairwise(("one", "two", "three", "four", "five")):
            edited("application.py", f'"{old}"', f'"{new}"')(tmp_path)
            assert project.get() == f"{new} 1"
        assert project.server.stop() == 0


def test_metrics_are_those_of_the_process_that_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELD_PORT", str(free_port()))
    with served(tmp_path, {"application.py": METRICS}) as project:
        assert project.get() == "one"
        for old, new in pairwise(("one", "two", "three", "four", "five")):
            edited("application.py", f'"{old}"', f'"{new}"')(tmp_path)
            assert project.get() == new
            told = fetch(("127.0.0.1", int(os.environ["HELD_PORT"])), "/metrics").text
            assert "answers_total 1.0" in told
        assert project.server.stop() == 0


# The parent writes a line into a pipe; once it is known that there is such code, the boot waits for it.
PARENT_ONLY = """\
import os

from django.apps import AppConfig


class Helper(AppConfig):
    name = "helper"

    def ready(self):
        if os.environ.get("RUN_MAIN") != "true":
            with open("started", "w") as pipe:
                pipe.write("helper started")
        elif os.path.exists("wait"):
            with open("started") as pipe:
                print(f"the boot saw: {pipe.read()}", flush=True)
"""


def test_what_runs_in_the_parent_alone_starts_beside_the_first_boot_once_it_is_known(project: Project) -> None:
    project.write({"helper/__init__.py": "", "helper/apps.py": PARENT_ONLY})
    os.mkfifo(project.root / "started")
    project.apps("helper")
    with project.serve() as tried:
        assert tried.get() == "b0c0|t0"
        assert (project.root / "started").read_text() == "helper started"
    project.write({"wait": ""})
    with project.serve() as tried:
        assert tried.get() == "b0c0|t0"
        assert "the boot saw: helper started" in tried.server.out.text()
