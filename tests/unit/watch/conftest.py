"""Watchers on a temporary folder, each stopped at the end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from afresh.watch.settle import GRACE, Phase

from .rig import Rig

MakeRig: TypeAlias = Callable[..., Rig]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


@pytest.fixture
def make_rig(root: Path) -> Iterator[MakeRig]:
    with ExitStack() as stack:

        def make(**options: Any) -> Rig:
            rig = Rig(root, **options)
            stack.callback(rig.close)
            return rig

        yield make


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    return make_rig()


@pytest.fixture
def patient(make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """A watcher that waits long for what is missing, so that a busy machine does not split one burst into two."""
    monkeypatch.setattr("afresh.watch.settle.GRACE", {**GRACE, Phase.EMPTY: 8.0, Phase.ABSENT: 8.0})
    return make_rig(settle_limit=9.0)
