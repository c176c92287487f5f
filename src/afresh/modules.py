"""What stands in `sys.modules`, looked at without running any code of the project's.

Anything may stand there: None, objects that only pass for modules and have no dictionary (cffi's `Lib`), modules that
are loaded when one of their attributes is asked for, instances of any class that a module has put in its own place. So
their dictionaries are read where they are, and never by `getattr` or `isinstance`.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import GetSetDescriptorType, MappingProxyType, ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_mro = type.__dict__["__mro__"].__get__
_own = type.__dict__["__dict__"].__get__
_namespace = _own(ModuleType)["__dict__"].__get__


def is_module(module: object) -> bool:
    """Whether it is one by its type, whatever its `__class__` says."""
    return issubclass(type(module), ModuleType)


def attributes(instance: object) -> dict[str, Any]:
    """An object's own attributes, the very dictionary; empty where there is none, or where only code of the project's
    tells it."""
    if is_module(instance):
        return _namespace(instance)  # type: ignore[no-any-return]
    for kind in _mro(type(instance)):
        descriptor = _own(kind).get("__dict__")
        if descriptor is not None:
            found = descriptor.__get__(instance) if type(descriptor) is GetSetDescriptorType else None
            return found if type(found) is dict else dict(found) if type(found) is MappingProxyType else {}
    return {}


def loaded() -> Iterable[tuple[str, dict[str, Any]]]:
    """The names in `sys.modules`, each with the attributes of what stands there."""
    return [(name, attributes(module)) for name, module in list(sys.modules.items()) if type(name) is str]


def file_of(names: dict[str, Any]) -> str:
    """The file that a module with these attributes was loaded from; empty where that is not known.

    Its spec says what the import system has read; `__file__` is the module's own, and may be anything.
    """
    spec = spec_of(names)
    if spec is not None and spec.has_location and type(spec.origin) is str:
        return spec.origin
    file = names.get("__file__")
    return file if type(file) is str else ""


def spec_of(names: dict[str, Any]) -> ModuleSpec | None:
    """The spec of a module with these attributes, where it is one of the import system's."""
    spec = names.get("__spec__")
    return spec if type(spec) is ModuleSpec else None


def path_of(name: str) -> list[str] | None:
    """Where the submodules of the package with this name are looked for; None for what is no package."""
    path = attributes(sys.modules.get(name)).get("__path__")
    # A namespace package's is looked up again whenever it is asked; any other object is the project's.
    is_known = type(path) is list or _own(type(path)).get("__module__") == "_frozen_importlib_external"
    return [each for each in path if type(each) is str] if path is not None and is_known else None
