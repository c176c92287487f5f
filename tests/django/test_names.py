"""Names and texts that are not UTF-8: Python holds them with lone surrogates (PEP 383)."""

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from afresh.testing.edits import edit, write
from afresh.testing.server import Server

from .differences import Observation
from .project import VIEWS
from .sides import AFRESH, AFRESH_COMMAND, DJANGO, Pair, Peer, Site
from .test_errors import first_failure

ODD = os.fsdecode(b"caf\xe9")
HEARS_OF_CHANGES = """
import sys

from django.dispatch import receiver
from django.utils.autoreload import autoreload_started, file_changed


@receiver(autoreload_started)
def watch(sender, **kwargs):
    sender.watch_dir("caf\\udce9", "*.txt")


@receiver(file_changed)
def changed(sender, file_path, **kwargs):
    if file_path.suffix == ".txt":
        # In one piece, and not in the middle of a line of the access log.
        sys.stderr.write(f"\\nchanged: {ascii(file_path.name)}\\n")
        return True
"""


@pytest.mark.parametrize("peer", [AFRESH, AFRESH_COMMAND], ids=lambda peer: peer.name)
@pytest.mark.parametrize("is_relative", [True, False], ids=["manage.py", "whole path"])
def test_project_in_a_folder_whose_name_is_not_utf_8(tmp_path: Path, peer: Peer, is_relative: bool) -> None:
    pair = Pair(tmp_path / ODD, peer)

    def scenario(site: Site) -> Observation:
        with site.serve(command=command(site, "0")) as server:
            seen = {"word": server.get("/").text, "page": server.get("/template/").text}
            return seen | {"status": str(server.stop())}

    def command(site: Site, *arguments: str) -> tuple[str, ...]:
        words = site.command(*arguments)
        return words if is_relative else tuple(str(site.root / word) if word == "manage.py" else word for word in words)

    assert pair.compare(scenario)["word"] == "the word is one"


def test_save_break_and_mend_in_such_a_folder(tmp_path: Path) -> None:
    site = Pair(tmp_path / ODD).other_site()
    views = site.root / "app" / "views.py"
    with site.serve("0") as server:
        edit(views, '"one"', '"two"')
        assert server.get("/").text == "the word is two"
        edit(views, 'WORD = "two"', "WORD = broken")
        answer = server.get("/")
        assert answer.status == 500
        assert "caf\\udce9" in answer.text
        edit(views, "WORD = broken", 'WORD = "three"')
        assert server.get("/").text == "the word is three"
        edit(views, 'WORD = "three"', "WORD = broken")
        assert server.get("/").status == 500
        assert server.stop() == 0
        assert "Traceback" not in server.err.text()


def test_error_message_that_is_not_utf_8(pair: Pair) -> None:
    site = pair.other_site()
    with site.serve("0") as server:
        edit(site.root / "app" / "views.py", 'WORD = "one"', 'raise ValueError("caf\\udce9")\nWORD = "one"')
        answer = server.get("/")
        assert answer.status == 500
        assert "ValueError: caf\\udce9" in answer.text
        edit(site.root / "app" / "views.py", 'raise ValueError("caf\\udce9")', "")
        assert server.get("/").text == "the word is one"
        assert server.stop() == 0


def test_failing_check_that_is_not_utf_8(pair: Pair) -> None:
    check = """
from django.core import checks


@checks.register
def odd(**kwargs):
    return [checks.Error("caf\\udce9 is missing", id="app.E001")]
"""
    site = pair.other_site(files={"app/views.py": VIEWS + check})
    with site.serve("0", told=()) as server:
        server.err.wait_for("app.E001")
        assert "caf\\udce9 is missing" in first_failure(server).text
        assert server.stop() == 0


def test_watched_folder_and_host_that_are_not_utf_8(pair: Pair, tmp_path: Path) -> None:
    def scenario(site: Site) -> Observation:
        file = site.root / ODD / f"{ODD}.txt"
        with site.serve("0") as server:
            server.get("/")
            heard = _change_until_heard(site, server, file)
            return {"heard": heard, "status": str(server.stop())}

    files = {"app/views.py": VIEWS + HEARS_OF_CHANGES, f"{ODD}/{ODD}.txt": "one"}
    seen = pair.compare(scenario, files=files, settings="\nALLOWED_HOSTS = ['caf\\udce9', '*']\n")
    assert seen["heard"] == r"'caf\udce9.txt'"


def _change_until_heard(site: Site, server: Server, file: Path) -> str:
    """Save, for Django again and again: it takes no notice of what came before its first look."""
    write(file, "two")
    for ahead in range(1, 10):
        with suppress(AssertionError):
            return server.err.wait_for(r"changed: (?P<name>.*)\n", within=2)["name"]
        if site.peer is DJANGO:
            later = time.time() + ahead
            os.utime(file, (later, later))
    raise AssertionError(server.running.told())
