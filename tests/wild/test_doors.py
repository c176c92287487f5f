"""Every way to `runserver`: commands of packages and of projects, servers of their own, by both doors."""

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.django.sides import AFRESH, AFRESH_COMMAND, Peer
from tests.process.served import RELOAD, Served, served, until

import afresh
from afresh.testing.client import free_port, is_refused
from afresh.testing.edits import edit
from afresh.testing.running import started
from afresh.testing.server import Server

from .base import Content, Project, Save, Tried, build, edited, save_all
from .packages import OLD_DJANGOS, old_django, python

OWN_SERVER = r"This runserver has a server of its own"
COMMANDS = {"own/__init__.py": "", "own/management/__init__.py": "", "own/management/commands/__init__.py": ""}
ASGI = "ASGI_APPLICATION = 'site1.asgi.application'\n"
BASE = "from django.core.management.commands.runserver import Command as Base\n"


# Where an app stands beside `afresh.django`, which by the command is none.
PLACES = ((AFRESH, "after afresh"), (AFRESH, "before afresh"), (AFRESH_COMMAND, "beside nothing"))
each_place = pytest.mark.parametrize(
    ("door", "position"), PLACES, indirect=["door"], ids=("after", "before", "command")
)


@pytest.fixture(scope="session")
def interpreter() -> str:
    """One with the packages."""
    return python()


@pytest.fixture
def equipped(door: Peer, base: Path, tmp_path: Path, interpreter: str) -> Project:
    """The base project, run where the packages are installed."""
    return replace(build(tmp_path / "project", door, base), python=(interpreter,))


def shows(served: Tried, text: str, path: str = "/") -> None:
    """For what nothing tells of: a template that is read again, a server that says nothing."""

    def is_shown() -> bool:
        with suppress(OSError):
            return served.server.get(path).text == text
        return False

    until(is_shown)


def restarts(served: Served, *saves: Save) -> None:
    """A server of the project's own is ended and started again; from the line that says so on, it answers."""
    told = served.server.err.here()
    save_all(served.root, *saves)
    served.server.err.wait_for(RELOAD, after=told)


def own_command(source: str) -> dict[str, Content]:
    return {**COMMANDS, "own/management/commands/runserver.py": source}


@contextmanager
def serving(
    project: Project, *arguments: str, command: tuple[str, ...] = (), status: int | None = 0
) -> Iterator[Tried]:
    """On a port that the test knows: not each server tells which one it was given, or tells it on this stream."""
    port = free_port()
    site = project.site
    words = (*(command or site.command()), *arguments, str(port))
    with started(words, cwd=site.root, env=site.environment()) as running:
        server = Server(running, "127.0.0.1", port)
        yield Tried(project.root, server)
        ended = server.stop()
        assert status is None or ended == status, f"ended with {ended}\n{running.told()}"


# ---- commands that Afresh serves for ---------------------------------------------------------------------------------

LIVERELOAD = "MIDDLEWARE.append('livereload.middleware.LiveReloadScript')\n"
DJ_STATIC = (
    "import os\nfrom dj_static import Cling\nfrom django.core.wsgi import get_wsgi_application\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\napplication = Cling(get_wsgi_application())\n"
)
# As the templates of cookiecutters have it: something is started before the server, and options are its own.
COOKIECUTTER = """
import os
import subprocess
import sys


class Command(Base):
    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--no-assets", action="store_true")

    def handle(self, *args, **options):
        if not options["no_assets"]:
            subprocess.run([sys.executable, "-c", "print('assets')"], check=True)
        super().handle(*args, **options)

    def inner_run(self, *args, **options):
        self.stdout.write("before")
        try:
            self._serve(*args, **options)
        finally:
            self.stdout.write("after")

    def _serve(self, *args, **options):
        super().inner_run(*args, **options)
"""
# The port is tried first, and the next one taken where it is in use.
NEXT_PORT = """
import socket


class Command(Base):
    def handle(self, *args, **options):
        port = int(options["addrport"])
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(("127.0.0.1", port))
        super().handle(*args, **options)
"""
AFRESH_SERVES: dict[str, tuple[tuple[str, ...], str, dict[str, Content]]] = {
    "whitenoise": (("whitenoise.runserver_nostatic",), "", {}),
    "livereload": (("livereload",), LIVERELOAD, {}),
    "browser-reload": (("django_browser_reload",), "", {}),
    "watchfiles": (("django_watchfiles",), "", {}),
    "all of these": (
        ("whitenoise.runserver_nostatic", "livereload", "django_browser_reload", "django_watchfiles"),
        "",
        {},
    ),
    "dj-static": ((), "STATIC_ROOT = BASE_DIR / 'collected'\n", {"site1/wsgi.py": DJ_STATIC}),
    "extensions": (("django_extensions",), "", {}),
    "cookiecutter": (("own",), "", own_command(BASE + COOKIECUTTER)),
    "next port": (("own",), "", own_command(BASE + NEXT_PORT)),
}


