"""Edits: what restarts and what does not, the signals of Django's reloader, and what only Afresh notices."""

import os
import re
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from afresh.testing.client import free_port
from afresh.testing.deadline import Deadline
from afresh.testing.edits import edit, wait_for_content, write, write_and_rename
from afresh.testing.server import Server

from .differences import Observation
from .project import WSGI
from .sides import CHECKED, DJANGO, SELF_TEST, WARNED, Pair, Site, save


def answer_after(site: Site, server: Server, file: str, path: str, text: str) -> str:
    """The answer after an edit of `file` that restarts nothing.

    Django looks once a second: it is asked until it has looked, and the file's time is moved on where the edit came
    before its first look.
    """
    for ahead in range(10) if site.peer is DJANGO else ():
        move_time(site.root / file, ahead)
        looked = Deadline(2)
        while not looked.passed():
            if (answer := server.get(path).text.strip()) == text:
                return answer
    return server.get(path).text.strip()


def move_time(file: Path, seconds: float) -> None:
    stamp = file.stat().st_mtime + seconds
    os.utime(file, (stamp, stamp))


def pid_of(server: Server) -> int:
    return int(server.get("/facts/").json()["pid"])


# ---- without a restart ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("saved", [write, write_and_rename], ids=["written", "renamed over"])
def test_template_is_fresh_without_a_restart(pair: Pair, saved: Callable[[Path, str], None]) -> None:
    files = {"templates/page.html": "{{ word }} and tea", "app/templates/inner.html": "inner"}

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port())) as server:
            first, pid = server.get("/template/").text, pid_of(server)
            saved(site.root / "templates/page.html", "{{ word }} and coffee")
            second = answer_after(site, server, "templates/page.html", "/template/", "one and coffee")
            return {"answers": f"{first}, {second}", "restarted": str(pid != pid_of(server)), "end": str(server.stop())}

    seen = pair.compare(scenario, files=files)
    assert seen == {"answers": "one and tea, one and coffee", "restarted": "False", "end": "0"}


def test_translation_is_fresh_without_a_restart(pair: Pair) -> None:
    """Django connects its receivers at the first use of a translation: here that is before the reloader starts."""
    ready = (
        "from django.apps import AppConfig\nfrom django.utils import translation\n\n\nclass Config(AppConfig):\n"
        + ('    name = "app"\n\n    def ready(self):\n        translation.get_language()\n')
    )

    def scenario(site: Site) -> Observation:
        catalogue = site.root / "locale/de/LC_MESSAGES/django.mo"
        catalogue.parent.mkdir(parents=True)
        catalogue.write_bytes(_catalogue({"tea": "Tee"}))
        with site.serve(str(free_port())) as server:
            first, pid = server.get("/translated/").text, pid_of(server)
            catalogue.write_bytes(_catalogue({"tea": "Kräutertee"}))
            second = answer_after(site, server, "locale/de/LC_MESSAGES/django.mo", "/translated/", "Kräutertee")
            return {"answers": f"{first}, {second}", "restarted": str(pid != pid_of(server))}

    seen = pair.compare(scenario, settings='LANGUAGE_CODE = "de"\n', files={"app/apps.py": ready})
    assert seen == {"answers": "Tee, Kräutertee", "restarted": "False"}


