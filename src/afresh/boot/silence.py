"""A start that repeats what another one has just done prints nothing: its lines were printed."""

import os

from afresh.boot.ending import flush

OUTPUTS = (1, 2)

_saved: list[int] = []


def begin() -> None:
    """From here on what this process prints goes nowhere, until `end`."""
    if _saved:
        return
    flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in OUTPUTS:
        try:
            _saved.append(os.dup(descriptor))
        except OSError:
            _saved.append(-1)  # closed, as it was before
            continue
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


def end() -> None:
    """Print again, in this process and in those that are forked from it."""
    if not _saved:
        return
    flush()
    for descriptor, saved in zip(OUTPUTS, _saved, strict=True):
        if saved >= 0:
            os.dup2(saved, descriptor)
            os.close(saved)
    _saved.clear()


def held() -> list[int]:
    """The descriptors that stand for the real ones until `end`."""
    return [descriptor for descriptor in _saved if descriptor >= 0]
