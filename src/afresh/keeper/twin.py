"""Code that runs only in Django's parent process (npm, webpack, tunnels), and how it is found."""

import os
import re

from afresh import modules

# A word of its own: WERKZEUG_RUN_MAIN is somebody else's.
_MENTION = re.compile(rb"\b(?:RUN_MAIN|DJANGO_AUTORELOAD_ENV)\b")


def mentions_run_main(file: str) -> bool:
    """Whether a module of the project or of an installed package looks at Django's reloader variable."""
    if _is_not_the_projects(file):
        return False
    try:
        with open(file, "rb") as source:
            return _MENTION.search(source.read()) is not None
    except (OSError, ValueError):
        return False


_AFRESH = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STANDARD_LIBRARY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_INSTALLED_DJANGO = f"-packages{os.sep}django{os.sep}"
_DJANGOS = os.path.join("django", "utils", "autoreload.py")  # the one file of Django that mentions it


def _is_not_the_projects(file: str) -> bool:
    if not file.endswith(".py") or _INSTALLED_DJANGO in file or file.endswith(_DJANGOS) or file.startswith(_AFRESH):
        return True
    return file.startswith(_STANDARD_LIBRARY) and "-packages" + os.sep not in file


def in_loaded_modules() -> bool:
    """The same question about everything that this process has imported so far."""
    return any(mentions_run_main(modules.file_of(attributes)) for _, attributes in modules.loaded())
