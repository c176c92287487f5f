"""Fixtures of the side-by-side comparisons with Django's runserver."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from .sides import AFRESH_COMMAND, Pair


@pytest.fixture(scope="session", autouse=True)
def signals_have_their_defaults() -> Iterator[None]:
    """A test run in the background or under nohup ignores signals, and every command it starts would inherit that."""
    ignored = [number for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP) if _is_ignored(number)]
    for number in ignored:
        signal.signal(number, lambda *_: None)  # handlers do not survive exec: the default comes back in children
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


def _is_ignored(number: int) -> bool:
    return signal.getsignal(number) == signal.SIG_IGN


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Django's runserver beside Afresh through `manage.py`."""
    return Pair(tmp_path)


@pytest.fixture
def pair_of_commands(tmp_path: Path) -> Pair:
    """Django's runserver beside the `afresh` command, the project unchanged."""
    return Pair(tmp_path, AFRESH_COMMAND)
