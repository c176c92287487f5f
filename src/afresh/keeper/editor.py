"""Opening a file of the project in the user's editor: which command, and whether the file may be opened. Pure but for
looking at the disk.

What a page sends is a path and a number. The command is never made from it: it is one of this table, or the one the
user has set (`AFRESH_EDITOR`), started without a shell.
"""

import os
from collections.abc import Callable, Mapping
from typing import Final

from afresh.errors import UsageError

_GOTO: Final = ("--goto", "{file}:{line}")
_COLON: Final = ("{file}:{line}",)
_LINE: Final = ("--line", "{line}", "{file}")
_PLUS: Final = ("+{line}", "{file}")
EDITORS: Final[Mapping[str, tuple[str, ...]]] = {
    "code": _GOTO,
    "codium": _GOTO,
    "cursor": _GOTO,
    "windsurf": _GOTO,
    "zed": _COLON,
    "subl": _COLON,
    "pycharm": _LINE,
    "charm": _LINE,
    "idea": _LINE,
    "kate": _LINE,
    "gvim": ("--remote-silent", *_PLUS),
    "emacsclient": ("--no-wait", *_PLUS),
    "gedit": _PLUS,
    "gnome-text-editor": _PLUS,
}
"""The editors that are known, in the order in which they are looked for, and their arguments."""


def editor_command(wish: str, environ: Mapping[str, str], file: str, line: int) -> list[str]:
    """The command that opens `file` at `line`; raises UsageError where there is no editor.

    `wish`: the option; a name of the table, or a command in which {file} and {line} stand for the place.
    """
    import shlex

    words = shlex.split(wish)
    if len(words) == 1 and os.path.basename(words[0]) in EDITORS:
        words = [words[0], *EDITORS[os.path.basename(words[0])]]
    elif words and not any("{file}" in word for word in words):
        words = [*words, "{file}"]
    elif not words:
        name = _found(environ)
        words = [name, *EDITORS[os.path.basename(name)]]
    return [word.replace("{line}", str(line)).replace("{file}", file) for word in words]


def _found(environ: Mapping[str, str]) -> str:
    """The user's own choice where it is one that needs no terminal, else the first that is installed."""
    wishes = [environ.get(name, "").split()[:1] for name in ("VISUAL", "EDITOR")]
    named = [os.path.basename(words[0]) for words in wishes if words]
    for name in (*named, *EDITORS):
        path = _in_path(name, environ.get("PATH", os.defpath)) if name in EDITORS else None
        if path is not None:
            return path
    raise UsageError(
        "No editor was found.", "Set AFRESH_EDITOR, for example: AFRESH_EDITOR='code --goto {file}:{line}'"
    )


def _in_path(name: str, path: str) -> str | None:
    candidates = (os.path.join(folder, name) for folder in path.split(os.pathsep) if folder)
    return next((one for one in candidates if os.access(one, os.X_OK) and os.path.isfile(one)), None)


def project_file(path: object, folder: str, is_code: Callable[[str], bool]) -> str | None:
    """The real path of a file below `folder` (of nothing where it is empty), or of one that `is_code` of the project;
    None for anything else: links are followed before the comparison."""
    if not isinstance(path, str) or "\0" in path:
        return None
    real = os.path.realpath(os.path.join(folder, path))
    is_below = bool(folder) and real.startswith(os.path.realpath(folder).rstrip("/") + "/")
    return real if (is_below or is_code(path) or is_code(real)) and os.path.isfile(real) else None
