"""Which names and paths matter: pure, the text of `.gitignore` files is handed in.

Must live here: what is noise by name, what the importer could find, what a project folder leaves out.
Must not know: what was consumed. A consumed file counts whatever these rules say of it.
"""

import fnmatch
import os.path
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

_DIRECTORIES = """
    .git .hg .svn .bzr node_modules __pycache__ .venv .tox .nox .eggs .direnv .cache .mypy_cache .pytest_cache
    .ruff_cache .hypothesis .ipynb_checkpoints .idea .vscode
"""
IGNORED_DIRECTORIES = frozenset(_DIRECTORIES.split())

# Files that editors keep beside the edited one: vim, emacs, JetBrains, gedit, kate, LibreOffice.
_EDITOR = re.compile(
    r"4913 | .*~ | \.?\#.* | \..*\.sw[a-px] | .*___jb_(tmp|old)___ | \.goutputstream-.* | .*\.kate-swp | \.~lock\..*\#",
    re.VERBOSE,
)
_DATA = re.compile(
    r".*\.(sqlite3?|db3?|s3db) | .*-(journal|wal|shm) | .*\.log(\.\d+)? | .*\.py[co] | __pycache__ | \.DS_Store",
    re.VERBOSE,
)
_IMPORTABLE = (".py", ".pyc", ".so")


@lru_cache(maxsize=4096)
def is_editor_file(name: str) -> bool:
    """Whether a file of this name belongs to an editor and not to the project."""
    return _EDITOR.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def is_noise(name: str) -> bool:
    """Whether a name says: a database, its companions, a log, a cache, an editor's own file."""
    return _DATA.fullmatch(name) is not None or is_editor_file(name)


# Where the system, and programs while they run, keep files that no code of a project depends on.
_SYSTEM = ("/bin/", "/boot/", "/etc/", "/lib/", "/lib32/", "/lib64/", "/run/", "/sbin/", "/tmp/", "/usr/", "/var/")


def is_data(path: str, folder: str) -> bool:
    """Whether a file that a request reads may be something that answers depend on: not a log, a database, or what
    belongs to the system. In the project's `folder`, wherever that is, all others are."""
    if is_noise(os.path.basename(path)):
        return False
    return (bool(folder) and path.startswith(folder + "/")) or not path.startswith(_SYSTEM)


def stem_of(name: str) -> str:
    """What stands before the first dot: the module that a file of this name could be."""
    return name.partition(".")[0]


def is_candidate(name: str) -> bool:
    """Whether the importer could take `name` for a module or a package (importlib.machinery.all_suffixes)."""
    return ("." not in name or name.endswith(_IMPORTABLE)) and not is_editor_file(name)


def is_cache(path: str) -> bool:
    """Whether `path` lies in a bytecode cache, which boots write and no code depends on."""
    return "/__pycache__/" in path or path.endswith("/__pycache__")


def matches_glob(relative: str, glob: str) -> bool:
    """Whether a relative path matches a glob as `pathlib.Path.glob` reads it: `**` is any number of directories."""
    return _match_parts(relative.split("/"), [part for part in glob.split("/") if part not in ("", ".")])


def _match_parts(parts: list[str], globs: list[str]) -> bool:
    if not globs:
        return not parts
    if globs[0] == "**":
        return len(globs) == 1 or any(_match_parts(parts[skipped:], globs[1:]) for skipped in range(len(parts)))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], globs[0]) and _match_parts(parts[1:], globs[1:])


def goes_below(glob: str) -> bool:
    """Whether the glob can match in a directory below the one it starts from."""
    return "**" in glob or "/" in glob


ReadText: TypeAlias = Callable[[str], "str | None"]
Rules: TypeAlias = list[tuple[int, Any]]


class ProjectFilter:
    """Which paths of a project folder matter, by `.gitignore` files (gitignore(5), nested ones too) and by name.

    `read` gives the text of a file, or None. `top` is where the repository begins: `.gitignore` files between there and
    the project folder apply too.
    """

    def __init__(self, root: str, top: str, read: ReadText) -> None:
        self.root = root
        self._top = top
        self._read = read
        self._specs: dict[str, Rules] = {}
        self._ignored_directories: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"<ProjectFilter {self.root}>"

    def holds(self, path: str) -> bool:
        """Whether `path` lies in the project folder at all."""
        return path == self.root or path.startswith(self.root.rstrip("/") + "/")

    def ignores_directory(self, path: str) -> bool:
        """Whether nothing below this directory matters."""
        if path == self.root or not self.holds(path):
            return False
        known = self._ignored_directories.get(path)
        if known is None:
            parent, _, name = path.rpartition("/")
            known = self._ignored_directories[path] = (
                name in IGNORED_DIRECTORIES
                or self.ignores_directory(parent)
                or self._read(path + "/pyvenv.cfg") is not None
                or self._matches(path + "/")
            )
        return known

    def ignores_file(self, path: str) -> bool:
        """Whether this file does not matter unless it was consumed."""
        parent, _, name = path.rpartition("/")
        return is_noise(name) or self.ignores_directory(parent) or self._matches(path)

    def forget(self) -> None:
        """Read the rules again: a `.gitignore` changed."""
        self._specs.clear()
        self._ignored_directories.clear()

    def _matches(self, path: str) -> bool:
        # The nearest file with a rule for the path decides; a directory that is ignored is never entered, so rules
        # below it cannot take anything back, as in git.
        for start, spec in self._rules(os.path.dirname(path.rstrip("/"))):
            verdict = spec.check_file(path[start:]).include
            if verdict is not None:
                return bool(verdict)
        return False

    def _rules(self, directory: str) -> Rules:
        """The rules for paths in a directory, nearest first: where the relative path begins, and the patterns."""
        known = self._specs.get(directory)
        if known is None:
            is_top = directory in (self._top, "/") or not directory.startswith(self._top)
            spec = _compiled(self._lines(directory))
            own: Rules = [(len(directory.rstrip("/")) + 1, spec)] if spec is not None else []
            known = self._specs[directory] = own + ([] if is_top else self._rules(os.path.dirname(directory)))
        return known

    def _lines(self, directory: str) -> list[str]:
        lines = (self._read(directory + "/.gitignore") or "").splitlines()
        if directory == self._top:
            return (self._read(directory + "/.git/info/exclude") or "").splitlines() + lines
        return lines


def _compiled(lines: list[str]) -> Any:
    if not any(line.strip() and not line.startswith("#") for line in lines):
        return None
    from pathspec import GitIgnoreSpec  # late: most projects of one folder need it, a bare WSGI application does not

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        # One bad pattern must not make the others fail; git skips it too.
        good = [line for line in lines if _is_valid(line, GitIgnoreSpec)]
        return GitIgnoreSpec.from_lines(good)


def _is_valid(line: str, spec: Any) -> bool:
    try:
        spec.from_lines([line])
    except ValueError:
        return False
    return True
