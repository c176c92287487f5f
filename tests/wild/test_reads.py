"""What was read while answering, and kept: the next answer after a save is made of what was saved."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.process.served import served

from afresh.testing.deadline import Deadline
from afresh.testing.edits import write, write_and_rename

from .base import Project, deleted, renamed_over, written

VIEWS = """\
import functools, json, os, pathlib, sqlite3, subprocess, sys

from django.http import FileResponse, HttpResponse
from django.template.loader import render_to_string
from django.shortcuts import render

ROOT = pathlib.Path(__file__).parent.parent


@functools.cache
def kept(name):
    try:
        return (ROOT / name).read_text()
    except OSError:
        return "none"


@functools.cache
def loaded(name):
    with open(ROOT / name) as file:
        return json.load(file)


@functools.cache
def by_descriptor(name):
    descriptor = os.open(os.fsencode(ROOT / name), os.O_RDONLY)
    try:
        return os.read(descriptor, 100).decode()
    finally:
        os.close(descriptor)


def page(request):
    a = "b0"
    return render(request, "p.html", {"a": a})


def answer(*parts):
    return HttpResponse(" ".join(map(str, parts)))


def words(request):
    return answer(loaded("words.json")["word"], kept("words.txt"), by_descriptor("words.bin"), os.getpid())


def in_templates(request):
    return answer(kept("templates/shown.html"), os.getpid())


def own(request):
    '''Reads and writes the same file.'''
    count = int((ROOT / "count.txt").read_text()) + 1
    (ROOT / "count.txt").write_text(str(count))
    new = ROOT / "count.new"
    new.write_text(str(count))
    os.replace(new, ROOT / "renamed.txt")
    with open(ROOT / "renamed.txt") as file:
        return answer(file.read(), os.getpid())


def by_child(request):
    '''Reads a file that a child process then writes.'''
    before = (ROOT / "child.txt").read_text()
    subprocess.run(["sh", "-c", "printf x >> child.txt"], cwd=ROOT, check=True)
    return HttpResponse(f"<!doctype html><title>x</title><p>{len(before)} {os.getpid()}")


def unkept(request):
    '''A log, a database and a file that is sent as it is.'''
    (ROOT / "app.log").read_text()
    (ROOT / "db.sqlite3").read_bytes()
    (ROOT / "data.store").read_bytes()
    return answer(os.getpid())


def picture(request):
    from django.views.static import serve
    return serve(request, "site.css", document_root=ROOT / "media")
"""
URLS = """\
from django.urls import path

from site1 import views

names = ("words", "in_templates", "own", "by_child", "unkept", "picture")
urlpatterns = [path("", views.page), *(path(f"{name}/", getattr(views, name)) for name in names)]
"""
FILES = {
    "site1/views.py": VIEWS,
    "site1/urls.py": URLS,
    "words.json": '{"word": "w0"}',
    "words.txt": "t0",
    "words.bin": "d0",
    "templates/shown.html": "h0",
    "count.txt": "0",
    "child.txt": "",
    "app.log": "",
    "media/site.css": "p {}",
}


def pid_of(text: str) -> int:
    return int(text.split()[-1])


def test_what_a_view_has_read_and_kept(project: Project) -> None:
    project.write(FILES)
    with project.serve() as served:
        assert served.get("/words/").startswith("w0 t0 d0 ")
        for number, save in enumerate((written, renamed_over) * 3, 1):
            served.save(save("words.json", f'{{"word": "w{number}"}}'))
            assert served.get("/words/").startswith(f"w{number} t{number - 1} d{number - 1} ")
            served.save(save("words.txt", f"t{number}"), save("words.bin", f"d{number}"))
            assert served.get("/words/").startswith(f"w{number} t{number} d{number} ")
        served.save(deleted("words.txt"))
        assert " none " in served.get("/words/")
        served.save(written("words.txt", "again"))
        assert " again " in served.get("/words/")
        # Why depends on how soon after the edit before it comes.
        assert "resume · words.txt · " in served.told()
        pid = pid_of(served.get("/words/"))
        served.save(written("notes.txt", "nobody reads this"))
        assert pid_of(served.get("/words/")) == pid


def test_templates_are_still_fresh_without_another_server(project: Project) -> None:
    """But one that code has read by itself and kept is not Django's affair alone."""
    project.write(FILES)
    with project.serve() as served:
        assert served.get() == "b0|t0"
        pid = pid_of(served.get("/words/"))
        served.save(written("templates/p.html", "{{ a }}|t1"))
        assert served.get() == "b0|t1"
        assert pid_of(served.get("/words/")) == pid
        assert served.get("/in_templates/").startswith("h0 ")
        served.save(written("templates/shown.html", "h1"))
        assert served.get("/in_templates/").startswith("h1 ")


