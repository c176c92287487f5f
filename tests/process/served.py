"""A project served by `afresh module:app`, its edits, and what the terminal and the process table tell of them."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from afresh.testing.client import Answer
from afresh.testing.deadline import PATIENCE, Deadline
from afresh.testing.edits import edit
from afresh.testing.processes import look_up
from afresh.testing.server import Server, started_server

RELOAD = r"^reload (?P<generation>\d+) · (?P<way>[a-z]+) · (?P<place>[^·\n]*)(?P<more>.*) ms$"
COMMAND = ("-m", "afresh", "application:app", "0")

APPLICATION = """\
import {modules}

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [str({answer}).encode()]
"""


class Served:
    """A running server of the project at `root`."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root = root
        self.server = server
        self.running = server.running

    def get(self, path: str = "/") -> str:
        """The body of an answer that is expected to be a good one."""
        answer = self.server.get(path)
        assert answer.status == 200, f"{answer.status}: {answer.text}\n{self.running.told()}"
        return answer.text

    def ask(self, path: str = "/") -> Answer:
        """Any answer."""
        return self.server.get(path)

    def edit(self, file: str, old: str, new: str) -> "Reload":
        """Save an edit that reloads; what the terminal says of it, after the first answer."""
        told = self.server.err.here()
        edit(self.root / file, old, new)
        return self.reload_after(told)

    def reload_after(self, told: int) -> "Reload":
        """What the terminal says of the next reload told after that offset; a request is answered before."""
        self.get()
        found = self.server.err.wait_for(RELOAD, after=told)
        return Reload(found)

    def keeper(self) -> int:
        return self.running.pid

    def app_processes(self) -> list[int]:
        """The processes that run the project, by age."""
        return sorted(one.pid for one in self.running.alive() if one.pid != self.running.pid)

    def server_pid(self) -> int:
        """The process that answers, for applications that tell it at "/pid"."""
        return int(self.get("/pid"))


class Reload:
    """One reload as the terminal tells it."""

    def __init__(self, found: re.Match[str]) -> None:
        self.line = found[0]
        self.generation = int(found["generation"])
        self.way = found["way"]
        self.place = found["place"].strip()

    def __repr__(self) -> str:
        return f"<Reload {self.line}>"


@contextmanager
def served(
    root: Path, files: Mapping[str, str], *, python: str = sys.executable, serve_first: float = 0.0
) -> Iterator[Served]:
    """Write the files below `root` and serve `application:app` until the end of the block.

    Without `serve_first` functions can be exchanged right after any other edit.
    """
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONUNBUFFERED": "", "AFRESH_SERVE_FIRST": str(serve_first)}
    with started_server((python, *COMMAND), cwd=root, env=environment) as server:
        yield Served(root, server)


def until(condition: object, *, within: float = PATIENCE) -> None:
    """Look again and again, as fast as it goes, until `condition()` holds: for what no event tells of."""
    assert callable(condition)
    deadline = Deadline(within)
    while not condition():
        assert not deadline.passed(), f"{within:g} s passed"
        os.sched_yield()


def zombies(parents: list[int]) -> list[int]:
    """Children that have ended and that their parents have not asked about."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := stat_fields(int(name))) and fields[0] == "Z" and int(fields[1]) in parents:
            found.append(int(name))
    return found


def stat_fields(pid: int) -> list[str]:
    """The fields of `/proc/pid/stat` from the state on; empty for a process that is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_living(pid: int) -> bool:
    return look_up(pid) is not None
