"""Projects with a `runserver` of their own, and code that calls the command."""

import pytest

from afresh.testing.client import free_port
from afresh.testing.edits import wait_for_content

from .differences import CHECKED_ONCE, CHECKS_LATER, IMPORTED_ONCE, SERVER_FIELD, WATCHING, Observation
from .sides import CHECKED, DJANGO, SELF_TEST, WARNED, Pair, Site, save, visit

OWN_APP_FIRST = 'INSTALLED_APPS = ["app", "django.contrib.staticfiles"]\nALLOWED_HOSTS = ["*"]\n'
PACKAGES = {"app/management/__init__.py": "", "app/management/commands/__init__.py": ""}


def command(source: str, name: str = "runserver") -> dict[str, str]:
    return {**PACKAGES, f"app/management/commands/{name}.py": source}


CORE = "from django.core.management.commands.runserver import Command as Base\n"
STATICFILES = "from django.contrib.staticfiles.management.commands.runserver import Command as Base\n"
NEXT_LOWER = '''\
from importlib import import_module

from django.apps import apps


def next_lower():
    """As whitenoise.runserver_nostatic finds the command below it."""
    names = [config.name for config in apps.get_app_configs()]
    for name in names[names.index("app") + 1:]:
        try:
            return import_module(f"{name}.management.commands.runserver").Command
        except ImportError:
            pass
    return import_module("django.core.management.commands.runserver").Command


Base = next_lower()
'''

HOOKS = """
import os


def with_field(application):
    def wrapped(environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Handler", "own")], exc_info)
        return application(environ, start)
    return wrapped


class Command(Base):
    default_port = os.environ["OWN_PORT"]
    default_addr = "127.0.0.5"
    protocol = "https"
    help = "Serves with hooks of its own."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--tea", default="none")

    def get_handler(self, *args, **options):
        self.stdout.write(f"get_handler {args} {options['tea']} {sorted(options)}")
        return with_field(super().get_handler(*args, **options))

    def on_bind(self, server_port):
        super().on_bind(server_port)
        self.stdout.write(f"on_bind {server_port} {type(server_port).__name__} {self.addr} {self.port} {self.use_ipv6}")
"""


@pytest.mark.parametrize("base", [CORE, STATICFILES, NEXT_LOWER], ids=["core", "staticfiles", "next lower"])
def test_hooks_of_a_subclass(pair: Pair, base: str) -> None:
    """`default_port`, `default_addr`, `protocol`, arguments, `get_handler`, `on_bind`."""

    def scenario(site: Site) -> Observation:
        env = {"OWN_PORT": str(free_port("127.0.0.5"))}
        with site.serve("--tea", "green", env=env, told=(r"^on_bind .*\n", CHECKED)) as server:
            static = visit(server, "/static/app/style.css")
            told = site.observe(server, about=visit(server, "/about/"))
            return told | {"static": f"{static.status} {static.header('X-Handler')}"}

    seen = pair.compare(
        scenario, WATCHING, CHECKS_LATER, SERVER_FIELD, settings=OWN_APP_FIRST, files=command(base + HOOKS)
    )
    assert "at https://127.0.0.5:PORT/" in seen["out"]
    assert "on_bind PORT int 127.0.0.5" in seen["out"]
    assert "X-Handler: own" in seen["answer about"]
    assert seen["static"] == ("404 own" if base == CORE else "200 own")


ALL_ADDRESSES = """
class Command(Base):
    default_addr = "0.0.0.0"
"""


def test_all_addresses_where_only_a_port_is_said(pair: Pair) -> None:
    """One of them is bound ahead of the start, and would be in the way."""
    site = pair.other_site(settings=OWN_APP_FIRST, files=command(CORE + ALL_ADDRESSES))
    with site.serve(str(free_port())) as server:
        assert server.announced == "0.0.0.0"
        assert server.get("/").text == "the word is one"


def test_help_of_a_subclass(pair: Pair) -> None:
    pair.compare(
        lambda site: site.observe(site.run("--help", env={"OWN_PORT": "1"})),
        settings=OWN_APP_FIRST,
        files=command(CORE + HOOKS),
    )


EXPLICIT_ORDER = {
    "get_check_kwargs": """
class Command(Base):
    def get_check_kwargs(self, options):
        return {"tags": {"urls"}}
""",
    "inner_run": """
class Command(Base):
    def inner_run(self, *args, **options):
        self.stdout.write("before inner_run")
        super().inner_run(*args, **options)
""",
    "check": """
class Command(Base):
    def check(self, *args, **kwargs):
        self.stdout.write(f"own check {sorted(kwargs)}")
        super().check(*args, **kwargs)
""",
    "check_migrations": """
class Command(Base):
    def check_migrations(self):
        self.stdout.write("own check_migrations")
""",
}


