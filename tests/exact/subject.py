"""A project on disk that is both served and started cold, and what each of the two shows."""

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import afresh
from afresh.testing.deadline import PATIENCE
from afresh.testing.server import Server, started_server

from .fingerprint import load
from .probe import PATH, ROOTS

HERE = Path(__file__).parent
FAILED = "X-Afresh-Failure"
"""The field that an answer has which says why the project does not start."""

# Not as a script, whose functions would belong to the `__main__` that the project's command becomes.
START_COLD = "import sys; from exact_probe.cold import main; main(*sys.argv[1:])"

Reply = tuple[int, str]


@dataclass(frozen=True)
class Broken:
    """A start that failed: the exception's name and the first line of its text."""

    title: str


@dataclass(frozen=True)
class Ready:
    """An application that answers: what its pages say, and its fingerprint by path."""

    replies: Mapping[str, Reply]
    things: Mapping[str, str]


Outcome = Broken | Ready


@dataclass(frozen=True)
class Subject:
    """A Django project, how it is started, and which of its pages are asked for before it is looked at.

    `root`: where commands run. `command`: that of `runserver`, without the interpreter. `roots`: where its code lies.
    `scratch`: a directory beside it, for what the comparison itself needs. `packages`: a directory that is named
    `site-packages`, for the observing app. `variables`: more of the environment. `steady`: makes equal what differs
    between two answers of the same code.
    """

    root: Path
    scratch: Path
    command: tuple[str, ...] = ("manage.py", "runserver", "--skip-checks", "127.0.0.1:0")
    roots: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    packages: Path | None = None
    through_manage: bool = False
    steady: Callable[[str], str] = str

    def environment(self) -> dict[str, str]:
        """The whole environment, the same for both."""
        home = self.scratch / "home"
        home.mkdir(exist_ok=True, parents=True)
        own = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
            # Python trusts a .pyc whose source was saved in the same second with the same length.
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(Path(afresh.__file__).parent.parent),
            "PYTHONUNBUFFERED": "1",
            ROOTS: os.pathsep.join(map(str, self.roots or (self.root,))),
            **self.variables,
        }
        places = [str(self._place_probe()), *own["PYTHONPATH"].split(os.pathsep)]
        return {**own, "PYTHONPATH": os.pathsep.join(places)}

    def _place_probe(self) -> Path:
        # A directory of this name holds what was installed, and not the project.
        place = self.packages or self.scratch / "site-packages"
        package = place / "exact_probe"
        if not package.exists():
            package.mkdir(parents=True)
            (package / "__init__.py").touch()
            for name in ("fingerprint.py", "cold.py"):
                shutil.copy(HERE / name, package)
            shutil.copy(HERE / "probe.py", package / "apps.py")
        return place

    @contextmanager
    def served(self) -> Iterator[Server]:
        """Served by Afresh until the end of the block, by its command or through `manage.py`."""
        words = self.command if self.through_manage else ("-m", "afresh", *self._words_of_afresh())
        with started_server((self.python, *words), cwd=self.root, env=self.environment(), within=60) as server:
            yield server

    def _words_of_afresh(self) -> tuple[str, ...]:
        return self.command if self.command[0] == "-m" else self.command[2:]

    def ask(self, server: Server, pages: Sequence[str]) -> Outcome:
        """What the server shows now. The gate promises that the answers come from what was saved: nothing waits.

        Each page is asked for twice, and the second answers count: a server that an edit did not concern has answered
        before, and pages may tell what earlier requests have loaded.
        """
        replies: dict[str, Reply] = {}
        result = self._result()
        for page in (*pages, *pages, f"{PATH}?{result}"):
            answer = server.get(page, headers={"Accept": "text/plain", "Host": "127.0.0.1"}, within=60)
            if answer.header(FAILED) is not None:
                return _broken(answer.text.splitlines()[0])
            replies[page] = (answer.status, self.shown(answer.status, answer.text))
        assert result.exists(), f"no fingerprint came with {list(replies.items())[-1]}\n{server.running.told()}"
        replies.popitem()
        return Ready(replies, _taken(result))

    def start_cold(self, pages: Sequence[str]) -> "Cold":
        """Begin a cold start in a fresh interpreter."""
        fingerprint, outcome = self._result(), self._result()
        asked = json.dumps([*pages, *pages, f"{PATH}?{fingerprint}"])
        process = subprocess.Popen(
            [self.python, "-c", START_COLD, str(outcome), asked, *self.command],
            cwd=self.root,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return Cold(self, process, tuple(pages), outcome, fingerprint)

    def shown(self, status: int, text: str) -> str:
        """What of a body is compared: of a page about an exception its first lines, the rest is about the process. Of
        what Django passes on, the page is Afresh's, and there is none in a cold start."""
        if status < 500:
            return self.steady(text)
        return "\n".join(text.splitlines()[: 1 if text.startswith("SystemExit: ") else 2])

    def _result(self) -> Path:
        return self.scratch / f"result-{uuid.uuid4().hex}"


@dataclass(frozen=True)
class Cold:
    """A cold start that runs."""

    subject: Subject
    process: subprocess.Popen[bytes]
    pages: tuple[str, ...]
    outcome: Path
    fingerprint: Path

    def wait(self) -> Outcome:
        """What it shows; AssertionError with its output when it shows nothing."""
        try:
            output = self.process.communicate(timeout=4 * PATIENCE)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"a cold start takes forever:\n{self.process.communicate()[0].decode()}") from None
        if not self.outcome.exists():  # `os._exit`, as Django's command does when it takes an error for one of binding
            return _broken(f"ended with status {self.process.returncode}")
        outcome = json.loads(self.outcome.read_text())
        self.outcome.unlink()
        if isinstance(outcome, str):
            return _broken(outcome)
        assert self.fingerprint.exists(), f"a cold start without a fingerprint: {outcome}\n{output}"
        replies = [(status, self.subject.shown(status, text)) for status, text in outcome]
        return Ready(dict(zip(self.pages, replies[len(self.pages) :], strict=False)), _taken(self.fingerprint))

    def abandon(self) -> None:
        """End it and take nothing."""
        self.process.kill()
        self.process.communicate()


