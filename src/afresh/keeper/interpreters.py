"""Command lines of fresh interpreters: a boot as the user's first process was, and isolated ones for Afresh's own.

An isolated interpreter sees the standard library first and then only the folders that hold Afresh and what it needs,
so that no module of the project can stand in for one that the keeper imports later. It also skips `site`, which costs
more than the keeper's own modules in a large environment.
"""

import os
import sys
from collections.abc import Sequence

from afresh.keeper.spec import BootSpec

_NEEDED = ("msgspec", "httptools", "pathspec", "pygments")
BOOTSTRAP = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boot", "__main__.py")


def library_path(search: Sequence[str]) -> list[str]:
    """The folders of `search` (a `sys.path`) that hold Afresh and its requirements, Afresh's own first."""
    folders = [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))]
    for name in _NEEDED:
        for folder in search:
            if folder and os.path.exists(os.path.join(folder, name)):
                if folder not in folders:
                    folders.append(folder)
                break
    return folders


def isolated(python: str, statement: str, path: Sequence[str]) -> list[str]:
    """A command that runs `statement` in an interpreter which sees only the standard library and `path`."""
    # msgspec takes typing_extensions where it is installed, and loses a third of the start-up time by it.
    prepare = f"import sys; sys.path += {list(path)!r}; sys.modules['typing_extensions'] = None"
    return [python, "-I", "-S", "-c", f"{prepare}; {statement}"]


def boot_command(spec: BootSpec) -> list[str]:
    """A command whose interpreter has the flags of the user's own, and whose arguments are those the user typed."""
    return [spec.python, *spec.flags, BOOTSTRAP, *spec.target]


def own_library_path() -> list[str]:
    return library_path(sys.path)
