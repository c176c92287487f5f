"""Running a command as a user without privileges, also where the tests themselves run as root."""

import os
import shutil
import sys
from pathlib import Path

import pytest

NOBODY = 65534


def ordinary_user() -> tuple[str, ...]:
    """The interpreter as such a user starts it.

    Root's may lie where others cannot read: the one capability that is kept lets it be read and searched, and gives no
    way to write, to bind a privileged port or to pass limits.
    """
    if os.getuid() != 0:
        return (sys.executable,)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv (util-linux) is needed to become an ordinary user")
    identity = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    keep = "+dac_read_search"
    return (
        setpriv,
        *identity,
        f"--inh-caps=-all,{keep}",
        f"--ambient-caps={keep}",
        "--bounding-set=-all," + keep,
        sys.executable,
    )


def own_by_ordinary_user(folder: Path) -> None:
    """Give everything below `folder` to that user."""
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
