"""What a ready application consists of, as lines that are equal if and only if two processes hold the same.

A line is a pair: the path of a thing ("app.views.detail.__code__.co_consts[2]") and what it is. Identity is structural:
what was met before is written as the path it was first met at, so that sharing and cycles show and addresses do not.

This file runs inside the observed process, copied beside `probe.py`; it imports nothing but the standard library, and
Django's modules only where they are loaded. It evaluates nothing: no property, no lazy object, no `__getattr__`, no
module that is not loaded yet.

Left out, since it may honestly differ between a reload and a cold start: process ids, addresses, locks and threads,
caches that Django fills on the first use, how often warnings' filters have changed, garbage, and `is` between equal
immutable values.
"""

from __future__ import annotations

import collections
import dis
import functools
import gc
import hashlib
import json
import logging
import operator
import os
import re
import sys
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Line = tuple[str, str]

_ATOMS: tuple[type, ...] = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented), range)
_CONTAINERS: tuple[type, ...] = (dict, list, set, collections.OrderedDict, collections.defaultdict, collections.deque)
_LONGEST = 200
_OWN_MODULES = ("afresh", "exact_probe")

# What is described by its type alone: it belongs to the process, or is different in each.
_OPAQUE_MODULES = frozenset(
    {"_thread", "threading", "_io", "io", "socket", "_socket", "select", "_contextvars", "_asyncio", "asgiref.local"}
)
_OPAQUE_TYPES = frozenset(
    {
        "_abc._abc_data",
        "_random.Random",
        "builtins.frame",
        "builtins.traceback",
        "django.db.backends.sqlite3.base.DatabaseWrapper",
        "random.Random",
        "random.SystemRandom",
    }
)

# Modules whose instances are values, told by their repr.
_VALUE_MODULES = frozenset(
    {"datetime", "decimal", "fractions", "ipaddress", "itertools", "operator", "pathlib", "pathlib._local", "uuid"}
)
# Modules of the standard library in which projects register what is theirs.
_REGISTRIES = frozenset(
    {"abc", "codecs", "copyreg", "functools", "json", "logging", "logging.config", "numbers", "sqlite3"}
)
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
# As in the references of pydantic: a class by its name and its `id`.
_IDENTITY = re.compile(r"(?<=\w):\d{12,}\b")

# Attributes that Django fills on the first use; `cached_property` values of library classes are left out by their kind.
_CACHES = {
    "django.apps.config.AppConfig": {"models"},  # a section of its own
    "django.contrib.contenttypes.models.ContentTypeManager": {"_cache"},
    "django.db.models.options.Options": {"_get_fields_cache"},
    "django.template.engine.Engine": {"template_loaders"},
    "django.template.loaders.cached.Loader": {"get_template_cache"},
    "django.urls.resolvers.LocalePrefixPattern": {"regex"},
    "django.urls.resolvers.RegexPattern": {"regex", "_regex_dict"},
    "django.urls.resolvers.RoutePattern": {"regex", "_regex_dict"},
    "django.urls.resolvers.URLResolver": {
        *("_callback_strs", "_reverse_dict", "_namespace_dict", "_app_dict", "_populated", "_local"),
    },
}
# The first use of a translation connects the second; the others are the observer's.
_LATE_RECEIVERS = frozenset({"exact_probe.apps", "django.utils.translation.reloader"})
# Entries of a module that its loader puts there; two loaders may differ and give the same module.
_LOADERS_NAMES = frozenset({"__builtins__", "__loader__", "__cached__"})
# Entries of a class that every class has.
_PLAIN_CLASS_NAMES = frozenset({"__weakref__", "__dict__"})

_MODULE_DICT = operator.attrgetter("__dict__")
_TYPE_DICT: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
_TYPE_MRO: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_TYPE_BASES: Callable[[type], tuple[type, ...]] = type.__dict__["__bases__"].__get__
_TYPE_MODULE: Callable[[type], object] = type.__dict__["__module__"].__get__
_TYPE_QUALNAME: Callable[[type], str] = type.__dict__["__qualname__"].__get__


def fingerprint(roots: Iterable[str], handler: object = None) -> list[Line]:
    """The lines for this process; `roots` are the directories of the project, `handler` is the WSGI handler at work."""
    is_collecting = gc.isenabled()
    gc.disable()  # a collection would run finalizers and weak reference callbacks in the middle
    try:
        walk = _Walk(tuple(os.path.realpath(root) for root in roots))
        return walk.run(handler)
    finally:
        if is_collecting:
            gc.enable()


def dump(lines: Iterable[Line]) -> str:
    """One JSON array a line."""
    return "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)


def load(text: str) -> list[Line]:
    """What `dump` wrote."""
    return [(path, told) for path, told in map(json.loads, text.splitlines())]


def type_name(kind: type) -> str:
    """A class by module and qualified name."""
    module = _TYPE_MODULE(kind)
    return f"{module if isinstance(module, str) else 'builtins'}.{_TYPE_QUALNAME(kind)}"


