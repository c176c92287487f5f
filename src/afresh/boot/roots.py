"""What is project code: told from Python's own and from installed packages by where a file lies.

Project code is what was not installed: anything outside the standard library and outside site-packages. That covers
the working directory, the script's directory, PYTHONPATH and editable installs alike, wherever they are, without
looking for them, and leaves out a virtual environment below the working directory. A project may itself be installed
and started from there (`python -m pretalx`, `manage.py` inside the package): then the entry point's package is added.
"""

from __future__ import annotations

import os
import sys

# Where installers put packages, on every layout seen: venv, user site, Debian, Nix, conda, PDM.
INSTALLED = ("site-packages", "dist-packages", "__pypackages__")

# Packages that are started with `-m` or by a script of their own and run somebody else's project.
LAUNCHERS = frozenset(
    {
        *("afresh", "asgiref", "coverage", "ddtrace", "debugpy", "django", "flask", "gunicorn", "kolo", "memray"),
        *("newrelic", "opentelemetry", "pip", "pydevd", "pyinstrument", "pytest", "scalene", "uv", "uvicorn"),
        *("viztracer", "watchfiles"),
    }
)

OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STDLIB = os.path.dirname(os.path.abspath(os.__file__))

# Not `sys.prefix` itself: a virtual environment may be made in the project's own directory.
_INTERPRETER = (
    STDLIB,
    *(os.path.join(sys.base_prefix, name) for name in ("bin", "lib", "share")),
    *(os.path.join(sys.prefix, name) for name in ("bin", "pyvenv.cfg")),
    *(os.path.join(sys.prefix, lib, os.path.basename(STDLIB)) for lib in ("lib", "lib64")),
)


class ProjectRoots:
    """Tells project code by path; `added` names installed packages or modules that are the project nevertheless."""

    def __init__(self, *added: str) -> None:
        self._added = added
        self._known: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"<ProjectRoots added={self._added}>"

    @classmethod
    def of_target(cls, target: tuple[str, ...]) -> ProjectRoots:
        """The project of `("manage.py", ...)`, `("-m", module, ...)`, `("-c", code)` or `("wsgi", "module:app")`.

        Reads `sys.path`, which need not have the entry yet that Python puts first for the command.
        """
        place = _place_of_target(target)
        roots = cls()
        if place and not roots.contains(os.path.join(place, "_")) and not is_below(OWN, place):
            roots.add(place)
        return roots

    def add(self, path: str) -> None:
        """Count the directory or module file `path` as project code from now on."""
        self._added = (*self._added, path)
        self._known.clear()

    def contains(self, path: str) -> bool:
        """Whether the file at `path` (absolute) is project code; false for names that are no path ("<string>")."""
        directory = path.rpartition("/")[0]
        known = self._known.get(directory)
        if known is None:
            known = self._known[directory] = self._is_project(directory)
        return known or (path in self._added)

    def _is_project(self, directory: str) -> bool:
        if not directory.startswith("/") or is_below(directory, OWN):
            return False
        if any(is_below(directory, added) for added in self._added):
            return True
        return not is_below(directory, STDLIB) and not is_installed(directory)


def is_interpreters(path: str) -> bool:
    """Whether the file or directory came with Python itself, and not with a package or the project."""
    return any(is_below(path, directory) for directory in _INTERPRETER) and not is_installed(path)


def is_installed(path: str) -> bool:
    """Whether an installer has put it there."""
    return any(part in INSTALLED for part in path.split("/"))


def is_below(path: str, directory: str) -> bool:
    """Whether `path` is `directory` or lies in it, by name."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _place_of_target(target: tuple[str, ...]) -> str:
    kind = target[0]
    if kind in ("-m", "wsgi"):
        return _place_of(target[1].partition(":")[0].partition(".")[0])
    if kind == "-c":
        return ""
    if os.path.dirname(os.path.abspath(kind)) == os.path.dirname(sys.executable):
        return _place_of(_package_of_command(kind))
    return _package_around(os.path.dirname(os.path.realpath(kind)))


def _place_of(package: str) -> str:
    """Directory or file of a top-level package on `sys.path`; empty where it is none or nobody's project."""
    if not package or package in LAUNCHERS or package in sys.stdlib_module_names:
        return ""
    for entry in ("", *sys.path):
        place = os.path.join(os.path.abspath(entry), package)
        if os.path.isdir(place):
            return place
        if os.path.isfile(place + ".py"):
            return place + ".py"
    return ""


def _package_around(directory: str) -> str:
    """The outermost package that `directory` belongs to, or `directory` itself; empty for nobody's project."""
    while os.path.isfile(os.path.join(os.path.dirname(directory), "__init__.py")):
        directory = os.path.dirname(directory)
    name = os.path.basename(directory)
    return "" if name in LAUNCHERS or name in INSTALLED else directory


def _package_of_command(script: str) -> str:
    """The package that a script made by an installer hands over to: `from package.module import function`."""
    try:
        with open(script, encoding="utf-8", errors="replace") as file:
            lines = file.read(4096).splitlines()
    except OSError:
        return ""
    imports = (line.split() for line in lines)
    names = [words[1] for words in imports if len(words) > 3 and words[0] == "from" and words[2] == "import"]
    return names[0].partition(".")[0] if names else ""
