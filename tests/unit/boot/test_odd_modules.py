"""Whatever stands in `sys.modules` is looked at without running any of its code."""

import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afresh import modules
from afresh.boot.roots import ProjectRoots


class Forbidding:
    """Nothing may be asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"{name} was asked for")


class ForbiddingModule(types.ModuleType):
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"{name} was asked for")


class Impostor:
    """As cffi's `Lib`: it says that it is a module, and has no dictionary."""

    __slots__ = ()
    __class__ = types.ModuleType  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{name} was asked for")


class Hiding(types.ModuleType):
    """It says that its dictionary is another."""

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        raise RuntimeError("its dictionary was asked for")


def lazy(file: Path) -> types.ModuleType:
    file.write_text("raise SystemExit('it was loaded')\n")
    spec = importlib.util.spec_from_file_location("lazy", file)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def with_(**names: Any) -> types.ModuleType:
    module = types.ModuleType("odd")
    module.__dict__.update(names)
    return module


ODD: dict[str, Callable[[Path], object]] = {
    "nothing": lambda file: None,
    "an object": lambda file: object(),
    "a class": lambda file: Forbidding,
    "an object that forbids everything": lambda file: Forbidding(),
    "a module that forbids everything": lambda file: ForbiddingModule("odd"),
    "an impostor": lambda file: Impostor(),
    "a module that hides its dictionary": lambda file: Hiding("odd"),
    "a lazy module": lazy,
    "a file that is no text": lambda file: with_(__file__=5),
    "a file that is a path": lambda file: with_(__file__=file),
    "a file that is nowhere": lambda file: with_(__file__="/nowhere/odd.py"),
    "a file that is no path": lambda file: with_(__file__="odd\0.py"),
    "a file that is empty": lambda file: with_(__file__=""),
    "a spec that forbids everything": lambda file: with_(__spec__=Forbidding(), __file__="/nowhere/odd.py"),
    "a path that forbids everything": lambda file: with_(__path__=Forbidding()),
    "no name": lambda file: with_(__name__=None),
}


@pytest.mark.parametrize("kind", ODD)
def test_it_is_looked_at_and_left_alone(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from afresh.boot import loaded, timing
    from afresh.keeper import twin
    from afresh.source.cache import CodeCache

    monkeypatch.setitem(sys.modules, "odd", ODD[kind](tmp_path / "odd.py"))
    monkeypatch.setitem(sys.modules, "odd.inner", with_(__file__=__file__))
    entries = loaded.entries(ProjectRoots(), CodeCache(None), 0)
    assert any(entry for entry in entries)
    assert isinstance(twin.in_loaded_modules(), bool)
    assert isinstance(timing.told(), bytes)


def test_attributes_are_those_of_the_object_itself(tmp_path: Path) -> None:
    module = ForbiddingModule("odd")
    assert modules.attributes(module)["__name__"] == "odd"
    assert modules.attributes(Forbidding()) == {}
    assert modules.attributes(Impostor()) == {}
    assert modules.attributes(lazy(tmp_path / "lazy.py"))["__name__"] == "lazy"
    assert [modules.is_module(each) for each in (module, Impostor(), None, sys)] == [True, False, False, True]


def test_file_is_what_the_import_system_has_read() -> None:
    spec = importlib.util.spec_from_file_location("odd", "/real/odd.py")
    assert modules.file_of({"__spec__": spec, "__file__": "/pretended.py"}) == "/real/odd.py"
    assert modules.file_of({"__spec__": object(), "__file__": "/own.py"}) == "/own.py"
    assert modules.file_of({"__spec__": None, "__file__": Path("/own.py")}) == ""
    assert modules.file_of({}) == ""