def _catalogue(messages: dict[str, str]) -> bytes:
    """A compiled catalogue of messages (GNU gettext manual, "The Format of GNU MO Files")."""
    entries = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **messages}.items())
    keys, values = ([text.encode() for text in column] for column in zip(*entries, strict=True))
    start = 28 + 16 * len(entries)
    tables, strings = _table(keys, start), b"".join(key + b"\0" for key in keys)
    tables += _table(values, start + len(strings))
    strings += b"".join(value + b"\0" for value in values)
    head = struct.pack("<7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, 0)
    return head + tables + strings


def _table(texts: Iterable[bytes], offset: int) -> bytes:
    table = b""
    for text in texts:
        table += struct.pack("<2I", len(text), offset)
        offset += len(text) + 1
    return table


# ---- signals --------------------------------------------------------------------------------------------------------

SIGNALS = {
    "app/apps.py": """\
from pathlib import Path

from django.apps import AppConfig
from django.utils.autoreload import BaseReloader, autoreload_started, file_changed

HERE = Path(__file__).resolve().parent.parent


def note(text):
    with open(HERE / "notes.txt", "a") as file:
        file.write(f"{text}\\n")


def started(sender, **kwargs):
    note(f"started {isinstance(sender, BaseReloader)} {sorted(kwargs)}")
    sender.watch_dir(HERE / "data", "*.txt")
    sender.watch_dir(HERE / "data", "**/*.yaml")


def changed(sender, file_path, **kwargs):
    handled = file_path.suffix == ".txt" or file_path.name == "patient.py"
    note(f"changed {isinstance(sender, BaseReloader)} {file_path.relative_to(HERE)} {sorted(kwargs)} {handled}")
    return handled


class Config(AppConfig):
    name = "app"

    def ready(self):
        autoreload_started.connect(started)
        file_changed.connect(changed)
""",
    "app/patient.py": "WORD = 'patient'\n",
    "data/one.txt": "1",
    "data/deep/two.yaml": "2",
}


def test_signals_of_the_reloader(pair: Pair) -> None:
    """`autoreload_started` once per start; a truthy receiver of `file_changed` keeps the process, for `.py` too."""

    def scenario(site: Site) -> Observation:
        notes = site.root / "notes.txt"
        with site.serve(str(free_port())) as server:
            pid = pid_of(server)
            started = notes.read_text()
            _save_until_noted(site, "data/one.txt", "more", notes, "changed True data/one.txt ['signal'] True\n")
            _save_until_noted(
                site, "app/patient.py", "WORD = 'x'\n", notes, "changed True app/patient.py ['signal'] True\n"
            )
            kept = pid_of(server) == pid
            before = server.out.here()
            _save_until_noted(
                site, "data/deep/two.yaml", "more", notes, "changed True data/deep/two.yaml ['signal'] False\n"
            )
            if site.peer is DJANGO:
                server.out.wait_for(WARNED, after=before)
            return {
                "started": started,
                "kept": str(kept),
                "restarted": str(pid_of(server) != pid),
                "notes": notes.read_text(),
            }

    files = dict(SIGNALS)
    files["proj/urls.py"] = "from app import patient, views\nfrom django.urls import path\n" + (
        'urlpatterns = [path("facts/", views.facts)]\n'
    )
    seen = pair.compare(scenario, files=files, env={"AFRESH_FILE_CHANGED_WAIT": "20"})
    assert seen["started"] == "started True ['signal']\n"
    assert (seen["kept"], seen["restarted"]) == ("True", "True")
    assert seen["notes"].count("started") == 2


def test_receiver_that_does_not_return_holds_neither_the_edit_nor_a_request(pair: Pair) -> None:
    """Django waits without end."""
    waits = SIGNALS["app/apps.py"].replace("    handled =", "    open(HERE / 'fifo').close()\n    handled =")
    site = pair.other_site(files={**SIGNALS, "app/apps.py": waits})
    os.mkfifo(site.root / "fifo")
    with site.serve(str(free_port())) as server:
        before = pid_of(server)
        write_and_rename(site.root / "data/one.txt", "more")
        assert "the project watches it" in server.err.wait_for(r"^reload 2 .*$")[0]
        assert pid_of(server) != before


def test_receiver_that_exits_is_no_answer(pair: Pair) -> None:
    """In Django's reloader it ends the server."""
    exits = SIGNALS["app/apps.py"].replace(
        "    handled =", "    if file_path.suffix == '.txt': sys.exit(3)\n    handled ="
    )
    site = pair.other_site(files={**SIGNALS, "app/apps.py": "import sys\n" + exits})
    with site.serve(str(free_port())) as server:
        before = pid_of(server)
        write_and_rename(site.root / "data/one.txt", "more")
        assert "the project watches it" in server.err.wait_for(r"^reload 2 .*$")[0]
        assert pid_of(server) != before


def _save_until_noted(site: Site, file: str, text: str, notes: Path, note: str) -> None:
    """Save and wait for the receiver's note; for Django again, where the save came before its first look."""
    write(site.root / file, text)
    for ahead in range(1, 10) if site.peer is DJANGO else ():
        try:
            return wait_for_content(notes, note, within=2)
        except AssertionError:
            move_time(site.root / file, ahead)
    wait_for_content(notes, note)


# ---- restarts -------------------------------------------------------------------------------------------------------


def test_reload_is_one_line_and_keeps_the_port(pair: Pair) -> None:
    """Django prints checks and banner again, and takes another port where the system chooses."""

    def scenario(site: Site) -> Observation:
        with site.serve("0") as server:
            before = server.out.here()
            save(site, server, "app/views.py", '"one"', '"two"')
            if site.peer is DJANGO:
                again = server.out.wait_for(r":(\d+)/$", after=before)
                return {"word": Server(server.running, "127.0.0.1", int(again[1])).get().text, "out": "banner"}
            word = server.get("/").text
            line = server.err.wait_for(r"^reload 2 .*$")[0]
            return {"word": word, "line": line, "out": server.out.text(before), "end": str(server.stop())}

    django, other = pair.both(scenario)
    assert django == {"word": "the word is two", "out": "banner"}
    if not SELF_TEST:
        assert other["word"] == "the word is two"
        assert re.fullmatch(r"reload 2 · resume · app/views\.py · .+ · \d+ modules again · \d+ ms", other["line"])
        assert "Starting" not in other["out"]
        assert other["end"] == "0"


def test_change_that_django_does_not_notice(pair: Pair) -> None:
    """A file that gets an older modification time, and one that is deleted."""

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port())) as server:
            pid = pid_of(server)
            views = site.root / "app/views.py"
            text, old = views.read_text().replace('"one"', '"two"'), views.stat().st_mtime - 3600
            beside = views.with_suffix(".new")
            write(beside, text)
            os.utime(beside, (old, old))
            os.replace(beside, views)
            if site.peer is DJANGO:
                _wait_two_looks(site, server)
            word = server.get("/").text
            (site.root / "app/extra.py").unlink()
            if site.peer is DJANGO:
                _wait_two_looks(site, server)
            return {
                "word": word,
                "after deletion": str(server.get("/").status),
                "same": str(pid_of_or_none(server) == pid),
            }

    files = {"app/extra.py": "", "proj/wsgi.py": "import app.extra\n" + WSGI}
    django, other = pair.both(scenario, files=files)
    assert django == {"word": "the word is one", "after deletion": "200", "same": "True"}
    assert SELF_TEST or other == {"word": "the word is two", "after deletion": "500", "same": "False"}


