"""A project in a directory, run by a real interpreter: as Python runs it, and under observation."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

import afresh
from afresh.reload.journal import Entry, Exec, Find, Listing, Read, Stat

DRIVER = Path(__file__).with_name("driver.py")
ENVIRON = {
    "PYTHONPATH": str(Path(afresh.__file__).parents[1]),
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHON_COLORS": "0",
}


@dataclass(frozen=True)
class Outcome:
    """How a command ended and, under observation, what it consumed."""

    status: int
    output: str
    errors: str
    journal: tuple[Entry, ...] = ()

    def executed(self, below: Path) -> list[str]:
        return [e.module for e in self.journal if isinstance(e, Exec) and e.file.startswith(f"{below}/")]

    def found(self, stem: str) -> list[tuple[str, ...]]:
        return [e.directories for e in self.journal if isinstance(e, Find) and e.stem == stem]

    def read(self, path: Path) -> list[Read]:
        return [e for e in self.journal if isinstance(e, Read) and e.file == str(path)]

    def asked(self, path: Path) -> list[bool]:
        return list(dict.fromkeys(bool(e.found) for e in self.journal if isinstance(e, Stat) and e.path == str(path)))

    def listed(self) -> list[str]:
        return [e.directory for e in self.journal if isinstance(e, Listing)]


@dataclass(frozen=True)
class Project:
    """A directory with files, in which commands are run."""

    directory: Path

    def write(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def plain(self, *target: str, **environ: str) -> Outcome:
        """As the interpreter runs it."""
        return self._run(target, environ)

    def observed(self, *target: str, **environ: str) -> Outcome:
        """As a boot runs it."""
        out = self.directory.parent / "journal"
        outcome = self._run((str(DRIVER), str(out), *target), environ)
        lines = out.read_text(encoding="ascii").splitlines()
        journal = tuple(msgspec.convert(json.loads(line), Entry) for line in lines)
        return Outcome(outcome.status, outcome.output, outcome.errors, journal)

    def code(self, text: str, **environ: str) -> Outcome:
        """A script of the test's own, with `afresh` at hand."""
        return self._run(("-c", text), environ)

    def _run(self, words: tuple[str, ...], environ: dict[str, str]) -> Outcome:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.directory,
            env={**os.environ, **ENVIRON, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)