class _Walk:
    """One walk, breadth first, so that a thing is met on a short path first."""

    def __init__(self, roots: tuple[str, ...]) -> None:
        self._roots = roots
        self._lines: list[Line] = []
        self._known: dict[int, str] = {}
        self._codes: dict[tuple[types.CodeType, str, str], str] = {}
        self._kept: list[object] = []  # what is made on the way must not give its address to something else
        self._waiting: collections.deque[tuple[str, Any]] = collections.deque()
        modules = {name: module for name, module in list(sys.modules.items()) if isinstance(module, types.ModuleType)}
        self._modules = modules
        self._project = {name: module for name, module in modules.items() if self._is_project_module(name, module)}
        self._libraries = {
            name: module
            for name, module in modules.items()
            if name not in self._project and name.partition(".")[0] not in _OWN_MODULES
        }
        self._library_globals = self._name_library_globals()
        self._cached: dict[type, frozenset[str]] = {}

    # ---- the whole ------------------------------------------------------------------------------------------------

    def run(self, handler: object) -> list[Line]:
        """Every section, in order."""
        self._emit("sys.modules", ", ".join(self._project))
        self._name_definitions()
        for name, module in self._project.items():
            self._module(name, module)
        self._drain()
        self._django(handler)
        self._drain()
        self._process()
        self._left_in_libraries()
        self._drain()
        alike = collections.Counter[str]()
        for base, found in self._subclasses():
            alike[base] += 1  # classes that are made by a function may have one name
            self._emit(f"subclasses of {base}" + f" ({alike[base]})" * (alike[base] > 1), ", ".join(found))
        return self._lines

    def _drain(self) -> None:
        while self._waiting:
            path, value = self._waiting.popleft()
            self._visit(path, value)

    def _emit(self, path: str, told: str) -> None:
        self._lines.append((path, told))

    def _later(self, path: str, value: object) -> None:
        self._waiting.append((path, value))

    # ---- what is whose --------------------------------------------------------------------------------------------

    def _is_project_file(self, file: object) -> bool:
        return isinstance(file, str) and any(file == root or file.startswith(root + os.sep) for root in self._roots)

    def _is_project_module(self, name: str, module: types.ModuleType) -> bool:
        names = _MODULE_DICT(module)
        if name == "__main__" or self._is_project_file(names.get("__file__")):
            return True
        spec = names.get("__spec__")
        places = getattr(spec, "submodule_search_locations", None)
        # A namespace package has no file, only places.
        return names.get("__file__") is None and any(map(self._is_project_file, list(places or ())))

    def _name_library_globals(self) -> dict[int, str]:
        """Objects that a library holds in a module: they are told by that name, and not looked into."""
        named: dict[int, str] = {}
        for module_name, module in self._libraries.items():
            top = module_name.partition(".")[0]
            for name, value in list(_MODULE_DICT(module).items()):
                kind = type(value)
                if (
                    kind in _ATOMS
                    or kind in (tuple, frozenset, types.ModuleType, type)
                    or isinstance(name, str) is False
                ):
                    continue
                owner = type_name(kind)
                if kind not in _CONTAINERS and owner.partition(".")[0] not in (top, "builtins", "functools"):
                    continue
                told = f"{module_name}:{name}"
                if id(value) not in named or told < named[id(value)]:
                    named[id(value)] = told
        return named

    def _name_definitions(self) -> None:
        """Functions and classes are called by the place of their definition, wherever they are met first."""
        for module_name, module in self._project.items():
            for name, value in _MODULE_DICT(module).items():
                if type(value) is types.FunctionType or issubclass(type(value), type):
                    is_home = _module_of(value) == module_name and _qualname_of(value) == name
                    if is_home:
                        self._known.setdefault(id(value), f"{module_name}.{name}")

    def _resolves(self, value: object) -> bool:
        """Whether a library's function or class is what its own name leads to."""
        module = self._libraries.get(_module_of(value) or "")
        found: object = module
        for part in (_qualname_of(value) or "<").split("."):
            if found is None:
                return False
            if isinstance(found, types.ModuleType):
                found = _MODULE_DICT(found).get(part)
            elif issubclass(type(found), type):
                found = _TYPE_DICT(found).get(part)  # type: ignore[arg-type]
            else:
                return False
            found = getattr(found, "__func__", found) if type(found) in (staticmethod, classmethod) else found
        return found is value

    # ---- one thing ------------------------------------------------------------------------------------------------

    def _visit(self, path: str, value: Any) -> None:
        kind = type(value)
        if _module_of(kind) == "afresh.boot.observe" and "__wrapped__" in vars(value):
            value = value.__wrapped__  # stands for a function of `os` where a boot is observed
            kind = type(value)
        if kind in _ATOMS:
            self._emit(path, self._atom(value))
        elif kind is slice:
            self._by_repr(path, value)  # a constant since 3.14: which of them are one object is not promised
        elif kind is tuple:
            self._sequence(path, "tuple", value)
        elif kind is frozenset:
            self._set(path, "frozenset", value)
        elif kind is types.CodeType:
            self._code(path, value)
        elif kind is types.ModuleType or isinstance_of(kind, types.ModuleType):
            self._emit(path, f"module {_MODULE_DICT(value).get('__name__')}")
        else:
            self._thing(path, value, kind)

    def _thing(self, path: str, value: Any, kind: type) -> None:
        known = self._known.get(id(value))
        if known is not None and known != path:
            self._emit(path, f"= {known}")
            return
        if (library := self._library_name(value, kind)) is not None:
            self._emit(path, library)
            return
        self._known[id(value)] = path
        self._kept.append(value)
        if kind.__module__ in _VALUE_MODULES:
            self._by_repr(path, value)
            return
        for base, describe in _DESCRIPTIONS.items():
            if kind is base or (isinstance_of(kind, base) and base in _BY_BASE):
                describe(self, path, value)
                return
        self._instance(path, value, kind)

    def _library_name(self, value: Any, kind: type) -> str | None:
        name = type_name(kind)
        if kind in (types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType):
            if not isinstance(getattr(value, "__self__", None), types.ModuleType | type(None) | type):
                return None  # a bound method of an object
            return f"<{_module_of(value)}.{_qualname_of(value)}>"
        if kind is types.FunctionType or isinstance_of(kind, type):
            module = _module_of(value) or ""
            if module == "builtins" or (module not in self._project and self._resolves(value)):
                return f"<{module}.{_qualname_of(value)}>"
            return None
        if id(value) in self._library_globals:
            return f"<{self._library_globals[id(value)]}>"
        if kind.__module__ in _OPAQUE_MODULES or name in _OPAQUE_TYPES:
            return f"<a {name}>"
        if isinstance_of(kind, logging.Logger):
            return f"<logger {value.name}>"
        return None

    def _atom(self, value: object) -> str:
        told = repr(value)
        for root in self._roots:
            told = told.replace(root, "{project}")
        told = _IDENTITY.sub(":{id}", told)
        if len(told) > _LONGEST:
            told = f"{told[:_LONGEST]}… {_digest(told.encode('utf-8', 'surrogatepass'))}"
        return f"{type(value).__name__} {told}"

    def _sequence(self, path: str, name: str, values: Iterable[object]) -> None:
        values = tuple(values)
        if all(type(value) in _ATOMS for value in values):
            self._emit(path, self._atom(values).replace("tuple", name, 1))
            return
        self._emit(path, f"{name} of {len(values)}")
        for index, value in enumerate(values):
            self._later(f"{path}[{index}]", value)

    def _set(self, path: str, name: str, values: Iterable[object]) -> None:
        """Without an order of its own: by a key that does not depend on addresses or on the seed of hashes."""
        ordered = sorted(values, key=self._key)
        if all(type(value) in _ATOMS for value in ordered):
            self._emit(path, self._atom(tuple(ordered)).replace("tuple", name, 1))
            return
        self._emit(path, f"{name} of {len(ordered)}")
        for index, value in enumerate(ordered):
            self._later(f"{path}{{{index}}}", value)

    def _key(self, value: object) -> str:
        kind = type(value)
        if kind in _ATOMS:
            return repr(value)
        if kind is tuple or kind is frozenset:
            return str(sorted(map(self._key, value))) if kind is frozenset else str([*map(self._key, value)])  # type: ignore[call-overload]
        known = self._known.get(id(value))
        if known is not None:
            return known
        own = f"{type_name(kind)} {_module_of(value)} {_qualname_of(value)}"
        state = _state_of(value)
        return own + "".join(f" {name}={held!r}" for name, held in state.items() if type(held) in _ATOMS)

    def _mapping(self, path: str, name: str, items: Mapping[Any, Any]) -> None:
        pairs = list(items.items())
        if all(type(part) in _ATOMS for pair in pairs for part in pair):
            self._emit(path, self._atom(tuple(pairs)).replace("tuple", name, 1))
            return
        keys = [key if type(key) in _ATOMS else None for key, _ in pairs]
        self._emit(path, f"{name} of {len(pairs)}: " + self._atom(tuple(keys)))
        for index, (key, value) in enumerate(pairs):
            if type(key) in _ATOMS:
                self._later(f"{path}[{self._atom(key).partition(' ')[2]}]", value)
            else:
                self._later(f"{path}.key{index}", key)
                self._later(f"{path}[key{index}]", value)

    def _names(self, path: str, names: Mapping[str, object], left_out: Iterable[str] = ()) -> None:
        """A namespace: the order of its names, then each."""
        shown = [name for name in names if name not in left_out]
        self._emit(f"{path}.<names>", ", ".join(map(str, shown)))
        for name in shown:
            self._later(f"{path}.{name}", names[name])

    # ---- kinds of things ------------------------------------------------------------------------------------------

    def _module(self, name: str, module: types.ModuleType) -> None:
        names = dict(_MODULE_DICT(module))
        spec = names.pop("__spec__", None)
        if spec is not None:
            places = list(spec.submodule_search_locations or ())
            self._emit(f"{name}.__spec__", self._atom((spec.name, spec.origin, spec.parent, *places)))
        if "__path__" in names:
            names["__path__"] = list(names["__path__"])
            self._kept.append(names["__path__"])
        if "__warningregistry__" in names:
            shown = {key: value for key, value in names["__warningregistry__"].items() if key != "version"}
            names["__warningregistry__"] = shown
            self._kept.append(shown)
        self._names(name, names, _LOADERS_NAMES)
        self._check_line_cache(name, names.get("__file__"))

    def _check_line_cache(self, name: str, file: object) -> None:
        """Lines of the project that tracebacks would show must be those on the disk."""
        cache = getattr(sys.modules.get("linecache"), "cache", {})
        entry = cache.get(file)
        if entry is None or len(entry) == 1 or not isinstance(file, str):
            return
        try:
            with open(file, "rb") as source:
                on_disk = source.read()
        except OSError:
            on_disk = b""
        import tokenize

        try:
            with tokenize.open(file) as text:
                is_right = [line.rstrip("\n") for line in entry[2]] == text.read().splitlines()
        except (OSError, SyntaxError, ValueError):
            is_right = not on_disk
        if not is_right:
            self._emit(f"{name}.<linecache>", "holds other lines than the file")

    def _function(self, path: str, function: types.FunctionType) -> None:
        self._emit(path, f"function {function.__module__}.{function.__qualname__} named {function.__name__}")
        if self._is_library_code(function):
            code = function.__code__
            self._emit(f"{path}.__code__", f"code of {_file_tail(code.co_filename)}:{code.co_firstlineno}")
        else:
            self._later(f"{path}.__code__", function.__code__)
            self._doc(path, function.__doc__)
        if function.__defaults__:
            self._later(f"{path}.__defaults__", function.__defaults__)
        if function.__kwdefaults__:
            self._later(f"{path}.__kwdefaults__", function.__kwdefaults__)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._later(f"{path}.__closure__[{name}]", cell)
        if vars(function):
            self._names(f"{path}.__dict__", vars(function))
        if sys.version_info >= (3, 14):
            self._later(f"{path}.__annotate__", function.__annotate__)
        elif function.__annotations__ and not self._is_library_code(function):
            self._later(f"{path}.__annotations__", function.__annotations__)
        if parameters := getattr(function, "__type_params__", ()):
            self._later(f"{path}.__type_params__", parameters)

    def _is_library_code(self, function: types.FunctionType) -> bool:
        return not self._is_project_file(function.__code__.co_filename) and function.__module__ not in self._project

    def _doc(self, path: str, doc: object) -> None:
        if doc is not None:
            self._later(f"{path}.__doc__", doc)

    def _code(self, path: str, code: types.CodeType) -> None:
        """A code object is a value: which of two equal ones a function has makes no difference."""
        known = self._codes.setdefault((code, code.co_filename, code.co_qualname), path)
        if known != path:
            self._emit(path, f"= {known}")
            return
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_nlocals, code.co_stacksize)
        self._emit(path, f"code {code.co_qualname} named {code.co_name} {counts} flags {code.co_flags:#x}")
        self._emit(f"{path}.co_code", _digest(code.co_code))
        self._emit(f"{path}.co_exceptiontable", _digest(code.co_exceptiontable))
        for names in ("co_names", "co_varnames", "co_freevars", "co_cellvars"):
            self._emit(f"{path}.{names}", ", ".join(getattr(code, names)))
        self._emit(f"{path}.co_filename", self._atom(code.co_filename))
        lines = [line for _, _, line in code.co_lines() if line is not None]
        self._emit(f"{path}.co_firstlineno", str(code.co_firstlineno))
        self._emit(
            f"{path}.co_lines", f"{min(lines, default=0)} to {max(lines, default=0)} {_digest(code.co_linetable)}"
        )
        attributes = _index_of_static_attributes(code)
        for index, constant in enumerate(code.co_consts):
            if index == attributes:  # made from a set by the compiler: its order depends on the seed of hashes
                constant = tuple(sorted(constant))
            self._later(f"{path}.co_consts[{index}]", constant)

    def _class(self, path: str, kind: type) -> None:
        module = _module_of(kind)
        if isinstance(module, str) and module not in self._project and not self._holds_project(kind):
            self._emit(path, f"class {type_name(kind)} of a library")
            return
        self._emit(path, f"class {type_name(kind)} named {kind.__name__}")
        self._later(f"{path}.<metaclass>", type(kind))
        self._later(f"{path}.__bases__", _TYPE_BASES(kind))
        self._emit(f"{path}.__mro__", ", ".join(map(type_name, _TYPE_MRO(kind))))
        names = dict(_TYPE_DICT(kind))
        if names.pop("_abc_impl", None) is not None:
            self._later(f"{path}.<registered>", _registered(kind))
        if "__static_attributes__" in names:
            names["__static_attributes__"] = tuple(sorted(names["__static_attributes__"]))
        for name, value in list(names.items()):
            if type(value) in (types.GetSetDescriptorType, types.MemberDescriptorType):
                names[name] = f"<{type(value).__name__}>"
        self._names(path, names, _PLAIN_CLASS_NAMES)

    def _holds_project(self, kind: type) -> bool:
        """Whether a class made by a library was made for the project: its bases or what it holds are of it."""
        held = (*_TYPE_BASES(kind), *_TYPE_DICT(kind).values())
        return any(_module_of(one) in self._project for one in held if not isinstance_of(type(one), types.ModuleType))

    def _cell(self, path: str, cell: types.CellType) -> None:
        try:
            content = cell.cell_contents
        except ValueError:
            self._emit(path, "empty cell")
            return
        self._emit(path, "cell")
        self._later(f"{path}.cell_contents", content)

    def _method(self, path: str, method: types.MethodType) -> None:
        self._emit(path, "method")
        self._later(f"{path}.__func__", method.__func__)
        self._later(f"{path}.__self__", method.__self__)

    def _builtin_method(self, path: str, method: types.BuiltinMethodType) -> None:
        self._emit(path, f"builtin method {method.__qualname__}")
        self._later(f"{path}.__self__", method.__self__)

    def _wrapped(self, path: str, wrapper: Any) -> None:
        self._emit(path, type(wrapper).__name__)
        self._later(f"{path}.__func__", wrapper.__func__)
        own = {name: value for name, value in vars(wrapper).items() if name not in _COPIED_NAMES}
        if own:
            self._names(f"{path}.__dict__", own)

    def _property(self, path: str, value: property) -> None:
        self._emit(path, f"property {type_name(type(value))}")
        for name in ("fget", "fset", "fdel", "__doc__"):
            self._later(f"{path}.{name}", getattr(value, name))

    def _partial(self, path: str, value: functools.partial[object]) -> None:
        self._emit(path, "partial")
        self._later(f"{path}.func", value.func)
        self._later(f"{path}.args", value.args)
        self._later(f"{path}.keywords", value.keywords)
        if vars(value):
            self._names(f"{path}.__dict__", vars(value))

    def _lru_cache(self, path: str, value: Any) -> None:
        info = value.cache_info()
        self._emit(path, f"lru_cache maxsize={info.maxsize} currsize={info.currsize}")
        self._names(f"{path}.__dict__", vars(value))

    def _generator(self, path: str, value: Any) -> None:
        """A generator or coroutine in the middle of its work."""
        prefix = {"generator": "gi", "coroutine": "cr", "async_generator": "ag"}[type(value).__name__]
        frame = getattr(value, f"{prefix}_frame")
        where = "ended" if frame is None else f"at line {frame.f_lineno}, instruction {frame.f_lasti}"
        self._emit(path, f"{type(value).__name__} {value.__qualname__} {where}")
        self._later(f"{path}.{prefix}_code", getattr(value, f"{prefix}_code"))
        if frame is not None:
            self._names(f"{path}.<locals>", dict(frame.f_locals))

    def _weak_reference(self, path: str, value: weakref.ref[object]) -> None:
        target = value()
        self._emit(path, "weak reference, dead" if target is None else "weak reference")
        if target is not None:
            self._later(f"{path}()", target)

    def _dict(self, path: str, value: dict[object, object]) -> None:
        self._mapping(path, type_name(type(value)).removeprefix("builtins."), value)
        if type(value) not in _CONTAINERS:
            self._instance_state(path, value, type(value))
        elif isinstance(value, collections.defaultdict):
            self._later(f"{path}.default_factory", value.default_factory)

    def _list(self, path: str, value: Any) -> None:
        self._sequence(path, type_name(type(value)).removeprefix("builtins."), list(value))
        if type(value) not in _CONTAINERS:
            self._instance_state(path, value, type(value))

    def _any_set(self, path: str, value: Any) -> None:
        self._set(path, type_name(type(value)).removeprefix("builtins."), list(value))
        if type(value) not in _CONTAINERS:
            self._instance_state(path, value, type(value))

    def _proxy(self, path: str, value: Mapping[object, object]) -> None:
        self._mapping(path, "mappingproxy", value)

    def _weak_collection(self, path: str, value: Any) -> None:
        name = type_name(type(value))
        if isinstance(value, weakref.WeakSet):
            self._set(path, name, list(value))
        else:
            self._mapping(path, name, dict(value.items()))

    def _by_repr(self, path: str, value: object) -> None:
        """Values of the standard library whose repr is all there is to them."""
        told = f"{value.pattern!r} {value.flags}" if isinstance(value, re.Pattern) else repr(value)
        for root in self._roots:
            told = told.replace(root, "{project}")
        self._emit(path, f"{type_name(type(value))} {_ADDRESS.sub('', told)}")

    def _reduced(self, path: str, value: Any) -> None:
        """Iterators: what is left of them, without taking it."""
        self._emit(path, type_name(type(value)))
        reduced = value.__reduce__()
        self._kept.append(reduced)
        self._later(f"{path}.<left>", reduced[1:])

    def _signal(self, path: str, signal: Any) -> None:
        self._instance_state(path, signal, type(signal), {"receivers", "lock", "sender_receivers_cache"})
        self._receivers(path, signal)

    # ---- instances ------------------------------------------------------------------------------------------------

    def _instance(self, path: str, value: object, kind: type) -> None:
        if "django.dispatch.dispatcher.Signal" in map(type_name, _TYPE_MRO(kind)):
            self._signal(path, value)
            return
        self._emit(path, f"a {type_name(kind)}")
        self._instance_state(path, value, kind)

    def _instance_state(self, path: str, value: object, kind: type, left_out: Iterable[str] = ()) -> None:
        self._later(f"{path}.__class__", kind)
        state = _state_of(value)
        left = {*self._filled_on_use(kind), *left_out}
        self._names(path, state, left)
        for base, content_of in _CONTENTS.items():
            if isinstance_of(kind, base):
                self._later(f"{path}.<{base.__name__}>", content_of(value))
                break

    def _filled_on_use(self, kind: type) -> frozenset[str]:
        known = self._cached.get(kind)
        if known is None:
            known = self._cached[kind] = frozenset(self._names_filled_on_use(kind))
        return known

    def _names_filled_on_use(self, kind: type) -> Iterator[str]:
        for base in _TYPE_MRO(kind):
            yield from _CACHES.get(type_name(base), ())
            if _module_of(base) not in self._project:
                for name, value in _TYPE_DICT(base).items():
                    if type(value).__name__ == "cached_property":
                        yield name

    # ---- Django ---------------------------------------------------------------------------------------------------

    def _django(self, handler: object) -> None:
        if "django.conf" not in self._modules:
            return
        self._settings()
        self._applications()
        self._urls()
        self._admin()
        self._signals()
        self._engines()
        if handler is not None:
            self._later("django:handler", handler)

    def _settings(self) -> None:
        holder = _state_of(self._modules["django.conf"].settings).get("_wrapped")
        if not hasattr(holder, "SETTINGS_MODULE"):
            return
        explicit = {name: value for name, value in _state_of(holder).items() if name.isupper()}
        self._emit("django:settings.<explicit>", ", ".join(sorted(getattr(holder, "_explicit_settings", ()))))
        # Their order is that of dir(), which is sorted: what a settings module adds comes where its name stands.
        self._names("django:settings", dict(sorted(explicit.items())))

    def _applications(self) -> None:
        apps = self._modules["django.apps"].apps
        self._emit("django:apps", ", ".join(apps.app_configs))
        for label, config in apps.app_configs.items():
            self._later(f"django:apps[{label}]", config)
        for label, models in list(apps.all_models.items()):
            self._emit(f"django:models[{label}]", ", ".join(models))
            for name, model in models.items():
                self._later(f"django:models[{label}][{name}]", model)
        pending = getattr(apps, "_pending_operations", {})
        self._emit(
            "django:apps.<pending>", str(sorted((str(key), len(value)) for key, value in pending.items() if value))
        )

    def _urls(self) -> None:
        resolvers = self._modules.get("django.urls.resolvers")
        if resolvers is None or not getattr(self._modules["django.conf"].settings, "ROOT_URLCONF", None):
            return
        root = resolvers.get_resolver()
        waiting = [("django:urls", root)]
        while waiting:
            path, resolver = waiting.pop(0)
            # The resolver's own property would load what is not loaded yet.
            urlconf = _state_of(resolver).get("urlconf_name")
            module = self._modules.get(urlconf, urlconf) if isinstance(urlconf, str) else urlconf
            patterns: Any = getattr(module, "urlpatterns", module)
            if isinstance(patterns, str):
                self._emit(f"{path}.<routes>", "not loaded")
                continue
            self._emit(f"{path}.<routes>", ", ".join(_route(pattern) for pattern in patterns))
            for index, pattern in enumerate(patterns):
                here = f"{path}[{index}]"
                self._later(here, pattern)
                if hasattr(type(pattern), "url_patterns"):
                    waiting.append((here, pattern))

    def _admin(self) -> None:
        sites = self._modules.get("django.contrib.admin.sites")
        if sites is None:
            return
        site = _state_of(sites.site).get("_wrapped")
        registry = _state_of(site).get("_registry") or {}
        self._emit("django:admin", ", ".join(type_name(model) for model in registry))
        for model, options in registry.items():
            if _module_of(model) in self._project or _module_of(type(options)) in self._project:
                self._later(f"django:admin[{type_name(model)}]", options)
        self._names("django:admin.site", _state_of(site), {"_registry"})

    def _signals(self) -> None:
        kind = self._modules["django.dispatch"].Signal
        for module_name, module in sorted(self._libraries.items()):
            for name, value in list(_MODULE_DICT(module).items()):
                if isinstance_of(type(value), kind) and self._library_globals.get(id(value)) == f"{module_name}:{name}":
                    self._receivers(f"django:signals[{module_name}:{name}]", value)

    def _receivers(self, path: str, signal: Any) -> None:
        senders = {id(None): "any sender"} | self._known
        for model in self._modules["django.apps"].apps.get_models(include_auto_created=True):
            senders.setdefault(id(model), type_name(model))
        index = 0
        for (receiver_key, sender_key), receiver, *_ in signal.receivers:
            target = receiver() if isinstance(receiver, weakref.ReferenceType) else receiver
            if _module_of(target) in _LATE_RECEIVERS:
                continue
            uid = receiver_key if isinstance(receiver_key, str) else ""
            held = "weak" if isinstance(receiver, weakref.ReferenceType) else "strong"
            self._emit(f"{path}[{index}]", f"{held} {uid} from {senders.get(sender_key, 'something else')}")
            self._later(f"{path}[{index}]()", target)
            index += 1

    def _engines(self) -> None:
        engines = _state_of(getattr(self._modules.get("django.template"), "engines", None)).get("_engines") or {}
        self._emit("django:engines", ", ".join(engines))
        for alias, backend in engines.items():
            self._later(f"django:engines[{alias}]", backend)

    # ---- the process ----------------------------------------------------------------------------------------------

    def _process(self) -> None:
        self._emit("sys.argv", self._atom(tuple(sys.argv)))
        self._emit("sys.path", self._atom(tuple(sys.path)))
        self._emit("os.getcwd()", self._atom(os.getcwd()))
        hooks = {name: getattr(sys, name) for name in ("excepthook", "displayhook", "breakpointhook")}
        for name, hook in hooks.items():
            self._later(f"sys.{name}", hook)
        left_out = re.compile(r"AFRESH_|EXACT_|PYTHON|LC_CTYPE$|_$")
        environment = {name: value for name, value in sorted(os.environ.items()) if not left_out.match(name)}
        for name, value in environment.items():
            self._emit(f"os.environ[{name}]", self._atom(value))
        warnings = sys.modules.get("warnings")
        self._emit(
            "warnings.filters", str([(f[0], str(f[1]), _qualname_of(f[2]), str(f[3])) for f in _filters(warnings)])
        )
        self._loggers()

    def _loggers(self) -> None:
        tops = {name.partition(".")[0] for name in self._project}
        loggers = {"": logging.root} | {
            name: one
            for name, one in sorted(logging.root.manager.loggerDict.items())
            if isinstance(one, logging.Logger)
            and (one.handlers or one.level or one.filters or name.partition(".")[0] in tops)
        }
        for name, one in loggers.items():
            handlers = ", ".join(type_name(type(handler)) for handler in one.handlers)
            self._emit(
                f"logging:loggers[{name}]",
                f"level {one.level} propagate {one.propagate} disabled {one.disabled}: {handlers}",
            )
            for index, handler in enumerate(one.handlers):
                if _module_of(type(handler)) in self._project:
                    self._later(f"logging:loggers[{name}].handlers[{index}]", handler)

    # ---- libraries ------------------------------------------------------------------------------------------------

    def _left_in_libraries(self) -> None:
        """What of the project libraries hold in their modules and classes: registries, patched functions."""
        for module_name, module in sorted(self._libraries.items()):
            is_looked_into = module_name in _REGISTRIES or module_name.partition(".")[0] not in sys.stdlib_module_names
            for name, value in list(_MODULE_DICT(module).items()):
                if type(value) in _ATOMS:
                    continue
                self._search(f"{module_name}:{name}", value, 3 if is_looked_into else 0)
                if is_looked_into and isinstance_of(type(value), type) and _module_of(value) == module_name:
                    for attribute, held in list(_TYPE_DICT(value).items()):
                        self._search(f"{module_name}:{name}.{attribute}", held, 2)

    def _search(self, path: str, value: Any, depth: int) -> None:
        """Queue what belongs to the project in or below a library's object."""
        kind = type(value)
        if kind in _ATOMS or kind is types.ModuleType:
            return
        if kind is types.FunctionType or isinstance_of(kind, type):
            if _module_of(value) in self._project:
                self._later(path, value)
        elif depth == 0:
            return
        elif kind is types.MethodType:
            self._search(f"{path}.__func__", value.__func__, depth - 1)
        elif kind in (dict, collections.OrderedDict, collections.defaultdict, types.MappingProxyType):
            for key, held in list(value.items()):
                is_of_project = self._is_of_project(key)
                if is_of_project:
                    self._later(f"{path}.<key {self._key(key)}>", key)
                if type(held) not in _ATOMS and (is_of_project or type(key) in (str, int)):
                    self._search(f"{path}[{self._key(key)}]", held, depth - 1)
        elif kind in (list, tuple, collections.deque):
            for index, held in enumerate(list(value)):
                self._search(f"{path}[{index}]", held, depth - 1)
        elif kind in (set, frozenset):
            for index, held in enumerate(sorted(filter(self._is_of_project, list(value)), key=self._key)):
                self._search(f"{path}{{{index}}}", held, depth - 1)

    def _is_of_project(self, value: object) -> bool:
        kind = type(value)
        return (kind is types.FunctionType or isinstance_of(kind, type)) and _module_of(value) in self._project

    def _subclasses(self) -> list[tuple[str, list[str]]]:
        """The project's classes in the order in which their bases know them, for the bases that are a library's."""
        bases: dict[type, None] = {}
        for value in self._kept:
            if isinstance_of(type(value), type) and _module_of(value) in self._project:
                bases.update(dict.fromkeys(base for base in _TYPE_BASES(value) if base is not object))  # type: ignore[arg-type]
        known: list[tuple[str, list[str]]] = []
        for base in bases:
            derived: list[type] = type.__subclasses__(base)
            known.append((type_name(base), [self._known[id(one)] for one in derived if id(one) in self._known]))
        return sorted((base, found) for base, found in known if found)


