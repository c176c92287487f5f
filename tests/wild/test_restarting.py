"""Asking for a restart from outside: the signal, and `touch`, which asks for none and is told."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.process.served import RELOAD

from .base import Project, Tried, edited

RESTART = r"^reload (?P<generation>\d+) · cold · everything · you asked for it"

STARTED = "import uuid\nfrom django.http import HttpResponse\n\nSTART = uuid.uuid4()\n"
VIEWS = """

def start(request):
    return HttpResponse(str(START))


def slow(request):
    with open(request.GET["fifo"]) as fifo:
        return HttpResponse(fifo.read())
"""


@pytest.fixture
def restartable(project: Project) -> Project:
    views = (project.root / "site1/views.py").read_text()
    project.write({"site1/views.py": STARTED + views + VIEWS})
    project.append("site1/urls.py", "urlpatterns += [path('start/', views.start), path('slow/', views.slow)]\n")
    return project


def restart(tried: Tried) -> None:
    """Send the signal to the process that the shell knows, and await the new code."""
    before = tried.server.err.here()
    tried.running.signal(signal.SIGURG)
    tried.server.err.wait_for(RESTART, after=before)


def test_the_signal_restarts_cold(restartable: Project) -> None:
    with restartable.serve() as tried:
        starts = [tried.get("/start/")]
        for _ in range(3):
            restart(tried)
            starts.append(tried.get("/start/"))
        assert len(set(starts)) == 4
        assert tried.get("/") == "b0c0|t0"


def test_all_requests_meanwhile_are_answered(restartable: Project) -> None:
    with restartable.serve() as tried, ThreadPoolExecutor(3) as pool:
        is_over = False

        def ask() -> list[str]:
            answers = []
            while not is_over:
                answers.append(tried.get("/"))
            return answers

        clients = [pool.submit(ask) for _ in range(2)]
        for _ in range(4):
            restart(tried)
        is_over = True
        for client in clients:
            assert set(client.result()) == {"b0c0|t0"}


def test_the_signal_to_the_whole_job_ends_nobody(restartable: Project, tmp_path: Path) -> None:
    """`kill -URG %1` goes to every process of it; a request that has begun is answered."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with restartable.serve() as tried, ThreadPoolExecutor(1) as pool:
        start = tried.get("/start/")
        slow = pool.submit(tried.get, f"/slow/?fifo={fifo}")
        with fifo.open("w") as end:  # from here on the view waits
            before = tried.server.err.here()
            tried.running.signal_group(signal.SIGURG)
            tried.server.err.wait_for(RESTART, after=before)
            assert tried.get("/start/") != start
            end.write("in peace")
        assert slow.result() == "in peace"


def test_the_signal_recovers_from_what_no_file_tells(project: Project, tmp_path: Path) -> None:
    """What child processes read is not watched."""
    told = tmp_path / "told"
    project.settings(f"import subprocess, sys\nsubprocess.run([sys.executable, {str(told)!r}], check=True)\n")
    told.write_text("")
    with project.serve() as tried:
        told.write_text("raise SystemExit(3)")
        tried.running.signal(signal.SIGURG)
        tried.server.err.wait_for("CalledProcessError")
        assert tried.ask("/").status == 500
        told.write_text("")
        restart(tried)
        assert tried.get("/") == "b0c0|t0"


RECEIVER = """
import sys

from django.dispatch import receiver
from django.utils.autoreload import file_changed


@receiver(file_changed)
def changed(sender, file_path, **kwargs):
    print("asked", file_path.name, file=sys.stderr, flush=True)
    with open("answer") as answer:
        answer.read()
"""


def test_the_signal_while_an_edit_is_decided_is_not_lost(restartable: Project) -> None:
    """The edit may go a way that starts nothing again."""
    os.mkfifo(restartable.root / "answer")
    restartable.append("site1/views.py", RECEIVER)
    with restartable.serve(env={"AFRESH_FILE_CHANGED_WAIT": "60"}) as tried:
        tried.get("/")
        start = tried.get("/start/")
        before = tried.server.err.here()
        tried.save(edited("site1/views.py", "'b0'", "'b1'"))
        tried.server.err.wait_for("asked views.py", after=before)
        tried.running.signal(signal.SIGURG)
        tried.get("/__afresh__/live.js")  # the keeper's, which has the signal by then
        with (restartable.root / "answer").open("w"):
            pass
        tried.server.err.wait_for(RESTART, after=before)
        assert tried.get("/") == "b1c0|t0"
        assert tried.get("/start/") != start


def touch(tried: Tried, *files: str) -> None:
    for file in files:
        path = tried.root / file
        found = path.stat()
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 1_000_000_000))


@pytest.mark.parametrize("verbosity", ["1", "2"])
def test_touch_is_told(restartable: Project, verbosity: str) -> None:
    """Where lines may be long; and it is no edit."""
    with restartable.serve("-v", verbosity) as tried:
        start = tried.get("/start/")
        before = tried.server.err.here()
        touch(tried, "site1/views.py")
        line = rf"^no reload · site1/views.py · the text is the same; kill -URG {tried.keeper()} restarts all the same$"
        if verbosity == "2":
            tried.server.err.wait_for(line, after=before)
            touch(tried, "site1/urls.py")
            tried.server.err.wait_for(r"^no reload · site1/urls.py · the text is the same", after=before)
        assert tried.get("/start/") == start
        tried.save(edited("site1/views.py", "'b0'", "'b1'"))
        assert tried.get("/") == "b1c0|t0"
        tried.server.err.wait_for(RELOAD, after=before)
        told = tried.server.err.text()[before:]
        assert told.count("the text is the same") == (2 if verbosity == "2" else 0)
        assert "cold" not in told
