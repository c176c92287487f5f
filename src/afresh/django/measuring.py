"""The end of a measured command: `coverage run` saves when the command's frames unwind, and here they never do."""

import atexit
import sys


def save_at_end() -> None:
    """Have what `coverage` measures in this process saved by its exit handlers, of which forked children run none.

    Registered when the boot begins, so that every exit handler of the project that comes later is measured too.
    """
    atexit.register(_save)


def _save() -> None:
    """Stop and save, unless that has been done: then nothing is being measured any more."""
    coverage = sys.modules.get("coverage")
    measuring = None if coverage is None else coverage.Coverage.current()
    if measuring is not None:
        measuring.stop()
        measuring.save()
