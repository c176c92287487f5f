"""Ends, expected and not: signals, killed processes, closed terminals, process 1."""

import os
import signal
import subprocess
from dataclasses import replace

import pytest

from afresh.testing.client import free_port, is_refused
from afresh.testing.deadline import Deadline
from afresh.testing.edits import edit, wait_for_content
from afresh.testing.processes import children, kill, wait_gone
from afresh.testing.running import started
from afresh.testing.server import Server

from .differences import WATCHING, Observation
from .ordinary import ordinary_user, own_by_ordinary_user
from .sides import DJANGO, SELF_TEST, Ended, Pair, Site, save, visit

FLAGS = pytest.mark.parametrize("arguments", [(), ("--noreload",)], ids=["reloading", "noreload"])


@FLAGS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_signal_to_the_command(pair: Pair, number: signal.Signals, arguments: tuple[str, ...]) -> None:
    """Sent to the one process that the shell knows, as `kill` does."""

    def scenario(site: Site) -> Observation:
        with site.serve("0", *arguments) as server:
            server.running.signal(number)
            return {"status": str(server.wait_stopped())}

    seen = pair.compare(scenario)
    assert seen == {"status": "-15" if arguments and number == signal.SIGTERM else "0"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT, signal.SIGHUP], ids=lambda number: number.name)
def test_end_of_the_command_alone_leaves_nothing(pair: Pair, number: signal.Signals) -> None:
    """Django's child goes on alone and holds the port."""

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port())) as server:
            server.running.signal(number)
            status = server.running.wait_exit()
            if site.peer is not DJANGO:
                server.running.wait_alone()
            return {"status": str(status), "answers": str(not is_refused(server.address))}

    django, other = pair.both(scenario)
    assert django == {"status": str(-number), "answers": "True"}
    assert SELF_TEST or other["answers"] == "False"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM], ids=lambda number: number.name)
def test_killed_server_is_replaced(pair: Pair, number: signal.Signals) -> None:
    """The process that answers dies: with Django the command ends, Afresh goes on with a new one."""

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port())) as server:
            first = server.get("/facts/").json()["pid"]
            kill(first, number)
            assert wait_gone(first)
            if site.peer is DJANGO:
                status = server.running.wait_exit()
                return {"status": str(status)}
            return {"replaced": str(server.get("/facts/").json()["pid"] != first), "status": str(server.stop())}

    django, other = pair.both(scenario)
    assert SELF_TEST or other == {"replaced": "True", "status": "0"}
    assert django["status"] != "None"


def test_server_that_ends_by_itself_says_so(pair: Pair) -> None:
    """A view that calls `os._exit`: the answer is lost, the next request is answered."""
    urls = (
        "import os\nfrom app import views\nfrom django.urls import path\n"
        "urlpatterns = [path('', views.index), path('exit/', lambda request: os._exit(7))]\n"
    )

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port())) as server:
            cut = server.exchange(b"GET /exit/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if site.peer is DJANGO:
                return {"cut": repr(cut), "status": str(server.running.wait_exit())}
            word = server.get("/").text
            said = server.err.wait_for(r"^The server process .*$")[0]
            return {"cut": repr(cut), "word": word, "said": said, "status": str(server.stop())}

    django, other = pair.both(scenario, files={"proj/urls.py": urls})
    assert django == {"cut": "b''", "status": "7"}
    if not SELF_TEST:
        assert (other["word"], other["status"]) == ("the word is one", "0")
        assert "7" in other["said"]


@FLAGS
def test_hang_up(pair: Pair, arguments: tuple[str, ...]) -> None:
    """The terminal is closed: SIGHUP to the session."""

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port()), *arguments, terminal=True) as server:
            server.running.hang_up()
            server.running.wait_exit()
            server.running.wait_alone()
            return {"free": str(is_refused(server.address))}

    seen = pair.compare(scenario)
    assert seen == {"free": "True"}


def wait_until_django_notices(site: Site) -> None:
    """What is saved before Django's reloader has looked at a file for the first time, it never takes for an edit."""
    for _ in range(10):
        try:
            wait_for_content(site.root / "out.txt", "/howto/deployment/", times=2, within=4)
        except AssertionError:
            os.utime(site.root / "app/views.py")
        else:
            return
    raise AssertionError("Django has not noticed an edit")


