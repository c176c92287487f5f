"""Projects that cannot start, at first or after an edit: Django's words where it ends, a page where Afresh goes on."""

import re
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

import pytest

from afresh.testing.client import Answer, free_port, is_refused
from afresh.testing.deadline import Deadline
from afresh.testing.edits import edit, wait_for_content
from afresh.testing.processes import wait_gone
from afresh.testing.server import Server

from .differences import CHECKS_LATER, NO_CHECKS_BEFORE_BIND, SERVER_FIELD, WATCHING, Observation
from .ordinary import ordinary_user, own_by_ordinary_user
from .sides import DJANGO, SELF_TEST, WARNED, Pair, Scenario, Site, save, visit

CHECKS = {
    "app/apps.py": """\
from django.apps import AppConfig


class Config(AppConfig):
    name = "app"

    def ready(self):
        from app import checks
""",
    "app/checks.py": """\
from django.core.checks import Error, register


@register()
def sugar(app_configs, **kwargs):
    return [Error("There is no sugar.", hint="Buy some.", id="app.E001")]
""",
}
CHECKS_THAT_RAISE = {
    **CHECKS,
    "app/checks.py": """\
from django.core.checks import register


@register()
def sugar(app_configs, **kwargs):
    raise KeyError('there is no sugar')
""",
}
BROKEN_MODELS = {"app/models.py": "from django.db import models\n\nclass Tea(models.Model:\n    pass\n"}


# ---- commands that end ----------------------------------------------------------------------------------------------

ENDS = [
    pytest.param((), "DEBUG = False\n", {}, "You must set settings.ALLOWED_HOSTS if DEBUG is False.", id="no hosts"),
    pytest.param((), "", {"proj/settings.py": "1 +\n"}, "SyntaxError", id="settings with a syntax error"),
    pytest.param((), "import absent\n", {}, "ModuleNotFoundError", id="settings with an absent import"),
    pytest.param((), "", {"manage.py": "def (\n"}, "SyntaxError", id="manage.py with a syntax error"),
]
NORELOAD = [
    ("DEBUG = False\n", {}, "You must set settings.ALLOWED_HOSTS if DEBUG is False."),
    ("WSGI_APPLICATION = 'proj.absent.application'\n", {}, "WSGI application 'proj.absent.application' could not be"),
    ("INSTALLED_APPS += ['absent']\n", {}, "ModuleNotFoundError: No module named 'absent'"),
    ("STATIC_URL = None\n", {}, "without having set the required STATIC_URL setting"),
    ("MEDIA_URL = '/static/'\n", {}, "The MEDIA_URL and STATIC_URL settings must have different values"),
    ("MEDIA_URL = '/static/media/'\n", {}, "runserver can't serve media if MEDIA_URL is within STATIC_URL."),
    (
        "DATABASES['default']['NAME'] = BASE_DIR / 'absent' / 'x'\n",
        {},
        "OperationalError: unable to open database file",
    ),
    ("INSTALLED_APPS[-1] = 'app.apps.Config'\n", CHECKS, "(app.E001) There is no sugar."),
    ("ROOT_URLCONF = 'proj.absent'\n", {}, "ModuleNotFoundError: No module named 'proj.absent'"),
    ("", BROKEN_MODELS, "SyntaxError"),
]


@pytest.mark.parametrize(("arguments", "settings", "files", "message"), ENDS)
def test_command_that_ends(
    pair: Pair, arguments: tuple[str, ...], settings: str, files: dict[str, str], message: str
) -> None:
    """Afresh is not reached, or declines as Django does."""
    seen = pair.compare(lambda site: site.observe(site.run("0", *arguments)), files=files, settings=settings)
    assert seen["status"] == "1"
    assert message in seen["err"]


@pytest.mark.parametrize(("settings", "files", "message"), NORELOAD, ids=[message for *_, message in NORELOAD])
def test_noreload_ends_with_the_same_words(pair: Pair, settings: str, files: dict[str, str], message: str) -> None:
    def scenario(site: Site) -> Observation:
        seen = site.observe(site.run("0", "--noreload"))
        return seen | {"err": _without_frames(seen["err"])}

    seen = pair.compare(scenario, files=files, settings=settings)
    assert seen["status"] == "1"
    assert message in seen["err"]