def pid_of_or_none(server: Server) -> int | None:
    answer = server.get("/facts/")
    return int(answer.json()["pid"]) if answer.status == 200 else None


def _wait_two_looks(site: Site, server: Server) -> None:
    """Django's reloader has looked at all files since now: templates that were saved now, one by one, are shown."""
    for text in ("look one", "look two"):
        write(site.root / "templates/page.html", text)
        assert answer_after(site, server, "templates/page.html", "/template/", text) == text


def test_request_right_after_a_save_gets_the_new_code(pair: Pair) -> None:
    """Django's reloader answers with the old code until it looks, and refuses connections while it starts again."""

    def scenario(site: Site) -> Observation:
        with site.serve(str(free_port()), told=(CHECKED,)) as server:
            edit(site.root / "app/views.py", '"one"', '"two"')
            return {"word": server.get("/").text}

    django, other = pair.both(scenario)
    assert django == {"word": "the word is one"}
    assert SELF_TEST or other == {"word": "the word is two"}


TAGS = "from django import template\n\nregister = template.Library()\n"


@pytest.mark.skipif(SELF_TEST, reason="in Afresh's place Django would answer nothing more")
def test_template_tags_that_fail_are_an_error_of_the_start(pair: Pair) -> None:
    """At the first start and after a short way alike: the template engines are loaded before anybody is answered."""
    files = {"app/templatetags/__init__.py": "", "app/templatetags/words.py": TAGS}
    site = pair.sites(files=files)[1]
    with site.serve(str(free_port())) as server:
        for old, new in (("one", "two"), ("two", "three")):
            edit(site.root / "app/views.py", f'"{old}"', f'"{new}"')
            assert server.get("/").text == f"the word is {new}"
        write(site.root / "templates/page.html", "{{ word }} and cake")
        assert server.get("/template/").text == "three and cake"
        write(site.root / "app/templatetags/words.py", TAGS + "raise RuntimeError('no words')\n")
        server.err.wait_for("no words")
        answer = server.get("/")
        assert (answer.status, "no words" in answer.text) == (500, True)
        write(site.root / "app/templatetags/words.py", TAGS)
        assert server.get("/").text == "the word is three"
