"""Compiling one function of a module, and putting it into the code of the rest.

To compile a file of a thousand lines takes longer than all else that a reload does for an edit in one function. Where a
text differs from one whose code is known only inside of one function, and has as many lines, that function is compiled
alone, at its place, and what comes out is equal to what the compiler makes of the whole text. That this holds for what
surrounds a function is not assumed: the old text is compiled alone as well, and must come out as it did before.
"""

from __future__ import annotations

import opcode
import re
from collections.abc import Iterable, Sequence
from types import CodeType

from afresh.reload.statements import CODING, FUTURE, WITHOUT_CODE

OPTIMIZED = 0x1  # CO_OPTIMIZED: a function, and no class body
BEGINS = re.compile(rb"[ \t]*(?:async[ \t]+def|def|class)\b")
INDENT = re.compile(rb"[ \t]*")
# Ends of lines that Python and `split` see otherwise, and what moves the column.
ODD = re.compile(rb"[\r\f\v]")
# It acts on how the module's own statements are compiled.
GLOBAL = re.compile(rb"\bglobal\b")
IMPORTS = frozenset(opcode.opmap[name] for name in ("IMPORT_NAME", "IMPORT_FROM"))
BETWEEN = frozenset(opcode.opmap[name] for name in ("SWAP", "POP_TOP", "CACHE") if name in opcode.opmap)
STORE_NAME = opcode.opmap["STORE_NAME"]


def recompiled(before: bytes, code: CodeType, after: bytes, *, optimize: int) -> CodeType | None:
    """The code of the text `after`, made from the `code` of the text `before`; None where it cannot be made so.

    Raises nothing for a text that cannot be compiled: that is for whoever compiles all of it to say.
    """
    if ODD.search(before) or ODD.search(after):
        return None
    old, new = before.split(b"\n"), after.split(b"\n")
    changed = [number for number, (one, other) in enumerate(zip(old, new, strict=False)) if one != other]
    if len(old) != len(new) or not changed or CODING.search(b"\n".join(old[:2])):
        return None
    way = _way_to(code, changed[0])
    first = way[-1].co_firstlineno - 1
    if len(way) == 1 or first < 2:
        return None
    end = _end(old, first)
    if changed[-1] >= end or end != _end(new, first) or any(map(GLOBAL.search, old[first:end] + new[first:end])):
        return None
    around = _around(way, old)
    if around is None:
        return None
    was, now = (_compiled_alone(text, first, end, around, code, optimize) for text in (old, new))
    return None if was is None or now is None else _put(way, was, now)


def _way_to(code: CodeType, line: int) -> list[CodeType]:
    """From the module through classes to the last function, or class, that begins at or above a line; lines from 0."""
    way = [code]
    while len(way) == 1 or not way[-1].co_flags & OPTIMIZED:
        # Since 3.14 annotations are code that begins where their function does, or below its decorators.
        functions = (each for each in _parts(way[-1]) if each.co_name != "__annotate__")
        above = (each for each in functions if each.co_firstlineno - 1 <= line)
        nearest = max(above, key=lambda each: each.co_firstlineno, default=None)
        if nearest is None:
            break
        way.append(nearest)
    return way


def _parts(code: CodeType) -> Iterable[CodeType]:
    return (const for const in code.co_consts if isinstance(const, CodeType))


def _end(lines: Sequence[bytes], first: int) -> int:
    """The line after the statement that begins in line `first`, as its indentation shows it.

    What looks like the end inside of a string or of brackets is none; what is above it cannot be compiled then.
    """
    indent = _indent(lines[first])
    number = first
    while number < len(lines) and not BEGINS.match(lines[number]):
        number += 1  # decorators
    number += 1
    while number < len(lines) and (_is_below(lines[number], indent) or WITHOUT_CODE.fullmatch(lines[number])):
        number += 1
    return number


def _indent(line: bytes) -> bytes:
    found = INDENT.match(line)
    return b"" if found is None else found[0]


def _is_below(line: bytes, indent: bytes) -> bool:
    own = _indent(line)
    return len(own) > len(indent) and own.startswith(indent)


def _around(way: Sequence[CodeType], lines: Sequence[bytes]) -> dict[int, bytes] | None:
    """What must stand above the function for it to come out the same, by line: names that are imported, whose calls
    are compiled in another way, and the heads of the classes."""
    names = sorted(_imported(way[0]))
    around = {0: b"import " + ", ".join(names).encode()} if names else {}
    for kind in way[1:-1]:
        number = kind.co_firstlineno - 1
        while not BEGINS.match(lines[number]):
            number += 1
        if b"[" in lines[number] or number == 0:  # parameters of types are names of their own
            return None
        around[number] = _indent(lines[number]) + f"class {kind.co_name}:".encode()
    return around


def _imported(module: CodeType) -> set[str]:
    """The names that the module's statements bind by imports."""
    names, is_import = set(), False
    code = module.co_code
    argument = 0
    for operation, low in zip(code[::2], code[1::2], strict=True):
        argument = argument << 8 | low
        if operation == opcode.EXTENDED_ARG:
            continue
        if operation == STORE_NAME and is_import:
            names.add(module.co_names[argument])
        is_import = operation in IMPORTS or (is_import and operation in BETWEEN)
        argument = 0
    return names


def _compiled_alone(
    lines: Sequence[bytes], first: int, end: int, around: dict[int, bytes], code: CodeType, optimize: int
) -> CodeType | None:
    text = b"\n".join(around.get(number, b"") for number in range(first)) + b"\n"
    # Where a class ends is noted where it is made.
    text += b"\n".join([*lines[first:end], _indent(lines[first]) + b"pass", b""])
    flags = code.co_flags & FUTURE
    try:
        made: CodeType = compile(text, code.co_filename, "exec", flags, dont_inherit=True, optimize=optimize)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return made


def _put(way: Sequence[CodeType], was: CodeType, now: CodeType) -> CodeType | None:
    """The first code of the way, with what changed from `was` to `now` put into its last."""
    if len(way) == 1 or not _is_same_but_for_code(was, now):
        return None
    code, inner = way[0], way[1]
    consts = list(code.co_consts)
    if len(way) == 2:
        pairs = zip(_parts(was), _parts(now), strict=True)
        exchanged = [(here, there) for here, there in pairs if here != there]
    else:
        here, there = (next((one for one in _parts(each) if one.co_name == inner.co_name), None) for each in (was, now))
        made = None if here is None or there is None else _put(way[1:], here, there)
        if made is None:
            return None
        exchanged = [(inner, made)]
    for here, there in exchanged:
        places = [index for index, each in enumerate(consts) if isinstance(each, CodeType) and each == here]
        if len(places) != 1:
            return None
        consts[places[0]] = there
    return code.replace(co_consts=tuple(consts))


def _is_same_but_for_code(was: CodeType, now: CodeType) -> bool:
    """Whether both are executed in the same way: decorators, defaults, whatever is beside the functions."""
    if len(was.co_consts) != len(now.co_consts):
        return False
    consts = [
        there if isinstance(here, CodeType) and isinstance(there, CodeType) else here
        for here, there in zip(was.co_consts, now.co_consts, strict=True)
    ]
    # Equality of code objects tells 1 from True and 0.0 from -0.0, which that of tuples does not.
    return was.replace(co_consts=tuple(consts)) == now