@each_place
@pytest.mark.parametrize("name", AFRESH_SERVES)
def test_commands_that_come_to_djangos_server(equipped: Project, name: str, position: str) -> None:
    apps, settings, files = AFRESH_SERVES[name]
    _install(equipped, apps, position)
    equipped.write(files)
    equipped.settings(settings)
    with serving(equipped) as served:
        shows(served, "b0c0|t0")
        served.save(edited("site1/views.py", "'b0'", "'b1'"))
        assert served.get("/") == "b1c0|t0"
        served.save(edited("site1/views.py", "'c0'", "'c1'"))
        assert served.get("/") == "b1c1|t0"
        served.save(edited("templates/p.html", "t0", "t1"))
        assert served.get("/") == "b1c1|t1"
        assert "a server of its own" not in served.told()


def _install(project: Project, apps: tuple[str, ...], position: str) -> None:
    project.apps(*apps)
    if apps and position == "before afresh":
        own = "\n    'afresh.django',"
        edit(project.root / "site1/settings.py", own, "")
        last = f"\n    {apps[-1]!r},"
        edit(project.root / "site1/settings.py", last, last + own)


# ---- servers of their own --------------------------------------------------------------------------------------------

UVICORN = """
import uvicorn


class Command(Base):
    def inner_run(self, *args, **options):
        uvicorn.run("site1.asgi:application", host=self.addr, port=int(self.port))
"""
# Both ways in one method, so that its code does not tell which it goes: as daphne's.
HYPERCORN = """
import asyncio

from hypercorn.asyncio import serve
from hypercorn.config import Config


class Command(Base):
    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--wsgi", action="store_true")

    def inner_run(self, *args, **options):
        if options["wsgi"]:
            return super().inner_run(*args, **options)
        from site1.asgi import application

        config = Config()
        config.bind = [f"{self.addr}:{self.port}"]
        asyncio.run(serve(application, config, shutdown_trigger=asyncio.Event().wait))
"""
WSGIREF = """
from wsgiref.simple_server import make_server


class Command(Base):
    def inner_run(self, *args, **options):
        self.check(display_num_errors=True)
        make_server(self.addr, int(self.port), self.get_handler(*args, **options)).serve_forever()
"""
THREAD = """
import threading
from wsgiref.simple_server import make_server


class Command(Base):
    def inner_run(self, *args, **options):
        serve = lambda: make_server(self.addr, int(self.port), self.get_handler(*args, **options)).serve_forever()
        thread = threading.Thread(target=serve)
        thread.start()
        thread.join()
"""
SERVER_CLASS = """
from django.core.servers.basehttp import WSGIServer


class Server(WSGIServer):
    pass


class Command(Base):
    server_cls = Server
"""
GUNICORN = """
from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application
from gunicorn.app.base import BaseApplication


class Application(BaseApplication):
    def __init__(self, bind):
        self.bind = bind
        super().__init__()

    def load_config(self):
        self.cfg.set("bind", self.bind)
        self.cfg.set("control_socket_disable", True)

    def load(self):
        return get_wsgi_application()


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("addrport")

    def handle(self, *args, **options):
        Application(f"127.0.0.1:{options['addrport']}").run()
"""
SUBPROCESS = """
import subprocess
import sys

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("addrport")

    def handle(self, *args, **options):
        from site1 import urls

        program = [sys.executable, "-m", "uvicorn", "site1.asgi:application", "--port", options["addrport"]]
        subprocess.run(program)
"""
PROGRAM = """
import os
import sys


class Command(Base):
    def inner_run(self, *args, **options):
        from site1 import urls

        program = [sys.executable, "-m", "uvicorn", "site1.asgi:application", "--port", self.port]
        os.spawnv(os.P_WAIT, program[0], program)
"""
OWN: dict[str, tuple[tuple[str, ...], dict[str, Content]]] = {
    "daphne": (("daphne", "channels"), {}),
    "uvicorn": (("own",), own_command(BASE + UVICORN)),
    "hypercorn": (("own",), own_command(BASE + HYPERCORN)),
    "wsgiref": (("own",), own_command(BASE + WSGIREF)),
    "in a thread": (("own",), own_command(BASE + THREAD)),
    "server class": (("own",), own_command(BASE + SERVER_CLASS)),
    "gunicorn": (("own",), own_command(GUNICORN)),
    "another program": (("own",), own_command(SUBPROCESS)),
}


