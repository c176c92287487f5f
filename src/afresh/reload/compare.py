"""What an edit of a source changed, told from the compiled code of both texts, walked in parallel by position.

Compiled code is compared instead of syntax trees because whatever surrounds a function (decorators, defaults,
annotations, `global`, closures, type parameters) is code of the module, class or function around it, which ran: it
needs no rule of its own. By position, since names repeat: a property's getter and setter, two lambdas, singledispatch's
`_`.
"""

from __future__ import annotations

import opcode
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType
from typing import NamedTuple

import msgspec

CO_OPTIMIZED = 0x1
CO_NEWLOCALS = 0x2
CO_VARARGS = 0x4
CO_VARKEYWORDS = 0x8
CO_HAS_DOCSTRING = 0x4000000
# Since 3.13 class bodies note where they are; since 3.14 a first constant that is a text need not be a docstring.
HAS_CLASS_NOTES = sys.version_info >= (3, 13)
HAS_DOCSTRING_FLAG = sys.version_info >= (3, 14)

STORE_NAME = opcode.opmap["STORE_NAME"]
EXTENDED_ARG = opcode.opmap["EXTENDED_ARG"]
CACHE = opcode.opmap["CACHE"]
WITH_CONSTANT = frozenset(opcode.hasconst)
# 3.14 keeps small integers in the instruction.
SMALL_INT = opcode.opmap.get("LOAD_SMALL_INT", -1)

FIRST_LINE = "__firstlineno__"
STATIC_ATTRIBUTES = "__static_attributes__"

# What evaluates annotations, since 3.14: a function for each function, class and module that has any.
ANNOTATE = "__annotate__"

# What has type parameters is made inside a hidden function, which runs there and then.
TYPE_SCOPE = "<generic parameters of "

Position = tuple[int, ...]


class Place(msgspec.Struct, frozen=True):
    """A function that changed: where it is in the tree, and what tells whether it ran.

    `position`: at each level, which of the nested code objects, counted from 0. `line`: the old `co_firstlineno`.
    """

    position: Position
    qualname: str
    line: int


class Comparison(msgspec.Struct, frozen=True):
    """`changed`: functions with another inside, outermost only. `moved`: lines of anything else differ.

    `obstacle`: what else changed, as in "the signature of `detail`": then new code cannot be put into living functions.
    """

    changed: tuple[Place, ...] = ()
    moved: bool = False
    obstacle: str = ""


class Pair(NamedTuple):
    """The code objects at one position of both trees.

    `is_changed`: they differ in more than lines, class notes and nested code. `is_moved`: lines or columns differ.
    """

    position: Position
    old: CodeType
    new: CodeType
    is_changed: bool
    is_moved: bool


def compare(old: CodeType, new: CodeType) -> Comparison:
    """Compare two modules' code, compiled alike from two texts."""
    both, obstacle = pairs(old, new)
    changed = [Place(pair.position, pair.old.co_qualname, pair.old.co_firstlineno) for pair in both if pair.is_changed]
    return Comparison(tuple(changed), any(pair.is_moved for pair in both if not pair.is_changed), obstacle)


def pairs(old: CodeType, new: CodeType, position: Position = ()) -> tuple[list[Pair], str]:
    """Both trees side by side, outer before inner; or none, and the obstacle as in `Comparison`.

    Below what changed nothing corresponds, and nothing needs to: if it did not run, nothing below it is alive. So
    whatever changed inside a function may change, as a change of that function.
    """
    if old is new or old == new:  # nearly everywhere, and told by the interpreter many times as fast
        return list(_equal_pairs(old, new, position)), ""
    if not _is_same(old, new):
        obstacle = _obstacle(old, new)
        return ([], obstacle) if obstacle else ([Pair(position, old, new, True, True)], "")
    is_moved = old.co_firstlineno != new.co_firstlineno or old.co_linetable != new.co_linetable
    both = [Pair(position, old, new, False, is_moved)]
    for number, (inner_old, inner_new) in enumerate(zip(nested(old), nested(new), strict=True)):
        inner, obstacle = pairs(inner_old, inner_new, (*position, number))
        if obstacle:
            may_change = is_function(old) and not old.co_name.startswith(TYPE_SCOPE)
            return ([Pair(position, old, new, True, True)], "") if may_change else ([], obstacle)
        both += inner
    return both, ""


