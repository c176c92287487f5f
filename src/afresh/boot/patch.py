"""Putting an edited module's new code into the functions that live: all of it, or nothing.

Runs in a fork of a checkpoint. Whether the edit may be patched at all (what changed did not run and was not read) has
been decided before. Here every function object is found that carries old code, and each reference to that code is
accounted for, so that none stays behind unseen: in a generator that has not started, in a registry, on the stack.
"""

from __future__ import annotations

import builtins
import gc
import sys
from collections.abc import Iterable, Sequence
from sys import getrefcount
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CellType,
    CodeType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    NoneType,
    WrapperDescriptorType,
)
from typing import Any

from afresh.modules import attributes as attributes_of
from afresh.reload.compare import FIRST_LINE, Pair, Position, class_notes, is_function, nested, pairs

# What leads to no function. Of code there must be no reference in the lists here, since references are counted.
LEAVES = frozenset(
    {
        *(str, int, bool, float, complex, bytes, NoneType, CodeType, ModuleType),
        *(BuiltinFunctionType, GetSetDescriptorType, MemberDescriptorType, WrapperDescriptorType),
    }
)
# A class's own, whatever its metaclass makes of the names.
ATTRIBUTES = type.__dict__["__dict__"].__get__
WRAPPED = "__wrapped__"
QUALNAME = type.__dict__["__qualname__"].__get__
CONTAINERS = frozenset({dict, list, tuple, set, frozenset, MappingProxyType, getattr(builtins, "frozendict", dict)})
GENERATORS = {GeneratorType: "gi_code", CoroutineType: "cr_code", AsyncGeneratorType: "ag_code"}
HOLDERS = frozenset({FunctionType, MethodType, CellType, staticmethod, classmethod, property})
# In objects. Beyond, a search of the whole heap is no slower; and whatever is looked at here has its page copied.
LARGE_CONTAINER = 1_000
NEAR_LIMIT = 50_000
FAR_LIMIT = 5_000
FAR_STEP = 500


def apply(old: CodeType, new: CodeType, namespace: dict[str, Any], held: Sequence[CodeType] = ()) -> str:
    """Replace the code of `old`, the very object that was executed in `namespace`, by `new` of the same file.

    `held`: code of the module, executed there before, that may be alive as well. Returns "", or in words why not; then
    nothing was changed.
    """
    if why := _refusal(old, new):
        return why
    both, obstacle = pairs(old, new)
    if obstacle:
        return f"{obstacle} changed"
    tree = _Tree(both, held)
    del both  # it refers to code, and references are counted
    search = _Search(tree, namespace)
    for look in (search.near, search.far, search.everywhere):
        look()
        why = search.obstacle or tree.obstacle
        if why or not any(tree.missing()):
            break
    for target in tree.missing():
        why = why or f"`{target.node.co_qualname}` is running, or held by something that cannot be changed"
    if why:
        return why
    for target in tree.targets.values():
        for function in target.functions.values():
            function.__code__ = target.new
    for owner, notes in search.classes:
        for name, value in notes.items():
            # Not by the metaclass, which may forbid it or act on it.
            type.__setattr__(owner, name, value)
    for attributes, notes in search.copies:
        attributes.update(notes)
    if (linecache := sys.modules.get("linecache")) is not None:
        linecache.cache.pop(old.co_filename, None)
    return ""


def merged(old: CodeType, new: CodeType) -> CodeType:
    """The tree whose parts living functions hold after `apply(old, new, ...)`: what did not differ is the old one's."""
    differing = {pair.position for pair in _differing(pairs(old, new)[0])}

    def part(position: Position, old: CodeType, new: CodeType) -> CodeType:
        if position and position not in differing:
            return old
        if is_function(old):
            return new
        inner = iter(
            [part((*position, number), *both) for number, both in enumerate(zip(nested(old), nested(new), strict=True))]
        )
        return new.replace(
            co_consts=tuple(next(inner) if isinstance(each, CodeType) else each for each in new.co_consts)
        )

    return part((), old, new)


def _refusal(old: CodeType, new: CodeType) -> str:
    if not hasattr(sys, "monitoring"):
        return "this version of Python cannot tell which functions ran"
    if "t" in sys.abiflags:
        return "references cannot be counted in a free-threaded build"
    if old.co_filename != new.co_filename:
        return f"the file is now {new.co_filename}"
    return ""