@each_place
@pytest.mark.parametrize("name", OWN)
def test_a_server_of_its_own_is_kept(equipped: Project, name: str, position: str) -> None:
    """It is ended and started again for code, has templates as under Django, and leaves the port to an error's page."""
    apps, files = OWN[name]
    _install(equipped, apps, position)
    equipped.write(files)
    equipped.settings(ASGI)
    with serving(equipped) as served:
        served.server.err.wait_for(OWN_SERVER)
        assert served.get("/") == "b0c0|t0"
        restarts(served, edited("site1/views.py", "'b0'", "'b1'"))
        assert served.get("/") == "b1c0|t0"
        if name not in ("gunicorn", "another program"):  # where Django's reloader would not see it either
            served.save(edited("templates/p.html", "t0", "t1"))
            shows(served, "b1c0|t1")
        told = served.server.err.here()
        served.save(edited("site1/views.py", "def page(request):", "def page(request:"))
        served.server.err.wait_for("SyntaxError", after=told)
        until(lambda: _status(served) == 500)
        restarts(served, edited("site1/views.py", "def page(request:", "def page(request):"))
        assert served.get("/").startswith("b1c0")
        assert served.told().count("has a server of its own") == 1
    assert is_refused(served.server.address)


def test_a_port_in_use_ends_the_command(equipped: Project) -> None:
    """Daphne stays, listens nowhere and says it in a line of its log: https://github.com/django/daphne/issues/577."""
    _install(equipped, ("daphne", "channels"), "after afresh")
    equipped.settings(ASGI)
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = equipped.site.run(str(other.getsockname()[1]))
    assert ended.status == 1
    assert "Error: That port is already in use." in ended.err


def _status(served: Served) -> int:
    with suppress(OSError):
        return served.server.get("/").status
    return 0


# ---- a Django that Afresh does not know ------------------------------------------------------------------------------


@pytest.mark.parametrize("number", OLD_DJANGOS)
@pytest.mark.parametrize("arguments", [(), ("--noreload",)], ids=["reloading", "noreload"])
def test_another_django_runs_without_afresh(project: Project, number: str, arguments: tuple[str, ...]) -> None:
    source = Path(afresh.__file__).parent.parent
    project = replace(project, env={"PYTHONPATH": f"{old_django(number)}{os.pathsep}{source}"})
    with serving(project, *arguments) as served:
        told = served.server.err.wait_for(r"^Afresh needs Django .*\n")[0]
        assert told == f"Afresh needs Django 5.2 or newer, and this is {number}: it runs without Afresh.\n"
        shows(served, "b0c0|t0")
        if not arguments:
            assert "with StatReloader" in served.told()
        assert served.told().count("Afresh") == 2
    refused = [each.site.run("no such address").status for each in (project, project.beside())]
    assert refused == [1, 1]
    helps = [each.site.run("--help").out for each in (project, project.beside())]
    assert project.peer is not AFRESH or helps[0] == helps[1]


# ---- runserver called from code --------------------------------------------------------------------------------------