def _equal_pairs(old: CodeType, new: CodeType, position: Position) -> Iterator[Pair]:
    yield Pair(position, old, new, False, False)
    for number, (inner_old, inner_new) in enumerate(zip(nested(old), nested(new), strict=True)):
        yield from _equal_pairs(inner_old, inner_new, (*position, number))


def nested(code: CodeType) -> list[CodeType]:
    """The code objects directly inside this one, by position."""
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]


def at_position(code: CodeType, position: Position) -> CodeType:
    """The code object at a position; raises IndexError where there is none."""
    for number in position:
        code = nested(code)[number]
    return code


def outermost(code: CodeType, position: Position) -> Position:
    """The position of the outermost function around the code object at a position, or that of itself."""
    lengths = range(1, len(position))
    return next((position[:each] for each in lengths if is_function(at_position(code, position[:each]))), position)


def replaced(code: CodeType, parts: Mapping[Position, CodeType]) -> CodeType:
    """The tree with other code at some positions; raises IndexError for one that is not there."""
    if () in parts:
        return parts[()]
    below: dict[int, dict[Position, CodeType]] = {}
    for position, part in parts.items():
        below.setdefault(position[0], {})[position[1:]] = part
    consts = list(code.co_consts)
    places = [index for index, each in enumerate(consts) if isinstance(each, CodeType)]
    for number, inner in below.items():
        consts[places[number]] = replaced(consts[places[number]], inner)
    return code.replace(co_consts=tuple(consts))


def are_functions_equal(one: CodeType, other: CodeType) -> bool:
    """Whether two trees differ at most in lines and columns of what is no function: that ran, and nothing holds it."""
    if one is other or one == other:
        return True
    if is_function(one) or is_function(other) or not _are_same(one.co_consts, other.co_consts):
        return False
    is_same = one.replace(co_consts=(), co_linetable=b"") == other.replace(co_consts=(), co_linetable=b"")
    return is_same and all(map(are_functions_equal, nested(one), nested(other)))


def is_function(code: CodeType) -> bool:
    """Whether this is the code of a function, lambda, comprehension or annotation scope: no class body, no module."""
    return code.co_flags & (CO_OPTIMIZED | CO_NEWLOCALS) == CO_OPTIMIZED | CO_NEWLOCALS


def class_notes(code: CodeType) -> dict[str, object]:
    """What the compiler makes a class body store about its own source, since 3.13; nothing for other code.

    `__firstlineno__` changes when lines move. `__static_attributes__` changes with what methods assign to `self`.
    """
    return _class_body(code)[1] if _has_notes(code) else {}


# ---- sameness -------------------------------------------------------------------------------------------------------


def _is_same(old: CodeType, new: CodeType) -> bool:
    """Whether both do the same, lines, class notes and nested code left out."""
    if not _is_same_around(old, new):
        return False
    # Specialised and instrumented instructions are told as what they were compiled to.
    if old.co_code == new.co_code and _are_same(old.co_consts, new.co_consts):
        return True
    return _has_notes(old) and _class_body(old)[0] == _class_body(new)[0]


def _is_same_around(old: CodeType, new: CodeType) -> bool:
    return (
        old.co_flags == new.co_flags
        and old.co_name == new.co_name
        and old.co_qualname == new.co_qualname
        and _parameters(old) == _parameters(new)
        and old.co_names == new.co_names
        and old.co_varnames == new.co_varnames
        and old.co_freevars == new.co_freevars
        and old.co_cellvars == new.co_cellvars
        and old.co_exceptiontable == new.co_exceptiontable
    )


def _are_same(old: Sequence[object], new: Sequence[object]) -> bool:
    return len(old) == len(new) and all(
        one is other or _constant(one) == _constant(other) for one, other in zip(old, new, strict=True)
    )


def _has_notes(code: CodeType) -> bool:
    # In a module the name would be the user's own.
    return HAS_CLASS_NOTES and FIRST_LINE in code.co_names and not is_function(code) and code.co_name != "<module>"