def test_what_a_server_writes_itself_is_no_edit(project: Project) -> None:
    project.write(FILES)
    with project.serve() as served:
        pids = set()
        for number in range(1, 9):
            count, pid = served.get("/own/").split()
            assert int(count) == number
            pids.add(pid)
        assert len(pids) == 1
        served.save(written("site1/views.py", VIEWS.replace('"b0"', '"b1"')))
        assert [served.get("/own/").split()[0] for _ in range(3)] == ["9", "10", "11"]
        assert served.get() == "b1|t0"


def test_logs_databases_and_what_is_sent_as_it_is_are_no_edits(project: Project) -> None:
    project.write(FILES)
    for name in ("db.sqlite3", "data.store"):
        with closing(sqlite3.connect(project.root / name)) as database:
            database.executescript("create table t (x)")
    with project.serve() as served:
        pid = pid_of(served.get("/unkept/"))
        assert served.get("/picture/") == "p {}"
        for name in ("db.sqlite3", "data.store"):
            with closing(sqlite3.connect(served.root / name)) as database, database:
                database.execute("insert into t values (1)")
        served.save(written("app.log", "one more"), written("media/site.css", "p { color: red }"))
        assert served.get("/picture/") == "p { color: red }"
        assert pid_of(served.get("/unkept/")) == pid


def test_a_page_that_changes_what_it_reads_is_not_followed_for_ever(project: Project) -> None:
    """As a browser does: each time that the stream tells of another server, the page is asked for."""
    project.write(FILES)
    with project.serve() as served, served.news() as news:
        turn, deadline = next(news)["turn"], Deadline()
        while "open pages do not follow it" not in served.told():
            assert not deadline.passed()
            served.get("/by_child/")
            turn = max(turn, next(news)["turn"])
        assert "child.txt changes whenever it is read: open pages do not follow it" in served.told()
        # An edit is followed as ever.
        served.save(written("site1/views.py", VIEWS.replace('"b0"', '"b1"')))
        assert served.get() == "b1|t0"
        while next(news)["turn"] <= turn:
            pass


FLASK = """\
import flask, functools, json, pathlib

app = flask.Flask(__name__)
ROOT = pathlib.Path(__file__).parent


@functools.lru_cache
def words():
    return json.loads((ROOT / "words.json").read_text())


@app.get("/")
def page():
    return flask.render_template("page.html", word=words()["word"])
"""


def test_flask_with_templates_that_are_kept(tmp_path: Path) -> None:
    """Jinja without `auto_reload`, as outside of Flask's debug mode; stylesheets are sent as they are."""
    pytest.importorskip("flask")
    files = {
        "application.py": FLASK,
        "templates/page.html": "{% include 'inner.html' %} {{ word }} t0",
        "templates/inner.html": "i0",
        "static/site.css": "p {}",
        "words.json": '{"word": "w0"}',
    }
    with served(tmp_path, files) as flask:
        assert flask.get() == "i0 w0 t0"
        assert flask.get("/static/site.css") == "p {}"
        for number, save in enumerate((write, write_and_rename), 1):
            save(tmp_path / "templates/page.html", "{% include 'inner.html' %} {{ word }} t" + str(number))
            assert flask.get() == f"i{number - 1} w{number - 1} t{number}"
            save(tmp_path / "templates/inner.html", f"i{number}")
            save(tmp_path / "words.json", f'{{"word": "w{number}"}}')
            assert flask.get() == f"i{number} w{number} t{number}"
        told = flask.server.err.here()
        write(tmp_path / "static/site.css", "p { color: red }")
        assert flask.get("/static/site.css") == "p { color: red }"
        assert "reload" not in flask.server.err.text(told)
