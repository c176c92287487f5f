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

APPLICATION = """\
import hashlib, json, os
from version import VERSION
from other import OTHER

POSTS = os.open(os.path.join(os.path.dirname(__file__), "posts.txt"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def app(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["REQUEST_METHOD"] == "POST":
        os.write(POSTS, environ["HTTP_X_ID"].encode() + b"\\n")
    answer = json.dumps([VERSION, OTHER, hashlib.sha256(body).hexdigest()]).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
"""
FIRST = 100_000  # versions keep their length, so that size and whole-second mtime do not tell two saves apart
PATIENCE = 60.0


@dataclass
class Storm:
    """The load and the saves. `problems` is the verdict: kinds of failure with their number."""

    folder: Path
    port: int
    seed: int
    saved: tuple[int, int] = (FIRST, FIRST)
    problems: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    answers: int = 0
    posted: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

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
        styles: list[Callable[[int], tuple[int, int]]] = [
            self._truncate_and_write,
            self._in_pieces,
            self._write_and_rename,
            self._several,
            self._delete_and_write,
        ]
        saved = dice.choice(styles)(number)
        # Only now has the save ended: requests that are sent from here on must see it.
        self.saved = saved

    def _truncate_and_write(self, number: int) -> tuple[int, int]:
        (self.folder / "version.py").write_text(f"VERSION = {number}\n")
        return number, self.saved[1]

    def _in_pieces(self, number: int) -> tuple[int, int]:
        with open(self.folder / "version.py", "w") as file:
            file.write("VERSION = ")
            file.flush()
            file.write(f"{number}\n")
        return number, self.saved[1]

    def _write_and_rename(self, number: int) -> tuple[int, int]:
        temporary = self.folder / "version.py.tmp"
        temporary.write_text(f"VERSION = {number}\n")
        os.replace(temporary, self.folder / "version.py")
        return number, self.saved[1]

    def _several(self, number: int) -> tuple[int, int]:
        (self.folder / "version.py").write_text(f"VERSION = {number}\n")
        (self.folder / "other.py").write_text(f"OTHER = {number}\n")
        return number, number

    def _delete_and_write(self, number: int) -> tuple[int, int]:
        (self.folder / "version.py").unlink()
        (self.folder / "version.py").write_text(f"VERSION = {number}\n")
        return number, self.saved[1]

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
        expected = self.saved
        connection.request(method, "/", body, headers)
        response = connection.getresponse()
        text = response.read().decode()
        if response.status != 200:
            self._problem(f"status {response.status}", text[:300])
            return
        version, other, digest = json.loads(text)
        if version < expected[0] or other < expected[1]:
            self._problem("stale", f"{method} keep={keep}: {(version, other)} after {expected} was saved")
        if body is not None:
            self.posted.append(identity)
            import hashlib

            if hashlib.sha256(body).hexdigest() != digest:
                self._problem("body garbled", method)
        with self._lock:
            self.answers += 1

    def _await_answer_of(self, version: tuple[int, int]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", "/", headers={"X-Id": "last"})
        answer = connection.getresponse().read()
        connection.close()
        if tuple(json.loads(answer)[:2]) != version:
            self._problem("stale", f"the last answer is {answer!r} after {version}")

    def _problem(self, kind: str, example: str) -> None:
        with self._lock:
            self.problems[kind] += 1
            if len(self.examples) < 20:
                self.examples.append(f"{kind}: {example}")


def write_project(folder: Path) -> None:
    (folder / "application.py").write_text(APPLICATION)
    (folder / "version.py").write_text(f"VERSION = {FIRST}\n")
    (folder / "other.py").write_text(f"OTHER = {FIRST}\n")