def _class_body(code: CodeType) -> tuple[list[tuple[int, object]], dict[str, object]]:
    """Instructions with constants in the place of their indices, notes left out; and the notes.

    By value, because the number of a line shares its index with any equal integer in the body: it moves all indices
    behind it when it changes.
    """
    constants = [_constant(constant) for constant in code.co_consts]
    number = 0
    for index, constant in enumerate(code.co_consts):
        if isinstance(constant, CodeType):
            constants[index] = (CodeType, number)
            number += 1
    body: list[tuple[int, object]] = []
    note_at: dict[str, int] = {}
    notes: dict[str, object] = {}
    loaded: object = None
    argument = 0
    instructions = code.co_code
    for operation, low in zip(instructions[::2], instructions[1::2], strict=True):
        argument = argument << 8 | low
        if operation == EXTENDED_ARG:
            continue
        if operation == STORE_NAME:
            name = code.co_names[argument]
            # The compiler notes the line before and the attributes after all that the user may store by these names.
            if (name == FIRST_LINE and name not in notes) or name == STATIC_ATTRIBUTES:
                notes[name], note_at[name] = loaded, len(body) - 1
        if operation in WITH_CONSTANT:
            loaded = code.co_consts[argument]
            body.append((operation, constants[argument]))
        elif operation != CACHE:
            loaded = argument if operation == SMALL_INT else None
            body.append((operation, argument))
        argument = 0
    for at in note_at.values():
        body[at] = (STORE_NAME, None)
    return body, notes


def _constant(value: object) -> object:
    """A key that is equal only for constants which no program can tell apart, identity left out."""
    if isinstance(value, CodeType):
        return CodeType
    if isinstance(value, tuple):
        return tuple, tuple(map(_constant, value))
    if isinstance(value, frozenset):
        # The order in a set is not the text's: it differs from one interpreter to the next.
        return frozenset, frozenset(map(_constant, value))
    if isinstance(value, (float, complex, slice)):
        return type(value), repr(value)  # tells -0.0 from 0.0, and finds nan equal to itself
    return type(value), value


# ---- what stands against it -----------------------------------------------------------------------------------------


def _obstacle(old: CodeType, new: CodeType) -> str:
    """Why new code cannot take the place of old, or "" where both are functions that look alike from outside."""
    if not is_function(old) or not is_function(new):
        return _obstacle_around(old, new)
    if old.co_name.startswith(TYPE_SCOPE):
        return f"the type parameters, annotations or bases of `{old.co_name.removeprefix(TYPE_SCOPE).rstrip('>')}`"
    if (old.co_name, old.co_qualname) != (new.co_name, new.co_qualname):
        return f"the name of {_called(old)}"
    if _signature(old) != _signature(new):
        return f"the signature of {_called(old)}"
    if _docstring(old) != _docstring(new):
        return f"the docstring of {_called(old)}"
    if old.co_flags != new.co_flags:
        return f"the kind of {_called(old)} (function, generator, coroutine)"
    if old.co_freevars != new.co_freevars:
        return f"the outer variables that {_called(old)} uses"
    return ""


def _obstacle_around(old: CodeType, new: CodeType) -> str:
    is_module = old.co_name == "<module>"
    if _defined(old) != _defined(new):
        return f"what is defined in {'the module' if is_module else _called(old)}"
    return "the statements of the module" if is_module else f"the class body of {_called(old)}"


def _defined(code: CodeType) -> list[str]:
    names = [inner.co_name for inner in nested(code)]
    return [name for name in names if not name.startswith("<") and name != ANNOTATE]


def _called(code: CodeType) -> str:
    return f"`{code.co_qualname}`" + (f" in line {code.co_firstlineno}" if code.co_name.startswith("<") else "")


def _parameters(code: CodeType) -> tuple[int, int, int]:
    return code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount


def _signature(code: CodeType) -> tuple[object, ...]:
    stars = code.co_flags & (CO_VARARGS | CO_VARKEYWORDS)
    count = code.co_argcount + code.co_kwonlyargcount + stars.bit_count()
    return _parameters(code), stars, code.co_varnames[:count]


def _docstring(code: CodeType) -> str | None:
    """As CPython takes it out of the code when it makes a function that a program gets to see."""
    if code.co_name.startswith("<") or (HAS_DOCSTRING_FLAG and not code.co_flags & CO_HAS_DOCSTRING):
        return None
    first = code.co_consts[0] if code.co_consts else None
    return first if isinstance(first, str) else None