def test_nohup_outlives_the_terminal(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        port = free_port()
        script = f"nohup {' '.join(site.command(str(port)))} > out.txt 2>&1 < /dev/null & echo started $!; wait"
        with started(("sh", "-c", script), cwd=site.root, env=site.environment(), terminal=True) as shell:
            pid = int(shell.out.wait_for(r"started (\d+)")[1])
            server = Server(shell, "127.0.0.1", port)
            wait_for_content(site.root / "out.txt", "/howto/deployment/")
            shell.hang_up()
            shell.wait_exit()
            word = server.get("/").text
            edit(site.root / "app/views.py", '"one"', '"two"')
            if site.peer is DJANGO:
                wait_until_django_notices(site)
            fresh = server.get("/").text
            kill(pid, signal.SIGTERM)
            shell.wait_alone()
            return {"word": word, "fresh": fresh, "free": str(is_refused(server.address))}

    seen = pair.compare(scenario)
    assert seen == {"word": "the word is one", "fresh": "the word is two", "free": "True"}


PID_1 = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")


ORPHANS = """\
import os
import subprocess

from django.http import HttpResponse
from django.urls import path


def orphan(request):
    subprocess.run(["sh", "-c", "true & exit 0"])
    return HttpResponse("orphan")


def zombies(request):
    stats = [open(f"/proc/{name}/stat").read() for name in os.listdir("/proc") if name.isdigit()]
    return HttpResponse(str(sum(stat.rpartition(")")[2].split()[0] == "Z" for stat in stats)))


urlpatterns = [path("orphan/", orphan), path("zombies/", zombies)]
"""


def test_as_process_1(pair: Pair) -> None:
    """As the only process of a container: it ends on SIGTERM, and reaps what is left to it."""
    if subprocess.run([*PID_1, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a process name space cannot be made here")

    def scenario(site: Site) -> Observation:
        with site.serve(command=(*PID_1, *site.command("0"))) as server:
            server.get("/orphan/")
            zombies, until = server.get("/zombies/").text, Deadline()
            while site.peer is not DJANGO and zombies != "0" and not until.passed():
                zombies = server.get("/zombies/").text  # the orphan may live on for a moment
            [inner] = children(server.running.pid)
            kill(inner, signal.SIGTERM)
            status = server.running.wait_exit()
            server.running.wait_alone()
            return {"zombies": zombies, "status": str(status)}

    django, other = pair.both(scenario, files={"proj/urls.py": ORPHANS})
    assert django["status"] == "0"
    assert SELF_TEST or other == {"zombies": "0", "status": "0"}


@pytest.mark.parametrize("arguments", [(), ("--noreload",)], ids=["reloading", "noreload"])
def test_as_an_ordinary_user(pair: Pair, arguments: tuple[str, ...]) -> None:
    """Start, answer, save, end: nothing needs root, nor a home directory that can be written."""
    python = ordinary_user()

    def scenario(site: Site) -> Observation:
        own_by_ordinary_user(site.root)
        site = replace(site, python=python, env={"HOME": "/nonexistent"})
        with site.serve(str(free_port()), *arguments) as server:
            if not arguments:
                save(site, server, "app/views.py", '"one"', '"two"')
            facts = server.get("/facts/").json()
            word = server.get("/").text
            return {"word": word, "user": str(facts["user"]), "status": str(server.stop())}

    seen = pair.compare(scenario)
    assert seen["word"] == ("the word is one" if arguments else "the word is two")
    assert os.getuid() != 0 or seen["user"] == "[65534, 65534, 65534]"


def test_terminate_the_group(pair: Pair) -> None:
    """What a supervisor or a shell's `kill %1` does: every process gets the signal, one end comes of it, quietly."""
    urls = """\
import atexit
from app import views
from django.urls import path

atexit.register(print, "exit handler of the project")
urlpatterns = [path("", views.index)]
"""

    def scenario(site: Site) -> Observation:
        with site.serve("0") as server:
            visit(server)
            server.running.signal_group(signal.SIGTERM)
            return site.observe(Ended(server.wait_stopped(), server.out.wait_end(), server.err.wait_end()), server.port)

    django, other = pair.both(scenario, files={"proj/urls.py": urls})
    assert (django["status"], other["status"]) == ("0", "0")
    if not SELF_TEST:
        assert other["err"] == WATCHING.apply(django)["err"], "no word about processes that ended"
        assert other["out"].endswith("exit handler of the project\n"), "Django's parent may kill its child first"
