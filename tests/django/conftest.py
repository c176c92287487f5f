"""Fixtures of the side-by-side comparisons with Django's runserver."""

from collections import Counter
from pathlib import Path

import pytest

from .sides import AFRESH_COMMAND, Pair

FAST_ROWS = 3


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fast subset has the first rows of each table: each row is two or three starts, and all of one table take
    much the same way through the code."""
    rows: Counter[str] = Counter()
    for item in items:
        if isinstance(item, pytest.Function) and item.path.parent == Path(__file__).parent and "[" in item.name:
            table = item.nodeid.partition("[")[0]
            rows[table] += 1
            if rows[table] > FAST_ROWS:
                item.add_marker(pytest.mark.slow)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """Django's runserver beside Afresh through `manage.py`."""
    return Pair(tmp_path)


@pytest.fixture
def pair_of_commands(tmp_path: Path) -> Pair:
    """Django's runserver beside the `afresh` command, the project unchanged."""
    return Pair(tmp_path, AFRESH_COMMAND)
