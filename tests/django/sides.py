"""The two sides of a comparison: one command in one project, under Django's own runserver and under Afresh."""

import difflib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import afresh
from afresh.testing.client import Answer
from afresh.testing.edits import edit
from afresh.testing.running import Running, started
from afresh.testing.server import ANNOUNCEMENT, Server, started_server

from .differences import Difference, Observation, expect
from .normal import normal, normal_answer
from .project import build

SELF_TEST = os.environ.get("AFRESH_TEST_SIDES") == "django"
"""Compare Django with itself instead: shows that the cases themselves are deterministic."""


WARNED = r"/howto/deployment/\S*\n"
CHECKED = r"System check identified .*\n"


@dataclass(frozen=True)
class Peer:
    """One way to serve the project: what comes first in INSTALLED_APPS, and the command before its arguments."""

    name: str
    first_app: str
    arguments: tuple[str, ...]


DJANGO = Peer("django", "", ("manage.py", "runserver"))
AFRESH = Peer("afresh", "afresh.django", ("manage.py", "runserver"))
AFRESH_COMMAND = Peer("afresh-command", "", ("-m", "afresh"))


@dataclass(frozen=True)
class Ended:
    """A command that ran to its end."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Site:
    """One copy of the project and how it is served. `env` is added to the environment of everything started in it."""

    root: Path
    peer: Peer
    env: Mapping[str, str] = field(default_factory=dict)
    python: tuple[str, ...] = (sys.executable,)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The whole environment of a command: nothing comes from the shell that runs the tests but PATH."""
        home = self.root.parent / "home"
        home.mkdir(exist_ok=True)
        base = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(Path(afresh.__file__).parent.parent),
            "PYTHONUNBUFFERED": "1",
            "TERM": "xterm",
        }
        return {**base, **self.env, **(extra or {})}

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The command line that serves the project with these arguments of `runserver`."""
        return (*self.python, *self.peer.arguments, *arguments)

    @contextmanager
    def serve(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        terminal: bool = False,
        announcement: str = ANNOUNCEMENT,
        command: tuple[str, ...] = (),
        told: tuple[str, ...] = (WARNED, CHECKED),
    ) -> Iterator[Server]:
        """Serve the project (or run `command` in it) until the end of the block.

        `told`: what else its standard output must show before the block starts.
        """
        with started_server(
            command or self.command(*arguments),
            cwd=self.root,
            env=self.environment(env),
            terminal=terminal,
            announcement=announcement,
        ) as server:
            for pattern in told:
                server.out.wait_for(pattern)
            yield server

    @contextmanager
    def start(self, *arguments: str, env: Mapping[str, str] | None = None, terminal: bool = False) -> Iterator[Running]:
        """Start the command without waiting for anything."""
        with started(self.command(*arguments), cwd=self.root, env=self.environment(env), terminal=terminal) as running:
            yield running

    def run(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run the command to its end; nothing of it may be left."""
        with self.start(*arguments, env=env) as running:
            running.close_input()
            status = running.wait_exit()
            running.wait_alone()
            return Ended(status, running.out.wait_end(), running.err.wait_end())

    def observe(self, ended: Ended | Server, port: int = 0, **answers: Answer) -> Observation:
        """What a user saw, in channels of plain text with times, ports and paths made equal.

        A server is interrupted first; its exit status is observed too.
        """
        if isinstance(ended, Server):
            port = ended.port
            ended = Ended(ended.stop(), ended.out.wait_end(), ended.err.wait_end())
        seen = {"status": str(ended.status), "out": ended.out, "err": ended.err}
        told = {channel: normal(text, self.root, port) for channel, text in seen.items()}
        return told | {f"answer {name}": normal_answer(answer, self.root, port) for name, answer in answers.items()}


Scenario = Callable[[Site], Observation]


@dataclass(frozen=True)
class Pair:
    """Runs scenarios on both sides at the same time, each in a fresh copy of the project."""

    folder: Path
    other: Peer = AFRESH

    def sites(
        self, *, files: Mapping[str, str] | None = None, settings: str = "", env: Mapping[str, str] | None = None
    ) -> tuple[Site, Site]:
        """Fresh copies of the project: Django's and Afresh's."""
        other = DJANGO if SELF_TEST else self.other
        made = []
        for folder, peer in (("django", DJANGO), ("afresh", other)):
            root = self.folder / folder / "project"
            build(root, first_app=peer.first_app, files=files, settings=settings)
            made.append(Site(root, peer, env or {}))
        return made[0], made[1]

    def other_site(self, *, files: Mapping[str, str] | None = None, settings: str = "") -> Site:
        """A fresh copy of the project for Afresh alone, where Django has nothing to compare with."""
        if SELF_TEST:
            pytest.skip("nothing of Django's to compare")
        return self.sites(files=files, settings=settings)[1]

    def compare(
        self,
        scenario: Scenario,
        *rows: Difference,
        files: Mapping[str, str] | None = None,
        settings: str = "",
        env: Mapping[str, str] | None = None,
    ) -> Observation:
        """Assert that both sides show the same but for the intended differences `rows`; returns Django's side."""
        django, other = self.both(scenario, files=files, settings=settings, env=env)
        expected = expect(django, rows)
        if SELF_TEST:
            expected = django
        if other != expected:
            raise AssertionError(_differences(expected, other))
        return django

    def both(
        self,
        scenario: Scenario,
        *,
        files: Mapping[str, str] | None = None,
        settings: str = "",
        env: Mapping[str, str] | None = None,
    ) -> tuple[Observation, Observation]:
        """What a scenario shows on Django's side and on the other."""
        with ThreadPoolExecutor(2) as pool:
            django, other = (
                pool.submit(scenario, site) for site in self.sites(files=files, settings=settings, env=env)
            )
            return django.result(), other.result()


def visit(server: Server, path: str = "/", *, method: str = "GET", **request: Any) -> Answer:
    """One request, and the wait for its line in the access log (which is written after the answer)."""
    before = server.err.here()
    answer = server.get(path, method=method, **request)
    server.err.wait_for(rf'"{method} {re.escape(path)} HTTP/1\.[01]" \d+ ', after=before)
    return answer


def save(site: Site, server: Server, file: str, old: str, new: str) -> None:
    """Replace `old` by `new` in a file of the project, and wait until Django's runserver is back with the new code.

    Afresh needs no wait: a request sent after the save is answered by the new code. Django looks once a second, and
    takes no notice of a change that came before its first look: the modification time is moved on until it does.
    """
    before, noticed = server.out.here(), server.err.here()
    edit(site.root / file, old, new)
    for ahead in range(1, 20) if site.peer is DJANGO else ():
        with suppress(AssertionError):
            server.out.wait_for(WARNED, after=before, within=2)
            return
        if " changed, reloading." in server.err.text(noticed):
            # On a busy machine the restart takes longer. Another change now would restart it once more.
            server.out.wait_for(WARNED, after=before)
            return
        later = time.time() + ahead
        os.utime(site.root / file, (later, later))


def _differences(expected: Observation, other: Observation) -> str:
    """The channels that differ, line by line: `-` is what Afresh was meant to show, `+` what it showed."""
    parts = ["Afresh shows something else than it is meant to (-), beside Django's runserver:"]
    for channel in sorted({*expected, *other}):
        wanted, shown = expected.get(channel, "").splitlines(), other.get(channel, "").splitlines()
        if wanted != shown:
            parts += difflib.unified_diff(wanted, shown, f"{channel} (meant)", f"{channel} (shown)", lineterm="")
    return "\n".join(parts)


def as_text(value: object) -> str:
    """A value as lines of text, one per item, for a channel of an observation."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