class _Target:
    """A function's code that is to be replaced. `constants`: how many tuples of constants hold it."""

    __slots__ = ("constants", "functions", "new", "node")

    def __init__(self, node: CodeType, new: CodeType, constants: int) -> None:
        self.node = node
        self.new = new
        self.constants = constants
        self.functions: dict[int, FunctionType] = {}

    def references(self) -> int:
        return getrefcount(self.node) - self.constants - len(self.functions)


class _Tree:
    """What is to be replaced: functions' code by identity, and classes' notes by name and line."""

    def __init__(self, both: Sequence[Pair], held: Sequence[CodeType]) -> None:
        old = both[0].old
        self.filename = old.co_filename
        self.targets: dict[int, _Target] = {}
        self.notes: dict[tuple[str, object], dict[str, object]] = {}
        constants = _count_constants(old, *held)
        # Below a function that did not run nothing can be alive.
        self.known = {id(pair.old) for pair in both}
        for pair in _differing(both):
            if is_function(pair.old):
                self.targets[id(pair.old)] = _Target(pair.old, pair.new, constants[id(pair.old)])
            elif (notes := class_notes(pair.new)) != class_notes(pair.old):
                self.notes[pair.old.co_qualname, pair.old.co_firstlineno] = notes
        # Without columns two lambdas in one line may be one code object, of which the edit makes two.
        becomes: dict[int, CodeType] = {}
        twofold = {id(pair.old) for pair in both if becomes.setdefault(id(pair.old), pair.new) is not pair.new}
        self.obstacle = "" if twofold.isdisjoint(self.targets) else "two functions share their code"
        # References are counted against those to a code object that only such a target holds: so many are our own.
        self._own = _Target(old.replace(), old, 0).references()

    def missing(self) -> Iterable[_Target]:
        """Targets with references that come from none of the functions found."""
        return (target for target in self.targets.values() if target.references() != self._own)


def _differing(both: Sequence[Pair]) -> list[Pair]:
    """The pairs whose code differs in anything, that of nested functions included."""
    differing = {pair.position for pair in both if pair.is_changed or pair.is_moved}
    around = {position[:length] for position in differing for length in range(len(position))}
    # The module's own code has been executed and is held by nothing.
    return [pair for pair in both if pair.position and pair.position in differing | around]


def _count_constants(*codes: CodeType) -> dict[int, int]:
    """For each code object below any of `codes`, by id, how many tuples of constants hold it.

    The compiler makes equal constants one: the code of two lambdas, and the tuple of two functions.
    """
    counts: dict[int, int] = {}
    tuples: set[int] = set()
    waiting = list(codes)
    while waiting:
        code = waiting.pop()
        if id(code.co_consts) not in tuples:
            tuples.add(id(code.co_consts))
            for inner in nested(code):
                counts[id(inner)] = counts.get(id(inner), 0) + 1
                waiting.append(inner)
    return counts