def isinstance_of(kind: type, base: type) -> bool:
    """`isinstance` by the real class: a proxy's `__class__` would be evaluated."""
    return base in _TYPE_MRO(kind)


def _module_of(value: object) -> str | None:
    kind = type(value)
    module: object
    if isinstance_of(kind, type):
        module = _TYPE_MODULE(value)  # type: ignore[arg-type]
    elif kind is types.FunctionType or kind in (types.BuiltinFunctionType,):
        module = value.__module__
    else:
        return None
    return module if isinstance(module, str) else None


def _qualname_of(value: object) -> str | None:
    kind = type(value)
    if isinstance_of(kind, type):
        return _TYPE_QUALNAME(value)  # type: ignore[arg-type]
    named = (types.FunctionType, types.BuiltinFunctionType, types.WrapperDescriptorType, types.MethodDescriptorType)
    name = getattr(value, "__qualname__", None) if kind in named else None
    return name if isinstance(name, str) else None


def _state_of(value: object) -> dict[str, Any]:
    """Attributes that are stored in an object, without asking its class for any."""
    state: dict[str, Any] = {}
    for kind in reversed(_TYPE_MRO(type(value))):
        for name, member in _TYPE_DICT(kind).items():
            if type(member) is types.MemberDescriptorType and _TYPE_DICT(kind).get("__slots__") is not None:
                try:
                    state[name] = member.__get__(value)
                except AttributeError:
                    continue
    # Of a class that has put a property there (celery's proxies), asking for it would run that.
    holder = next(
        (_TYPE_DICT(kind)["__dict__"] for kind in _TYPE_MRO(type(value)) if "__dict__" in _TYPE_DICT(kind)), None
    )
    if holder is not None and type(holder) is not types.GetSetDescriptorType:
        return state
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return state
    return {**state, **own} if type(own) is dict else state