CALLED = """
import threading
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("port")

    def handle(self, *args, **options):
        {call}
"""
IN_A_THREAD = "threading.Thread(target=lambda: call_command('runserver', options['port'], {}), daemon=True).start()"
STAY = "; threading.Event().wait()"
SCRIPT = """
import os
import sys

import django
from django.core.management import call_command, execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site1.settings")
{call}
"""
DIRECTLY = """django.setup()
from afresh.django.management.commands.runserver import Command
command = Command()
options = vars(command.create_parser("x", "runserver").parse_args([sys.argv[1]]))
command.handle(**options)"""
# The words of the command before the port, and whether each reload is Afresh's: without a reloader there is none.
CALLS: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "a command": ("call_command('runserver', options['port'])", ("manage.py", "dev"), True),
    "a command, no reloader": (
        "call_command('runserver', options['port'], use_reloader=False)",
        ("manage.py", "dev"),
        False,
    ),
    "a thread": (IN_A_THREAD.format("'--noreload'") + STAY, ("manage.py", "dev"), False),
    "a thread, one request at a time": (
        IN_A_THREAD.format("'--noreload', '--nothreading'") + STAY,
        ("manage.py", "dev"),
        False,
    ),
    "a script": ("django.setup()\ncall_command('runserver', sys.argv[1])", ("script.py",), True),
    "a command line of its own": (
        "execute_from_command_line(['manage.py', 'runserver', sys.argv[1]])",
        ("script.py",),
        True,
    ),
    "manage.py of another name": ("execute_from_command_line(sys.argv)", ("script.py", "runserver"), True),
    "handle": (DIRECTLY, ("script.py",), True),
    "django-admin": ("", ("-m", "django", "runserver"), True),
}


@pytest.fixture
def by_manage(base: Path, tmp_path: Path) -> Project:
    """The base project with `afresh.django` as its first app."""
    return build(tmp_path / "project", AFRESH, base)


@pytest.mark.parametrize("name", CALLS)
def test_runserver_called_from_code(by_manage: Project, name: str) -> None:
    call, words, reloads = CALLS[name]
    project = replace(by_manage, env={"DJANGO_SETTINGS_MODULE": "site1.settings"})
    project.apps("own")
    source = CALLED.format(call=call) if "dev" in words else ""
    project.write({**COMMANDS, "own/management/commands/dev.py": source or "Command = None\n"})
    project.write({"script.py": SCRIPT.format(call=call)})
    with serving(project, command=(*project.python, *words), status=None) as served:
        shows(served, "b0c0|t0")
        served.save(edited("site1/views.py", "'b0'", "'b1'"))
        if not reloads:
            assert "Traceback" not in served.told()
            return
        assert served.get("/") == "b1c0|t0"
        served.save(edited("site1/views.py", "'c0'", "'c1'"))
        assert served.get("/") == "b1c1|t0"
        served.save(edited("templates/p.html", "t0", "t1"))
        assert served.get("/") == "b1c1|t1"
        assert "StatReloader" not in served.told()


def test_what_was_started_before_lives_as_long_as_the_server(by_manage: Project) -> None:
    """Beside Django's reloader its parent process lives on, with the threads and the exit handlers that it has."""
    call = (
        "import atexit, os\n"
        "        if os.environ.get('RUN_MAIN') != 'true':\n"
        "            threading.Thread(target=self.note, args=('begun',), daemon=True).start()\n"
        "            atexit.register(self.note, 'ended')\n"
        "        call_command('runserver', options['port'])\n\n"
        "    def note(self, text):\n"
        "        with open('notes.txt', 'a') as notes:\n"
        "            notes.write(text + ' ')"
    )
    by_manage.apps("own")
    by_manage.write({**COMMANDS, "own/management/commands/dev.py": CALLED.format(call=call)})
    with serving(by_manage, command=(*by_manage.python, "manage.py", "dev")) as served:
        shows(served, "b0c0|t0")
        served.save(edited("site1/views.py", "'c0'", "'c1'"))
        assert served.get("/") == "b0c1|t0"
        assert (by_manage.root / "notes.txt").read_text() == "begun "
    assert (by_manage.root / "notes.txt").read_text() == "begun ended "


# ---- Python's own functions exchanged --------------------------------------------------------------------------------