@pytest.mark.parametrize("source", EXPLICIT_ORDER.values(), ids=EXPLICIT_ORDER.keys())
def test_overridden_steps_run_first_and_in_order(pair: Pair, source: str) -> None:
    """A command that overrides what runs before serving gets Django's order, checks first."""

    def scenario(site: Site) -> Observation:
        with site.serve("0") as server:
            return site.observe(server, about=visit(server, "/about/"))

    rows = [CHECKED_ONCE] if "own check " in source else []
    pair.compare(scenario, WATCHING, SERVER_FIELD, *rows, settings=OWN_APP_FIRST, files=command(STATICFILES + source))


OTHERS = {
    "handle": """
class Command(Base):
    def handle(self, *args, **options):
        self.stdout.write(f"handle {options['addrport']}")
        options["addrport"] = "127.0.0.7:0"
        super().handle(*args, **options)
""",
    "run": """
class Command(Base):
    def run(self, **options):
        options["shutdown_message"] = "bye"
        super().run(**options)
""",
    "execute": """
import os
class Command(Base):
    def execute(self, *args, **options):
        os.environ["SET_BY_EXECUTE"] = "yes"
        super().execute(*args, **options)
""",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_overridden_methods(pair: Pair, name: str) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0") as server:
            facts = visit(server, "/facts/").json()
            return site.observe(server) | {
                "set": str(facts["environment"].get("SET_BY_EXECUTE")),
                "at": server.announced,
            }

    rows = [IMPORTED_ONCE] if name == "handle" else []
    seen = pair.compare(
        scenario, WATCHING, CHECKS_LATER, *rows, settings=OWN_APP_FIRST, files=command(STATICFILES + OTHERS[name])
    )
    assert seen["at"] == ("127.0.0.7" if name == "handle" else "127.0.0.1")


OWN_SERVER = """
from django.core.servers.basehttp import WSGIServer


class OwnServer(WSGIServer):
    def get_app(self):
        def application(environ, start_response):
            start_response("200 OK", [("Content-Length", "3"), ("X-Own", "yes")])
            return [b"own"]
        return application


class Command(Base):
    server_cls = OwnServer
"""


@pytest.mark.parametrize("arguments", [(), ("--noreload",)], ids=["reloading", "noreload"])
def test_server_class_of_its_own_is_kept(pair: Pair, arguments: tuple[str, ...]) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", *arguments) as server:
            return {"answer": f"{server.get('/').text} {server.get('/').header('X-Own')}", "end": str(server.stop())}

    seen = pair.compare(scenario, settings=OWN_APP_FIRST, files=command(STATICFILES + OWN_SERVER))
    assert seen == {"answer": "own yes", "end": "0"}


OWN_STATIC = """
from django.contrib.staticfiles.handlers import StaticFilesHandler


class Handler(StaticFilesHandler):
    def serve(self, request):
        response = super().serve(request)
        response["X-Static"] = "own"
        return response


class Command(Base):
    def get_handler(self, *args, **options):
        return Handler(super().get_handler(*args, **{**options, "use_static_handler": False}))
"""


def test_static_handler_of_its_own(pair: Pair) -> None:
    def scenario(site: Site) -> Observation:
        with site.serve("0", told=(CHECKED,)) as server:
            answer = server.get("/static/app/style.css")
            return {"static": f"{answer.status} {answer.header('X-Static')} {answer.text}"}

    seen = pair.compare(scenario, settings=OWN_APP_FIRST, files=command(STATICFILES + OWN_STATIC))
    assert seen["static"].startswith("200 own body")


CALLS = {
    "call_command with --noreload": 'call_command("runserver", "--noreload", "0")',
    "call_command with use_reloader=False": 'call_command("runserver", "0", use_reloader=False, skip_checks=False)',
    "execute_from_command_line": 'execute_from_command_line(["manage.py", "runserver", "--noreload", "0"])',
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_called_from_code(pair: Pair, call: str) -> None:
    """A command of the project that serves; here `manage.py serve` is what the user types.

    `call_command` leaves out the checks unless it is told otherwise.
    """
    told = (WARNED,) if call == CALLS["call_command with --noreload"] else (WARNED, CHECKED)
    source = f"""
from django.core.management import call_command, execute_from_command_line
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def handle(self, *args, **options):
        {call}
"""

    def scenario(site: Site) -> Observation:
        with site.serve(command=(*site.python, "manage.py", "serve"), told=told) as server:
            facts = visit(server, "/facts/").json()
            processes = len(server.running.alive())
            argv = str(facts["argv"])
            return site.observe(server) | {"argv": argv, "processes": str(processes)}

    seen = pair.compare(scenario, files=command(source, "serve"))
    assert seen["processes"] == "1"
    assert seen["argv"] == "['manage.py', 'serve']"


def test_subcommand_that_derives_from_runserver(pair: Pair) -> None:
    """`devserver` and the like serve; reloading is Django's own there."""
    source = STATICFILES + "class Command(Base):\n    pass\n"

    def scenario(site: Site) -> Observation:
        with site.serve(command=(*site.python, "manage.py", "devserver", "0"), told=(WARNED, CHECKED)) as server:
            facts = visit(server, "/facts/").json()
            return site.observe(server) | {"argv": str(facts["argv"]), "RUN_MAIN": facts["environment"]["RUN_MAIN"]}

    seen = pair.compare(scenario, files=command(source, "devserver"))
    assert seen["RUN_MAIN"] == "true"


PARENT_ONLY = """
import atexit
import os
import sys
from pathlib import Path


def note(text):
    with open("notes.txt", "a") as file:
        file.write(f"{text}\\n")


class Command(Base):
    def handle(self, *args, **options):
        if os.environ.get("RUN_MAIN") != "true":
            atexit.register(note, "helper stopped")
            note("helper started")
        super().handle(*args, **options)
"""


@pytest.mark.parametrize("end", ["interrupt", "terminate"])
def test_code_for_the_parent_only(pair: Pair, end: str) -> None:
    """Code keyed on RUN_MAIN (npm, webpack, tunnels) runs in one process, once, from the start to the end."""

    def scenario(site: Site) -> Observation:
        with site.serve("0") as server:
            notes = site.root / "notes.txt"
            server.get("/")
            wait_for_content(notes, "helper started\n")
            if end == "interrupt":
                server.running.interrupt()
            else:
                server.running.signal(15)
            return {"end": str(server.wait_stopped()), "notes": notes.read_text()}

    seen = pair.compare(scenario, settings=OWN_APP_FIRST, files=command(STATICFILES + PARENT_ONLY))
    assert seen == {"end": "0", "notes": "helper started\nhelper stopped\n"}


READY = {
    "app/apps.py": """
import functools
import os

from django.apps import AppConfig


class Config(AppConfig):
    name = "app"

    def note(self):
        with open("notes.txt", "a") as file:
            file.write(f"ready in child: {'_'.join(['RUN', 'MAIN']) in os.environ}\\n")

    ready = functools.partialmethod(note)  # nothing that looks for the code of a function finds one
"""
}


def test_ready_runs_once_per_start(pair: Pair) -> None:
    """Django runs `ready()` in the parent too, and again in each child. With Afresh an edit of what comes later leaves
    it alone, and to be ready for the next edit as well: what is done again for that begins after it."""

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port())) as server:
            server.get("/")
            notes = site.root / "notes.txt"
            seen = {"first": notes.read_text()}
            for name, file, old, new in (
                ("view", "app/views.py", '"one"', '"two"'),
                ("configuration", "app/apps.py", 'name = "app"', 'name = "app"; label = "app"'),
            ):
                before = notes.read_text()
                save(site, server, file, old, new)
                server.get("/")
                if site.peer is not DJANGO:  # which is at work all the time
                    server.running.wait_idle()
                seen[name] = notes.read_text().removeprefix(before)
            return seen

    django, other = pair.both(scenario, files=READY)
    assert django["first"].splitlines() == ["ready in child: False", "ready in child: True"]
    if not SELF_TEST:
        assert other == {
            "first": "ready in child: True\n",
            "view": "",
            "configuration": "ready in child: True\n",
        }


def test_interrupt_while_the_stand_in_for_the_parent_loads(pair: Pair) -> None:
    """Quiet, and not waited for."""
    apps = """\
import os
import threading

from django.apps import AppConfig


class Config(AppConfig):
    name = "app"

    def ready(self):
        if os.environ.get("RUN_MAIN") != "true":
            with open("notes.txt", "w") as file:
                file.write("the parent loads")
            threading.Event().wait(60)
"""
    site = pair.other_site(files={"app/apps.py": apps})
    with site.serve("0") as server:
        server.get("/")
        wait_for_content(site.root / "notes.txt", "the parent loads")
        seen = site.observe(server)
    assert seen["status"] == "0"
    assert "Traceback" not in seen["err"]
