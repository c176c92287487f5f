"""A save storm: constant load on every kind of connection while files are saved at random moments, and a verdict."""

import http.client
import json
import os
import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# What a file is edited in decides what way the reload takes: the statements of a module, early or late in the start; a
# function's body; one half of a class; a decorator's argument; a package and what is in it; data that the start reads;
# a folder that it lists; a module that only a request imports; a file and a template that only requests read, and keep.
FILES = {
    "version.py": "VERSION = {version}\n",
    "body.py": "def body():\n    return {body}\n",
    "shape.py": """\
import functools

UNIT = 1


class Shape:
    side = {side}

    @functools.lru_cache
    def area(self):
        return {area}


def rows():
    yield {rows}


LATE = {late}
""",
    "dataset.py": "import pathlib\n\nDATA = int(pathlib.Path(__file__).with_name('data.txt').read_text())\n",
    "data.txt": "{data}\n",
    "lazy.py": "LAZY = {lazy}\n",
    "words.json": '{{"read": {read}}}\n',
    "page.html": "{template}\n",
    "site.css": "p {{ order: {style} }}\n",
    "other.py": "OTHER = {other}\n",
    "decorated.py": """\
def plus(number):
    def decorate(function):
        return lambda: function() + number
    return decorate


@plus({decorator})
def decorated():
    return 0
""",
    "package/__init__.py": "PACKAGE = {package}\n",
    "package/inner.py": "from package import PACKAGE\n\nINNER = {inner}\n",
    "plugins/__init__.py": """\
import importlib, pathlib

NAMES = sorted(file.stem for file in pathlib.Path(__file__).parent.glob("p*.py"))
PLUGIN = importlib.import_module("plugins." + NAMES[-1]).NUMBER
""",
    "application.py": """\
import functools, hashlib, json, os
from version import VERSION
from body import body
from shape import LATE, Shape, rows
from dataset import DATA
from other import OTHER
from decorated import decorated
from package.inner import INNER, PACKAGE
from plugins import PLUGIN

POSTS = os.path.join(os.path.dirname(__file__), "posts.txt")
shape = Shape()

@functools.cache
def kept(name):
    with open(os.path.join(os.path.dirname(__file__), name)) as file:
        return file.read()

def app(environ, start_response):
    from lazy import LAZY
    received = environ["wsgi.input"].read()
    if environ["REQUEST_METHOD"] == "POST":
        posts = os.open(POSTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(posts, environ["HTTP_X_ID"].encode() + b"\\n")
        os.close(posts)
    read, template = json.loads(kept("words.json"))["read"], int(kept("page.html"))
    seen = dict(read=read, template=template)
    seen.update(version=VERSION, body=body(), side=shape.side, area=shape.area(), rows=next(rows()), late=LATE,
                data=DATA, lazy=LAZY, other=OTHER, decorator=decorated(), package=PACKAGE, inner=INNER, plugin=PLUGIN)
    answer = json.dumps([seen, hashlib.sha256(received).hexdigest()]).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
""",
}
# Which file each part of a version is in.
PLACES = {
    "version": "version.py",
    "body": "body.py",
    "side": "shape.py",
    "area": "shape.py",
    "rows": "shape.py",
    "late": "shape.py",
    "data": "data.txt",
    "lazy": "lazy.py",
    "read": "words.json",
    "template": "page.html",
    "other": "other.py",
    "decorator": "decorated.py",
    "package": "package/__init__.py",
    "inner": "package/inner.py",
    "plugin": "plugins",
}
UNUSED = "site.css"  # which no server reads
BODIES = ("body", "area", "rows")
WHOLE = ("application.py", "plugins/__init__.py")  # without a version in them
BY_REQUESTS = ("lazy.py", "words.json", "page.html")
PLUGIN = "NUMBER = {plugin}\n"
BROKEN = "def broken(:\n"
FIRST = 100_000  # versions keep their length, so that size and whole-second mtime do not tell two saves apart
PATIENCE = 60.0


