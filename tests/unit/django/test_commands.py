"""Whether a command can come to Django's `run`, as far as its code tells."""

import functools
from typing import Any

import pytest
from django.core.management.commands import runserver

from afresh.django import seams
from afresh.django.commands import cannot_come_to_run

Base: Any = runserver.Command


class Program:
    def run(self) -> None:
        pass


class OnlyAnother(Base):  # type: ignore[misc]
    def inner_run(self, *args: object, **options: object) -> None:
        Program().run()


class Wraps(Base):  # type: ignore[misc]
    def inner_run(self, *args: object, **options: object) -> None:
        super().inner_run(*args, **options)


class WrapsInAMethod(Base):  # type: ignore[misc]
    def inner_run(self, *args: object, **options: object) -> None:
        self.first()

    def first(self) -> None:
        self.second()

    def second(self) -> None:
        [super(WrapsInAMethod, self).inner_run() for _ in range(1)]


class WrapsInItself(Base):  # type: ignore[misc]
    def inner_run(self, *args: object, **options: object) -> None:
        self.again()

    def again(self) -> None:
        self.again()


class Wrapped(Base):  # type: ignore[misc]
    inner_run = functools.partial(Base.inner_run)


ROWS = [
    (Base, False),
    (OnlyAnother, True),
    (Wraps, False),
    (WrapsInAMethod, False),
    (WrapsInItself, True),
    (Wrapped, False),
]


@pytest.mark.parametrize(("kind", "cannot"), ROWS, ids=[kind.__name__ for kind, _ in ROWS])
def test_what_the_code_tells(kind: type[Base], cannot: bool) -> None:
    assert cannot_come_to_run(kind()) is cannot


def test_djangos_run_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runserver, "run", runserver.run)
    seams._patch_runserver(runserver)
    names: dict[str, Any] = {"run": runserver.run}
    exec("def inner_run(self, *args, **options): run(self.addr, self.port, None)", names)
    assert not cannot_come_to_run(type("Calls", (Base,), {"inner_run": names["inner_run"]})())
    names["run"] = print
    assert cannot_come_to_run(type("Calls", (Base,), {"inner_run": names["inner_run"]})())


def test_what_is_no_runserver_of_djangos_is_not_asked() -> None:
    assert not cannot_come_to_run(Program())