def _broken(title: str) -> Broken:
    """By the status alone where the process ended by itself, which is told in words of Afresh's own."""
    ended = re.search(r"\bended\b.* status (-?\d+)", title)
    return Broken(f"ended with status {ended[1]}" if ended else title)


def _taken(result: Path) -> dict[str, str]:
    lines = load(result.read_text(encoding="ascii"))
    result.unlink()
    things = dict(lines)
    assert len(things) == len(lines), f"told twice: {_twice(path for path, _ in lines)}"
    return things


def _twice(paths: Iterator[str]) -> list[str]:
    seen: set[str] = set()
    return [path for path in paths if path in seen or seen.add(path)]  # type: ignore[func-returns-value]


def by_chance(one: Outcome, other: Outcome) -> frozenset[str]:
    """The paths at which two cold starts of the same files differ: a time, what each request adds to."""
    assert isinstance(one, Ready), one
    assert isinstance(other, Ready), other
    return frozenset(path for path in {*one.things, *other.things} if one.things.get(path) != other.things.get(path))


def differences(cold: Outcome, served: Outcome, most: int = 40, chance: frozenset[str] = frozenset()) -> list[str]:
    """The first ways in which what is served differs from the cold start, in words; empty where they are the same.

    `chance`: paths that do not count.
    """
    if isinstance(cold, Broken) or isinstance(served, Broken):
        return [] if cold == served else [f"cold: {_brief(cold)}", f"served: {_brief(served)}"]
    told = [
        f"{page}: cold {cold.replies.get(page)}, served {served.replies.get(page)}"
        for page in dict.fromkeys([*cold.replies, *served.replies])
        if cold.replies.get(page) != served.replies.get(page)
    ]
    told += [
        f"{path}: " + _contrast(cold.things.get(path, "nothing"), served.things.get(path, "nothing"))
        for path in dict.fromkeys([*cold.things, *served.things])
        if path not in chance and cold.things.get(path) != served.things.get(path)
    ]
    return told if len(told) <= most else [*told[:most], f"... and {len(told) - most} more"]


def _contrast(cold: str, served: str, around: int = 150) -> str:
    """Both, long ones from shortly before the place where they part."""
    alike = zip(cold, served, strict=False)
    at = next((index for index, (one, other) in enumerate(alike) if one != other), min(len(cold), len(served)))
    start = max(0, at - around // 2) if max(len(cold), len(served)) > 2 * around else 0
    shown = [f"{'…' * bool(start)}{text[start : start + 2 * around]}" for text in (cold, served)]
    return f"cold {shown[0]}, served {shown[1]}"


def _brief(outcome: Outcome) -> str:
    return f"broken: {outcome.title}" if isinstance(outcome, Broken) else f"ready, {len(outcome.things)} things"