def _registered(kind: type) -> set[type]:
    """Classes that were registered with an abstract base class; what it has asked about since is a cache."""
    from _abc import _get_dump  # type: ignore[import-not-found]

    registered: list[weakref.ref[type]] = list(_get_dump(kind)[0])
    return {one for reference in registered if (one := reference()) is not None}


def _index_of_static_attributes(code: types.CodeType) -> int:
    if "__static_attributes__" not in code.co_names:
        return -1
    before: dis.Instruction | None = None
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_NAME" and instruction.argval == "__static_attributes__" and before is not None:
            return before.arg if before.opname == "LOAD_CONST" and before.arg is not None else -1
        before = instruction
    return -1


def _route(pattern: Any) -> str:
    return str(_state_of(pattern).get("pattern") and pattern.pattern)


def _filters(warnings: Any) -> list[tuple[Any, ...]]:
    return list(getattr(warnings, "filters", ()))


def _digest(data: bytes) -> str:
    return f"{len(data)} bytes {hashlib.blake2b(data, digest_size=8).hexdigest()}"


def _file_tail(file: str) -> str:
    return os.sep.join(file.split(os.sep)[-3:])


_COPIED_NAMES = frozenset(
    {"__module__", "__name__", "__qualname__", "__doc__", "__wrapped__", "__annotations__", "__type_params__"}
)