def _without_frames(text: str) -> str:
    """Only what is not indented: the frames of a traceback differ, its heads and its message do not."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("  "))


def test_privileged_port_as_an_ordinary_user(pair: Pair) -> None:
    python = ordinary_user()

    def scenario(site: Site) -> Observation:
        own_by_ordinary_user(site.root.parent)
        return site.observe(replace(site, python=python).run("80"))

    seen = pair.compare(scenario, WATCHING, NO_CHECKS_BEFORE_BIND)
    assert seen["status"] == "1"
    assert seen["err"].endswith("Error: You don't have permission to access that port.\n")


# ---- projects that are broken at the first start and get repaired ---------------------------------------------------


@dataclass(frozen=True)
class Broken:
    """A broken project: what is written on the terminal and in the browser, and the repair (file, old, new)."""

    message: str
    repair: tuple[str, str, str]
    settings: str = ""
    files: tuple[tuple[str, str], ...] = ()


FALLS = {
    "missing app": Broken(
        "No module named 'absent'", ("proj/settings.py", "['absent']", "[]"), "INSTALLED_APPS += ['absent']\n"
    ),
    "broken models": Broken(
        "SyntaxError", ("app/models.py", "models.Model:", "models.Model):"), "", (*BROKEN_MODELS.items(),)
    ),
    "broken views": Broken(
        "NameError: name 'absent' is not defined",
        ("app/broken.py", "absent", "1"),
        "",
        (
            ("app/broken.py", "absent\n"),
            (
                "proj/urls.py",
                "import app.broken\nfrom app import views\nfrom django.urls import path\n"
                "urlpatterns = [path('', views.index)]\n",
            ),
        ),
    ),
    "wrong WSGI_APPLICATION": Broken(
        "could not be loaded",
        ("proj/settings.py", "'proj.absent.application'", "'proj.wsgi.application'"),
        "WSGI_APPLICATION = 'proj.absent.application'\n",
    ),
    "wrong ROOT_URLCONF": Broken(
        "No module named 'proj.absent'",
        ("proj/settings.py", "'proj.absent'", "'proj.urls'"),
        "ROOT_URLCONF = 'proj.absent'\n",
    ),
    "failing check": Broken(
        "(app.E001) There is no sugar.",
        ("app/checks.py", "return [", "return []\n    return ["),
        "INSTALLED_APPS[-1] = 'app.apps.Config'\n",
        (*CHECKS.items(),),
    ),
    "check that raises": Broken(
        "KeyError: 'there is no sugar'",
        ("app/checks.py", "raise KeyError('there is no sugar')", "return []"),
        "INSTALLED_APPS[-1] = 'app.apps.Config'\n",
        (*CHECKS_THAT_RAISE.items(),),
    ),
    "no STATIC_URL": Broken(
        "without having set the required STATIC_URL setting",
        ("proj/settings.py", "STATIC_URL = None", ""),
        "STATIC_URL = None\n",
    ),
}


@pytest.mark.parametrize("broken", FALLS.values(), ids=FALLS.keys())
def test_broken_at_the_first_start(pair: Pair, broken: Broken) -> None:
    """Django says it and serves nothing until the file is saved again; Afresh answers with the error, then recovers."""
    django, other = pair.both(_fall_and_recover(broken), files=dict(broken.files), settings=broken.settings)
    _assert_fall(django, other)


def test_a_name_is_refused_before_the_settings_are_loaded_with_what_the_command_takes(pair: Pair) -> None:
    site = pair.other_site(files=BROKEN_MODELS, settings='ALLOWED_HOSTS = ["shop.test"]\n')
    port = free_port()
    with site.start(str(port)) as running:
        server = Server(running, "127.0.0.1", port)
        running.err.wait_for("SyntaxError")
        asked = {"Host": "shop.test", "Accept": "*/*"}
        assert "    AFRESH_ALLOW_HOST=shop.test\n" in server.get("/", headers=asked).text
        save(site, server, "app/models.py", "(models.Model:", "(models.Model):")
        assert server.get("/", headers=asked).status == 200
        assert 'ALLOWED_HOSTS = ["other.test"' in server.get("/", headers={**asked, "Host": "other.test"}).text


@pytest.mark.parametrize("name", ["missing app", "broken models", "failing check"])
def test_broken_at_the_first_start_of_the_command(pair_of_commands: Pair, name: str) -> None:
    broken = FALLS[name]
    django, other = pair_of_commands.both(_fall_and_recover(broken), files=dict(broken.files), settings=broken.settings)
    _assert_fall(django, other)


def _fall_and_recover(broken: Broken) -> Scenario:
    def scenario(site: Site) -> Observation:
        port = free_port()
        with site.start(str(port)) as running:
            server = Server(running, "127.0.0.1", port)
            running.err.wait_for(re.escape(broken.message))
            shown = _shown(site, server, broken.message)
            save(site, server, *broken.repair)
            word = server.get("/").text
            return shown | {"recovered": word, "end": str(server.stop())}

    return scenario


def _shown(site: Site, server: Server, message: str) -> Observation:
    if site.peer is DJANGO:
        return {"shown": "refused" if is_refused(server.address) else "answers"}
    asked = first_failure if "sugar" in message else Server.get
    answer = asked(server, "/", headers={"Accept": "text/html"})
    plain = asked(server, "/", headers={"Accept": "*/*", "User-Agent": "curl/8"})
    server.err.wait_for(r'^\[.+\] "GET / HTTP/1\.1" 500 \d+$')
    return {
        "shown": f"{answer.status} {answer.header('Content-Type')}, {plain.status} {plain.header('Content-Type')}",
        "page": answer.text,
        "plain": plain.text,
        "message": message,
    }


def first_failure(server: Server, path: str = "/", **request: Any) -> Answer:
    """The first answer that is no success: checks run beside the first answers, and servers overlap for a moment."""
    until = Deadline()
    while (answer := server.get(path, **request)).status == 200:
        assert not until.passed(), "only successes"
    return answer


def _assert_fall(django: Observation, other: Observation) -> None:
    assert django == {"shown": "refused", "recovered": "the word is one", "end": "0"}
    if SELF_TEST:
        return
    assert other["shown"] == "500 text/html; charset=utf-8, 500 text/plain; charset=utf-8"
    assert unescape(other["message"]) in unescape(other["page"])
    assert other["message"] in other["plain"]
    assert (other["recovered"], other["end"]) == ("the word is one", "0")


# ---- projects that an edit breaks -----------------------------------------------------------------------------------

SOUND_CHECKS = {**CHECKS, "app/checks.py": CHECKS["app/checks.py"].replace("return [", "return []\n    return [")}
EDITS = {
    # what is broken: file, sound text, broken text, message
    "syntax": ("app/views.py", "import os", "import os os", "SyntaxError"),
    "name": ("app/views.py", 'WORD = "one"', "WORD = absent_name", "name 'absent_name' is not defined"),
    "URL pattern": ("proj/urls.py", "views.index", "views.absent_view", "absent_view"),
    "settings": ("proj/settings.py", "DEBUG = True", "DEBUG = absent_name", "name 'absent_name' is not defined"),
    "end of the process": ("app/views.py", "import os", "import os; os._exit(9)", "9"),
    "check": ("app/checks.py", "    return []\n", "", "app.E001"),
}


@pytest.mark.parametrize("name", EDITS)
def test_broken_by_an_edit(pair: Pair, name: str) -> None:
    """The next answer is the error; the one after the repair is from the repaired code."""
    file, sound, broken, message = EDITS[name]
    site = pair.other_site(files=SOUND_CHECKS, settings="INSTALLED_APPS[-1] = 'app.apps.Config'\n")
    path = site.root / file
    text = path.read_text()
    with site.serve(str(free_port())) as server:
        words = [server.get("/").text]
        edit(path, sound, broken)
        page = first_failure(server) if name == "check" else server.get("/")
        server.err.wait_for(re.escape(message))
        path.write_text(text)
        words.append(server.get("/").text)
        status = server.stop()
    assert (page.status, message in unescape(page.text)) == (500, True)
    assert (words, status) == (["the word is one"] * 2, 0)


def test_database_is_down_at_the_start(pair: Pair) -> None:
    """Django does not serve at all; Afresh says it and serves what needs no database."""

    def scenario(site: Site) -> Observation:
        port = free_port()
        with site.start(str(port)) as running:
            server = Server(running, "127.0.0.1", port)
            running.err.wait_for("OperationalError: unable to open database file")
            if site.peer is DJANGO:
                return {"answer": "refused" if is_refused(server.address) else "answers"}
            return {"answer": server.get("/").text, "end": str(server.stop())}

    django, other = pair.both(scenario, settings="DATABASES['default']['NAME'] = BASE_DIR / 'absent' / 'x'\n")
    assert django == {"answer": "refused"}
    assert SELF_TEST or other == {"answer": "the word is one", "end": "0"}


def test_no_wsgi_application(pair: Pair) -> None:
    """`WSGI_APPLICATION = None` serves Django's own handler."""

    def scenario(site: Site) -> Observation:
        with site.serve("0") as server:
            return site.observe(server, index=visit(server))

    seen = pair.compare(scenario, WATCHING, CHECKS_LATER, SERVER_FIELD, settings="WSGI_APPLICATION = None\n")
    assert "the word is one" in seen["answer index"]


SLOW_CHECK = """\
import os
import threading
from pathlib import Path

from django.core.checks import register

from app.views import WORD


@register()
def slow(app_configs, **kwargs):
    if WORD == "one":
        Path("notes.txt").write_text(f"checking in {os.getpid()}.")
        threading.Event().wait(60)
    return []
"""


def test_edit_cancels_a_running_check(pair: Pair) -> None:
    """Requests are answered meanwhile, and the check of the new code is the only one that ends."""
    site = pair.other_site(
        files={**CHECKS, "app/checks.py": SLOW_CHECK}, settings="INSTALLED_APPS[-1] = 'app.apps.Config'\n"
    )
    with site.serve(str(free_port()), told=(WARNED,)) as server:
        words = [server.get("/").text]
        wait_for_content(site.root / "notes.txt", ".")
        checking = int((site.root / "notes.txt").read_text().rpartition(" ")[2].rstrip("."))
        edit(site.root / "app/views.py", '"one"', '"two"')
        words.append(server.get("/").text)
        assert wait_gone(checking)
        status = server.stop()
    assert (words, status) == (["the word is one", "the word is two"], 0)
    assert "Traceback" not in server.err.text()
