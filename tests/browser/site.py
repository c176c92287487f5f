"""A small application with files of its own, served by Afresh, for pages in a real browser."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import afresh
from afresh.testing.deadline import Deadline
from afresh.testing.edits import edit
from afresh.testing.server import Server, started_server

APPLICATION = '''\
import mimetypes, os
from urllib.parse import parse_qs

HERE = os.path.dirname(os.path.abspath(__file__))
WORD = "one"
HEAD = """<link rel=stylesheet href=/static/style.css><script src=/static/app.js></script>
<script type=module src=/static/module.js></script>"""


def app(environ, start_response):
    path = environ["PATH_INFO"]
    query = parse_qs(environ["QUERY_STRING"])
    fields = [tuple(line.split(": ", 1)) for line in query.get("field", [])]
    if path.startswith("/static/"):
        kind = mimetypes.guess_type(path)[0]
        start_response("200 OK", [("Content-Type", kind), ("Cache-Control", "no-cache"), *fields])
        with open(HERE + path, "rb") as file:
            return [file.read()]
    if path == "/fail":
        raise RuntimeError("<script>window.foreign = 1</script> failed")
    if path == "/cached" and environ.get("HTTP_IF_NONE_MATCH"):
        start_response("304 Not Modified", [("ETag", '"same"')])
        return []
    if path == "/cached":
        fields.append(("ETag", '"same"'))
    nonce = query.get("nonce", [""])[0]
    attribute = f' nonce="{nonce}"' if nonce else ""
    body = f"""<!doctype html><html><head><title>{view()}</title>{HEAD if not nonce else ""}
<script{attribute}>window.loaded = 1 + Number(sessionStorage.loaded ?? 0); sessionStorage.loaded = loaded;</script>
</head><body><h1>{view()}</h1><img src=/static/logo.svg><form method=post><input id=field name=a><button>Send</button>
</form><p>{environ["REQUEST_METHOD"]}</p><a href=/other>other</a>
<div class=end>end</div></body></html>"""
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), *fields])
    return [body.encode()]


def view():
    return WORD + " body"
'''
MANAGE = """\
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
FILES = {
    "application.py": APPLICATION,
    "static/style.css": '@import "imported.css";\nh1 { color: rgb(1, 2, 3); }\n.end { margin-top: 3000px; }\n',
    "static/imported.css": "p { color: rgb(4, 5, 6); }\n",
    "static/logo.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"></svg>',
    "static/app.js": "window.app = 1;\n",
    "static/module.js": 'import { word } from "./deep.js";\nwindow.deep = word;\n',
    "static/deep.js": 'export const word = "deep";\n',
    "static/unused.js": "",
    "static/unused.css": "",
}


class Site:
    """The running application."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root = root
        self.server = server
        self.url = f"http://127.0.0.1:{server.port}"

    def edit(self, file: str, old: str, new: str) -> None:
        edit(self.root / file, old, new)

    def wait_watched(self) -> None:
        """Wait until the folder of static files is watched, which it is not before a second has passed."""
        inode = f" ino:{os.stat(self.root / 'static').st_ino:x} "
        deadline = Deadline()
        while not any(inode in text for text in self._fdinfo()):
            assert not deadline.passed(), "the project folder is not watched"
            os.sched_yield()

    def _fdinfo(self) -> Iterator[str]:
        folder = Path(f"/proc/{self.server.running.pid}/fdinfo")
        for file in folder.iterdir():
            with suppress(OSError):
                yield file.read_text()

    def wait_for_streams(self, count: int) -> None:
        """Until the keeper holds so many: a tab that gives up its own may take a moment to do so."""
        deadline = Deadline()
        while self.streams() != count:
            assert not deadline.passed(), f"{self.streams()} streams"
            os.sched_yield()

    def streams(self) -> int:
        """How many sockets of clients the keeper holds."""
        folder = Path(f"/proc/{self.server.running.pid}/fd")
        inodes = set()
        for file in folder.iterdir():
            with suppress(OSError):
                inodes.add(os.readlink(file))
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(row[3] == "01" and f"socket:[{row[9]}]" in inodes for row in rows)

    @property
    def link(self) -> str:
        """The dashboard's address with its key."""
        return link_of(self.server)


EXAMPLE = Path(__file__).parents[2] / "example"


@contextmanager
def example_at(root: Path, more: Mapping[str, str]) -> Iterator[Server]:
    """Copy the example, add texts to the ends of its files (those there are none of yet are made), and serve it."""
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("db.sqlite3*", "__pycache__", "media"))
    for name, text in more.items():
        with open(root / name, "a", encoding="utf-8") as file:
            file.write(text)
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(afresh.__file__).parent.parent), "LANG": "C.UTF-8"}
    subprocess.run((sys.executable, "manage.py", "migrate", "-v0"), cwd=root, check=True, env=environ)
    command = (sys.executable, "manage.py", "runserver", "0")
    with started_server(command, cwd=root, env={**environ, "PYTHONUNBUFFERED": "1"}) as server:
        yield server


def link_of(server: Server) -> str:
    """The dashboard's address with its key."""
    return server.err.wait_for(r"^Dashboard: (?P<link>\S+)\n")["link"]


@contextmanager
def site_at(root: Path, *options: str, port: int = 0) -> Iterator[Site]:
    """Write the files where there are none yet, and serve them."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if not (root / name).exists():
            (root / name).write_text(text, encoding="utf-8")
    command = (sys.executable, "-m", "afresh", "application:app", str(port), *options)
    with started_server(command, cwd=root, env={**os.environ, "PYTHONUNBUFFERED": ""}) as server:
        site = Site(root, server)
        site.wait_watched()
        yield site