EXCHANGES = {
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "gevent, fork alone": "from gevent import monkey; monkey.patch_os()",
    "gevent, threads and select left": "from gevent import monkey; monkey.patch_all(thread=False, select=False)",
    "eventlet": "import eventlet; eventlet.monkey_patch()",
}
# Two requests that wait for each other: under gevent both are in one thread.
MEET = """
import threading

from django.http import HttpResponse

MET = threading.Barrier(2)


def page(request):
    return HttpResponse("b0c0|t0")


def meet(request):
    MET.wait(20)
    return HttpResponse("met")
"""
MEET_URLS = """
from django.urls import path

from site1 import views

urlpatterns = [path("", views.page), path("meet", views.meet)]
"""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EXCHANGES)
def test_python_s_functions_exchanged_in_manage_py(equipped: Project, name: str) -> None:
    """By the first line of `manage.py`: edits of a body, of what ran, of a template, and a broken one."""
    edit(equipped.root / "manage.py", "#!/usr/bin/env python\n", f"#!/usr/bin/env python\n{EXCHANGES[name]}\n")
    get = _get_again if name.endswith("left") else Served.get
    with serving(equipped) as served:
        until(lambda: _status(served) == 200)
        assert get(served) == "b0c0|t0"
        for old, new, text in (("'b0'", "'b1'", "b1c0|t0"), ("'c0'", "'c1'", "b1c1|t0")):
            restarts(served, edited("site1/views.py", old, new))
            assert get(served) == text
        served.save(edited("templates/p.html", "t0", "t1"))
        shows(served, "b1c1|t1")
        told = served.server.err.here()
        served.save(edited("site1/views.py", "def page(request):", "def page(request:"))
        served.server.err.wait_for("SyntaxError", after=told)
        restarts(served, edited("site1/views.py", "def page(request:", "def page(request):"))
        assert get(served) == "b1c1|t1"
        package = name.partition(",")[0]
        served.server.err.wait_for(rf"\b{package} has taken the place of")


def _get_again(served: Served) -> str:
    """Where only sockets are gevent's, Django's server closes about every other connection without an answer, without
    Afresh too. What is answered must be right."""
    answers: list[str] = []

    def is_answered() -> bool:
        with suppress(OSError):
            answers.append(served.get())
        return bool(answers)

    until(is_answered)
    return answers[0]


@pytest.mark.parametrize("name", ["gevent", "eventlet"])
def test_requests_are_answered_side_by_side(equipped: Project, name: str) -> None:
    edit(equipped.root / "manage.py", "#!/usr/bin/env python\n", f"#!/usr/bin/env python\n{EXCHANGES[name]}\n")
    equipped.write({"site1/views.py": MEET, "site1/urls.py": MEET_URLS})
    with serving(equipped) as served, ThreadPoolExecutor(2) as pool:
        until(lambda: _status(served) == 200)
        assert list(pool.map(served.get, ["/meet", "/meet"])) == ["met", "met"]


def test_an_application_that_exchanges_them_is_told_why_not(tmp_path: Path) -> None:
    text = "def app(environ, start):\n    start('200 OK', [('Content-Type', 'text/plain')])\n    return [b'one']\n"
    with served(tmp_path, {"application.py": text}) as application:
        assert application.get() == "one"
        application.running.wait_idle()
        (tmp_path / "application.py").write_text(f"{EXCHANGES['gevent']}\n{text}")
        assert "gevent has taken the place of" in application.ask().text


FROZEN = {
    "freezegun": "import freezegun\nfreezegun.freeze_time('2020-01-01').start()\n",
    "time-machine": "import time_machine\ntime_machine.travel(0, tick=False).start()\n",
}


@pytest.mark.parametrize("name", FROZEN)
def test_clocks_that_stand_still(equipped: Project, name: str) -> None:
    """In the settings: the project's time stands still, and its server goes on."""
    equipped.settings(FROZEN[name])
    equipped.write({"site1/views.py": MEET, "site1/urls.py": MEET_URLS})
    with serving(equipped) as served, ThreadPoolExecutor(2) as pool:
        shows(served, "b0c0|t0")
        assert list(pool.map(served.get, ["/meet", "/meet"])) == ["met", "met"]
        served.save(edited("site1/views.py", '"b0c0|t0"', '"b1c0|t0"'))
        assert served.get("/") == "b1c0|t0"
        served.save(edited("site1/views.py", "MET = threading.Barrier(2)", "MET = threading.Barrier(1)"))
        assert served.get("/meet") == "met"
