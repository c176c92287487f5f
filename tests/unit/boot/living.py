"""Modules that are executed for real, what ran in them, and a description that tells two of them apart."""

import functools
import gc
import sys
from types import CellType, CodeType, FunctionType, GeneratorType, MappingProxyType, MethodType, ModuleType
from typing import Any

from afresh.boot.patch import apply
from afresh.reload.compare import compare

monitoring: Any = getattr(sys, "monitoring", None)
TOOL = 3
NAME = "living"
FILE = "/project/living.py"

ARE_LATE = sys.version_info >= (3, 14)
PLAIN = (str, bytes, int, float, complex, bool, type(None), type(...))
ATTRIBUTES, MRO, QUALNAME = (type.__dict__[name].__get__ for name in ("__dict__", "__mro__", "__qualname__"))
OF_EACH_CLASS = {"__dict__", "__weakref__", "_abc_impl"}


class Living:
    """A module executed from `text`, and which of its code ran meanwhile."""

    def __init__(self, text: str, file: str = FILE) -> None:
        self.file = file
        self.code = self.compiled(text)
        self.module = ModuleType(NAME)
        self.module.__file__ = file
        self._ran: set[tuple[str, int]] = set()
        sys.modules[NAME] = self.module
        monitoring.use_tool_id(TOOL, "living")
        monitoring.register_callback(TOOL, monitoring.events.PY_START, self._see)
        monitoring.set_events(TOOL, monitoring.events.PY_START)
        try:
            exec(self.code, vars(self.module))
        finally:
            monitoring.set_events(TOOL, 0)
            monitoring.free_tool_id(TOOL)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def _see(self, code: CodeType, offset: int) -> None:
        if code.co_filename == self.file:
            self._ran.add((code.co_qualname, code.co_firstlineno))

    def compiled(self, text: str) -> CodeType:
        """The code of another text of this file."""
        return compile(text.encode(), self.file, "exec", dont_inherit=True)

    def reload(self, text: str) -> str:
        """Patch as the keeper would have it: "", or why not."""
        new = self.compiled(text)
        comparison = compare(self.code, new)
        ran = [place.qualname for place in comparison.changed if (place.qualname, place.line) in self._ran]
        return f"`{ran[0]}` ran" if ran else apply(self.code, new, vars(self.module))

    def stale(self, word: str) -> list[FunctionType]:
        """Every function of the module, wherever it is, whose code still has the word among its constants."""
        functions = [each for each in gc.get_objects() if type(each) is FunctionType]
        own = [function for function in functions if function.__globals__ is vars(self.module)]
        return [function for function in own if word in function.__code__.co_consts]

    def description(self, others: object = None) -> object:
        """Everything in the module, and in `others`, that a program can see; equal for all that the same text made."""
        describe = _Description()
        return describe.of_names(vars(self.module), leave_out={"__builtins__"}), describe.of(others)


class _Description:
    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []

    def of(self, value: Any) -> object:
        if isinstance(value, PLAIN):
            return type(value).__name__, repr(value)
        if isinstance(value, CodeType):
            return self.of_code(value)
        if isinstance(value, tuple):
            # Which equal literals are one object is not promised.
            return type(value).__name__, [self.of(each) for each in value]
        if id(value) in self._seen:
            return "as number", self._seen[id(value)]
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)  # so that no other object gets its id
        return type(value).__name__, self._inside(value)

    def of_names(self, names: Any, leave_out: set[str]) -> object:
        return [(name, self.of(value)) for name, value in names.items() if name not in leave_out]

    def of_code(self, code: CodeType) -> object:
        attributes = [name for name in dir(code) if name.startswith("co_") and name not in ("co_consts", "co_lnotab")]
        plain = [(name, getattr(code, name)) for name in attributes if not callable(getattr(code, name))]
        return plain, [self.of(constant) for constant in code.co_consts]

    def _inside(self, value: Any) -> object:
        match value:
            case FunctionType():
                kept = (value.__defaults__, value.__kwdefaults__, value.__closure__, vars(value), _annotations(value))
                return value.__qualname__, value.__doc__, self.of_code(value.__code__), [self.of(each) for each in kept]
            case type():
                # Not by what a metaclass makes of these names.
                name, names = QUALNAME(value), ATTRIBUTES(value)
                bases = [QUALNAME(base) for base in MRO(value)[1:]]
                return name, bases, self.of_names(names, OF_EACH_CLASS) if names.get("__module__") == NAME else None
            case ModuleType():
                return value.__name__
            case dict() | MappingProxyType():
                return [(self.of(key), self.of(each)) for key, each in list(value.items())]
            case list():
                return [self.of(each) for each in value]
            case set() | frozenset():
                return sorted(repr(self.of(each)) for each in value)
            case CellType():
                return self.of(value.cell_contents)
            case MethodType() | staticmethod() | classmethod():
                return self.of(value.__func__)
            case property():
                return [self.of(each) for each in (value.fget, value.fset, value.fdel)]
            case functools.partial():
                return [self.of(each) for each in (value.func, value.args, value.keywords)]
            case GeneratorType():
                return self.of_code(value.gi_code)
        if hasattr(value, "__dict__"):
            return self.of_names(vars(value), set())
        return [self.of(each) for each in gc.get_referents(value) if isinstance(each, FunctionType)]


def _annotations(function: Any) -> object:
    """Those of a function that are evaluated late: how, and as far as it has been done, what it came to."""
    if not ARE_LATE:
        return function.__annotations__
    own = (vars(function), function.__globals__, function.__kwdefaults__)
    evaluated = [
        each for each in gc.get_referents(function) if type(each) is dict and not any(each is one for one in own)
    ]
    annotate: Any = function.__annotate__
    # That of a function which a library made leads to all of the library.
    is_own = annotate is not None and annotate.__code__.co_filename == function.__code__.co_filename
    return annotate if is_own else getattr(annotate, "__qualname__", None), evaluated
