"""Finds the Python interpreters of this machine."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def find(versions: tuple[str, ...]) -> str | None:
    """The interpreter of the first of `versions` ("3.13") that is installed, or None.

    Looks at the one that is running, on PATH, and among pyenv's versions.
    """
    found = (python for version in versions for python in _candidates(version) if _version(python) == version)
    return next(found, None)


def _candidates(version: str) -> Iterator[str]:
    # A virtual environment's own interpreter would do, but environments made from it end with it.
    yield getattr(sys, "_base_executable", sys.executable)
    if found := shutil.which(f"python{version}"):
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    yield from (str(root / "bin" / "python") for root in sorted(pyenv.glob(f"versions/{version}.*"), reverse=True))


@functools.cache
def _version(python: str) -> str:
    try:
        return subprocess.run([python, "-c", _VERSION], capture_output=True, text=True, timeout=30).stdout.strip()
    except OSError:
        return ""