class _Search:
    """Looks for the functions of the tree, from the module's namespace outwards, and for its classes on the way."""

    def __init__(self, tree: _Tree, namespace: dict[str, Any]) -> None:
        self.obstacle = ""
        self.classes: list[tuple[type, dict[str, object]]] = []
        # What wraps a class has a copy of all that the class holds (`functools.update_wrapper`), and what evaluates a
        # class's annotations has the names that its body made (`__classdict__`, since 3.14).
        self.copies: list[tuple[dict[str, object], dict[str, object]]] = []
        self._tree = tree
        self._module = namespace.get("__name__")
        self._seen = {id(namespace)}
        self._near: list[object] = []
        self._far: list[object] = []
        self._sort(namespace.values())
        if tree.notes:
            self._sort([attributes for each in self._far if WRAPPED in (attributes := attributes_of(each))])

    def near(self) -> None:
        """Through functions, classes of the module, what wraps functions, and containers."""
        while self._near and len(self._seen) < NEAR_LIMIT:
            frontier, self._near = self._near, []
            self._sort(gc.get_referents(*frontier))

    def far(self) -> None:
        """Through any objects, nearest first, as long as something is missing."""
        limit = len(self._seen) + FAR_LIMIT
        while self._far and len(self._seen) < limit and any(self._tree.missing()):
            frontier, self._far = self._far[:FAR_STEP], self._far[FAR_STEP:]
            self._sort(gc.get_referents(*frontier))
            self.near()

    def everywhere(self) -> None:
        """Through the whole heap, for what is still missing; by reading alone, so that its pages stay shared."""
        was_enabled, was_frozen = gc.isenabled(), gc.get_freeze_count() > 0
        # A collection would write to each object.
        gc.disable()
        gc.unfreeze()  # what is frozen is not searched
        try:
            functions = _functions_of(*[target.node for target in self._tree.missing()])
            self._sort(functions)
            self.near()
            if methods := self._of_unseen_classes(functions):
                self._sort(_classes_with(methods))
        finally:
            if was_frozen:
                gc.freeze()
            if was_enabled:
                gc.enable()
        self.near()

    def _of_unseen_classes(self, functions: Iterable[FunctionType]) -> list[FunctionType]:
        unseen = {name for name, _ in self._tree.notes} - {QUALNAME(owner) for owner, _ in self.classes}
        return [each for each in functions if each.__code__.co_qualname.rpartition(".")[0] in unseen]

    def _sort(self, found: Iterable[object]) -> None:
        seen = self._seen
        for each in found:
            kind = type(each)
            if kind in LEAVES or id(each) in seen:
                continue
            seen.add(id(each))
            if kind in HOLDERS:
                if kind is FunctionType:
                    self._see_function(each)
                self._near.append(each)
            elif kind in CONTAINERS:
                self._sort_container(each)
            elif kind in GENERATORS:
                self._see_generator(getattr(each, GENERATORS[kind]))
            # Not isinstance(): it asks `__class__` of proxies, which are evaluated by that.
            elif issubclass(kind, type):
                self._see_class(each)
            else:
                self._far.append(each)
                if id(kind) not in seen:
                    seen.add(id(kind))
                    self._see_class(kind)

    def _sort_container(self, container: Any) -> None:
        if len(container) > LARGE_CONTAINER:
            return
        # Namespaces of modules lead everywhere.
        if type(container) is dict and ("__builtins__" in container or "__spec__" in container):
            return
        if type(container) is dict and (WRAPPED in container or FIRST_LINE in container):
            self._see_copy(container)
        self._near.append(container)

    def _see_function(self, function: Any) -> None:
        code = function.__code__
        if (target := self._tree.targets.get(id(code))) is not None:
            target.functions[id(function)] = function
        elif code.co_filename == self._tree.filename and id(code) not in self._tree.known:
            self.obstacle = f"the code of `{code.co_qualname}` is not as it was compiled"

    def _see_generator(self, code: CodeType) -> None:
        if id(code) in self._tree.targets:
            self.obstacle = f"`{code.co_qualname}` has made a generator or coroutine that has not ended"

    def _see_class(self, owner: Any) -> None:
        attributes = ATTRIBUTES(owner)
        module = attributes.get("__module__")
        if type(module) is not str or module != self._module:
            return
        self._near.append(owner)
        line = attributes.get(FIRST_LINE)
        if type(line) is int and (notes := self._tree.notes.get((QUALNAME(owner), line))) is not None:
            self.classes.append((owner, notes))

    def _see_copy(self, attributes: dict[str, object]) -> None:
        if attributes.get("__module__") == self._module:
            line, name = attributes.get(FIRST_LINE), attributes.get("__qualname__")
            for (qualname, first), notes in self._tree.notes.items():
                if first == line and name in (qualname, None):
                    self.copies.append((attributes, notes))


def _functions_of(*codes: CodeType) -> list[FunctionType]:
    return [holder for holder in gc.get_referrers(*codes) if type(holder) is FunctionType]


def _classes_with(functions: Sequence[FunctionType]) -> list[type]:
    """The classes that have one of these functions in their dictionaries."""
    dictionaries = [holder for holder in gc.get_referrers(*functions) if type(holder) is dict]
    return [owner for owner in gc.get_referrers(*dictionaries) if issubclass(type(owner), type)]