@dataclass
class Storm:
    """The load and the saves. `problems` is the verdict: kinds of failure with their number."""

    folder: Path
    port: int
    seed: int
    saved: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PLACES, FIRST))
    problems: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    answers: int = 0
    failures: int = 0
    posted: list[str] = field(default_factory=list)
    ways: Counter[str] = field(default_factory=Counter)  # that the reloads took, as the terminal says
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _breaks: int = 0  # how often code has been saved that does not start: an odd number until it is mended

    def run(self, saves: int, longest_pause: float) -> None:
        """Save `saves` times under load, then let the load see the last version."""
        clients = [
            threading.Thread(target=self._client, args=(method, keep), daemon=True)
            for method in ("GET", "POST")
            for keep in (True, False)
            for _ in range(2)
        ]
        for client in clients:
            client.start()
        dice = random.Random(self.seed)
        for number in range(1, saves + 1):
            if self.problems:
                break
            self._save(FIRST + number, dice)
            # Short pauses meet a reload that is running, long ones a server at rest.
            self._stop.wait(dice.choice((0.0, 0.01, 0.05, dice.random() * longest_pause)))
        self._await_answer_of(self.saved)
        self._stop.set()
        for client in clients:
            client.join(PATIENCE)
            if client.is_alive():
                self._problem("a client never got its answer", "")
        written = Counter((self.folder / "posts.txt").read_text().split())
        for identity in self.posted:
            if written[identity] != 1:
                self._problem("POST lost" if written[identity] == 0 else "POST duplicated", identity)

    # ---- saving ---------------------------------------------------------------------------------------------------

    def _save(self, number: int, dice: random.Random) -> None:
        styles: list[Callable[[Path, str], object]] = [
            self._truncate_and_write,
            self._in_pieces,
            self._write_and_rename,
            self._delete_and_write,
        ]
        # Of many kinds at once: as `git checkout`, "save all" and find-and-replace do, in any order and at any pace.
        several = dice.choice((1, 1, 1, 2, 4, 8))
        edited = dice.choice((dice.sample(BODIES, 1), dice.sample(sorted(PLACES), several)))
        saved = {**self.saved, **dict.fromkeys(edited, number)}
        spacing = dice.choice((0.0, 0.0, 0.001, 0.005, 0.02, 0.05))
        names = sorted({PLACES[part] for part in edited})
        dice.shuffle(names)
        if dice.random() < 0.2:
            (self.folder / UNUSED).write_text(FILES[UNUSED].format(style=number))
        for position, name in enumerate(names):
            if position and spacing:
                self._stop.wait(spacing)
            if name == "plugins":
                self._add_and_remove(self.folder / name, number)
                continue
            # A request that is sent before a save has ended may import what is half written, and say so with a 500.
            # So may one that reads half a file and keeps it, and say what it makes of that.
            style = self._write_and_rename if name in BY_REQUESTS else dice.choice(styles)
            if name.endswith(".py") and name != "lazy.py" and dice.random() < 0.1:
                self._breaks += 1
                style(self.folder / name, BROKEN)
                self._stop.wait(dice.choice((0.0, 0.05, 0.5)))
            style(self.folder / name, FILES[name].format(**saved))
            self._breaks += self._breaks % 2
        # Only now has the save ended: requests that are sent from here on must see it.
        self.saved = saved

    @staticmethod
    def _truncate_and_write(path: Path, text: str) -> None:
        path.write_text(text)

    @staticmethod
    def _in_pieces(path: Path, text: str) -> None:
        with open(path, "w") as file:
            file.write(text[:9])
            file.flush()
            file.write(text[9:])

    @staticmethod
    def _write_and_rename(path: Path, text: str) -> None:
        temporary = path.with_name(path.name + ".tmp")
        temporary.write_text(text)
        os.replace(temporary, path)

    @staticmethod
    def _add_and_remove(folder: Path, number: int) -> None:
        before = sorted(folder.glob("p*.py"))
        (folder / f"p{number}.py").write_text(PLUGIN.format(plugin=number))
        for path in before:
            path.unlink()

    @staticmethod
    def _delete_and_write(path: Path, text: str) -> None:
        path.unlink()
        path.write_text(text)

    # ---- load -----------------------------------------------------------------------------------------------------

    def _client(self, method: str, keep: bool) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self._stop.is_set():
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                self._request(connection, method, keep)
            except (OSError, http.client.HTTPException) as exc:
                kind = "refused" if isinstance(exc, ConnectionRefusedError) else "cut"
                self._problem(kind, f"{method} keep={keep}: {exc!r}")
                connection.close()
                connection = None
            if not keep and connection is not None:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def _request(self, connection: http.client.HTTPConnection, method: str, keep: bool) -> None:
        identity = uuid.uuid4().hex
        body = os.urandom(random.choice((10, 3_000, 100_000))) if method == "POST" else None
        headers = {"X-Id": identity, "Connection": "keep-alive" if keep else "close"}
        expected, breaks = self.saved, self._breaks
        connection.request(method, "/", body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        if response.status == 500 and (breaks % 2 or breaks != self._breaks) and "SyntaxError" in text:
            self.failures += 1
            return
        if response.status != 200:
            self._problem(f"status {response.status}", text[:300])
            return
        seen, digest = json.loads(text)
        stale = {part: (seen[part], version) for part, version in expected.items() if seen[part] < version}
        if stale:
            self._problem("stale", f"{method} keep={keep}: answered and saved are {stale}")
        if body is not None:
            self.posted.append(identity)
            import hashlib

            if hashlib.sha256(body).hexdigest() != digest:
                self._problem("body garbled", method)
        with self._lock:
            self.answers += 1

    def _await_answer_of(self, version: dict[str, int]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", "/", headers={"X-Id": "last"})
        answer = connection.getresponse().read()
        connection.close()
        if json.loads(answer)[0] != version:
            self._problem("stale", f"the last answer is {answer!r} after {version}")

    def _problem(self, kind: str, example: str) -> None:
        with self._lock:
            self.problems[kind] += 1
            if len(self.examples) < 20:
                self.examples.append(f"{kind}: {example}")


def write_project(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text if name in WHOLE else text.format(**dict.fromkeys([*PLACES, "style"], FIRST)))
    (folder / f"plugins/p{FIRST}.py").write_text(PLUGIN.format(plugin=FIRST))
