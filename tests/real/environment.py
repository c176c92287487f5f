"""Virtual environments and data that are costly to make: made once, kept in a cache, never edited."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("AFRESH_REAL_CACHE", CHECKOUT / ".cache" / "real"))

_KEY_SIZE = 5
"""Bytes of the digest of its ingredients that end the name of a cached directory."""


@contextmanager
def cached(name: str, ingredients: str) -> Iterator[tuple[Path, bool]]:
    """The cache directory for `name` made of `ingredients`, and whether the caller has to fill it.

    One process at a time. A directory counts as filled only once the block ended without an error. What an interrupted
    run left behind, and what was made of other ingredients, is removed.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    key = hashlib.blake2b(ingredients.encode(), digest_size=_KEY_SIZE).hexdigest()
    directory = CACHE / f"{name}-{key}"
    complete = directory / ".complete"
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (missing := not complete.exists()):
            yield directory, missing
            return
        for outdated in CACHE.glob(f"{name}-{'?' * 2 * _KEY_SIZE}"):
            shutil.rmtree(outdated, ignore_errors=True)
        directory.mkdir()
        yield directory, missing
        complete.touch()


def requirements_of_afresh() -> list[str]:
    """What Afresh itself needs to run, from its pyproject.toml."""
    with open(CHECKOUT / "pyproject.toml", "rb") as file:
        return list(tomllib.load(file)["project"]["dependencies"])


def make_environment(directory: Path, python: str, requirements: Sequence[Path]) -> None:
    """A virtual environment with the pinned packages and Afresh's dependencies, compiled; raises Failed."""
    run([python, "-m", "venv", str(directory)], env=installing())
    install = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    files = [word for file in requirements for word in ("-r", str(file))]
    run([*install, *files, *requirements_of_afresh()], env=installing())


class Failed(Exception):
    """A command that prepares something ended with an error; the text has all it said."""


def run(command: list[str], *, env: Mapping[str, str], cwd: str | None = None) -> None:
    """Run a command to its end, silently; raises Failed."""
    done = subprocess.run(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")


def installing() -> dict[str, str]:
    """This process's environment, so that pip compiles what it installs and takes no package from a local folder."""
    hidden = {"PYTHONDONTWRITEBYTECODE", "PIP_FIND_LINKS", "PYTHONPATH", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def site_packages(environment: Path) -> Path:
    """The directory of installed packages of a virtual environment."""
    return next(environment.glob("lib/python3*/site-packages"))


def place_afresh(environment: Path) -> None:
    """Puts this checkout's Afresh into an environment as an installed package (replacing what is there)."""
    target = site_packages(environment) / "afresh"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(CHECKOUT / "src" / "afresh", target, ignore=shutil.ignore_patterns("__pycache__"))


def clone_environment(environment: Path, target: Path, packages: tuple[str, ...]) -> None:
    """A copy of an environment with Afresh in it, where `packages` may be edited without touching the original.

    Everything else is linked, which is fast and takes no room: the copy must lie on the same file system (else it is
    copied), and nothing but `packages` may be written to in place.
    """
    originals = {str(site_packages(environment) / package) for package in packages}

    def copy(source: str, destination: str) -> str:
        if any(source.startswith(original + os.sep) for original in originals):
            return str(shutil.copy2(source, destination))
        try:
            os.link(source, destination, follow_symlinks=False)
        except OSError:
            shutil.copy2(source, destination, follow_symlinks=False)
        return destination

    shutil.copytree(environment, target, symlinks=True, copy_function=copy)
    place_afresh(target)


def environment_variables(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    """What a project's commands get: a small environment that does not depend on who runs the tests."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",  # what is printed from a set comes in one order
        "GIT_CEILING_DIRECTORIES": str(CACHE),  # projects that ask git for their version must not find this checkout
        "PYTHONUNBUFFERED": "1",  # banners on a pipe arrive when they are written
        **more,
    }