_EXAMPLES: tuple[Any, ...] = ([], (), {}, {}.values(), {}.items(), set[int](), range(0), "", b"", map(abs, ()), zip())
_ITERATORS: tuple[type, ...] = tuple(type(iter(one)) for one in (*_EXAMPLES, filter(abs, ())))

# What instances of classes derived from values hold, beside their attributes.
_CONTENTS: dict[type, Callable[[Any], object]] = {
    str: str.__repr__,
    int: int.__repr__,
    float: float.__repr__,
    bytes: bytes.__repr__,
    tuple: lambda value: tuple(tuple.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
}

_DESCRIPTIONS: dict[type, Callable[[_Walk, str, Any], None]] = {
    types.FunctionType: _Walk._function,
    type: _Walk._class,
    types.CellType: _Walk._cell,
    types.MethodType: _Walk._method,
    types.BuiltinFunctionType: _Walk._builtin_method,
    types.MethodWrapperType: _Walk._builtin_method,
    staticmethod: _Walk._wrapped,
    classmethod: _Walk._wrapped,
    property: _Walk._property,
    functools.partial: _Walk._partial,
    type(functools.lru_cache(_digest)): _Walk._lru_cache,
    types.GeneratorType: _Walk._generator,
    types.CoroutineType: _Walk._generator,
    types.AsyncGeneratorType: _Walk._generator,
    weakref.ReferenceType: _Walk._weak_reference,
    types.MappingProxyType: _Walk._proxy,
    weakref.WeakSet: _Walk._weak_collection,
    weakref.WeakKeyDictionary: _Walk._weak_collection,
    weakref.WeakValueDictionary: _Walk._weak_collection,
    dict: _Walk._dict,
    list: _Walk._list,
    set: _Walk._any_set,
    collections.deque: _Walk._list,
    re.Pattern: _Walk._by_repr,
    types.GenericAlias: _Walk._by_repr,
    types.GetSetDescriptorType: _Walk._by_repr,
    types.MemberDescriptorType: _Walk._by_repr,
    **dict.fromkeys(_ITERATORS, _Walk._reduced),
}
# Their subclasses are described alike, with the state of the instance after it.
_BY_BASE = frozenset({type, property, functools.partial, weakref.ReferenceType, dict, list, set, collections.deque})
