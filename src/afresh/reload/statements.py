"""Where two texts of a module part, told by lines.

What is above a line can be executed as a part of its own if a top-level statement ends there, and what is executed is
the same in both texts if those lines are. A tokenizer reads from left to right, so equal lines above mean equal
statements above, but for what acts on all of a module and for a statement that goes on below.
"""

from __future__ import annotations
import __future__

import opcode
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from types import CodeType

FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
SETUP_ANNOTATIONS, LOAD_CONST = opcode.opmap["SETUP_ANNOTATIONS"], opcode.opmap["LOAD_CONST"]
# What stands before the first statement of a module, or between two instructions.
BEFORE = frozenset(opcode.opmap[name] for name in ("MAKE_CELL", "RESUME", "CACHE") if name in opcode.opmap)
# In other codings what ends a line of text need not be what ends a line of bytes (PEP 263).
CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)
# Names and holds the annotations of a module that have been executed, by number, since 3.14.
CONDITIONAL = "__conditional_annotations__"
UTF_8 = (b"utf-8", b"utf8")
WITHOUT_CODE = re.compile(rb"[ \t\f]*(?:#.*)?[\r\n]*")
# A line that may belong to the statement above: anything that is indented, what looks like more of it, and what is rare
# and hard to tell.
GOES_ON = re.compile(rb"[ \t\f\\]|(?:else|elif|except|finally)\b")


def parting(old: bytes, new: bytes) -> int:
    """The number, from 1, of the first line that differs."""
    pairs = zip(old.splitlines(True), new.splitlines(True), strict=False)
    number = 0
    for number, (one, other) in enumerate(pairs, 1):
        if one != other:
            return number
    return number + 1


def boundary(source: bytes, line: int) -> int:
    """The lowest line, down to `line`, above which a top-level statement has ended; 0 where none is of use: nothing
    ends above `line`, an import from `__future__` is still to come, or the text cannot be read."""
    lines = source.splitlines()
    coding = CODING.search(b"\n".join(lines[:2]))
    if coding is not None and coding[1].lower() not in UTF_8:
        return 0
    try:
        statements = _parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0
    place = last = 0
    for number, statement in enumerate(statements):
        assert statement.end_lineno is not None
        last = max(last, statement.end_lineno)
        if _is_future(statement):
            place = 0
        shares_line = number + 1 < len(statements) and _first_line(statements[number + 1]) <= last
        if last < line and not shares_line and not lines[last - 1].endswith(b"\\"):
            place = last + 1
    return place


def begins_alike(line: int, old: bytes, new: bytes) -> bool:
    """Whether what is above `line`, a `boundary` of `old`, is the same in both texts, and has ended in `new` as well.

    Of a `new` that can be compiled, and that has the same `conditions`.
    """
    lines = new.splitlines(True)
    if old.splitlines(True)[: line - 1] != lines[: line - 1]:
        return False
    following = next((text for text in lines[line - 1 :] if not WITHOUT_CODE.fullmatch(text)), b"")
    return not GOES_ON.match(following)


def conditions(code: CodeType) -> tuple[int, ...]:
    """What acts on all statements of a module, wherever it stands: imports from `__future__`, and whether there are
    annotations, with any of which a module begins by making `__annotations__`, or since 3.14 `__annotate__` and a note
    of which of them have been executed."""
    notes = CONDITIONAL in code.co_cellvars
    return code.co_flags & FUTURE, SETUP_ANNOTATIONS in code.co_code[::2], notes, late_annotations(code) is not None


def late_annotations(module: CodeType) -> CodeType | None:
    """The code of the function that evaluates all annotations of a module, which its first instructions make; None
    where there are none to be evaluated late (up to 3.13, as texts by `__future__`)."""
    if CONDITIONAL not in module.co_cellvars:
        return None
    argument = 0
    units = module.co_code
    for operation, low in zip(units[::2], units[1::2], strict=True):
        argument = argument << 8 | low
        if operation == opcode.EXTENDED_ARG:
            continue
        if operation == LOAD_CONST:
            const = module.co_consts[argument]
            return const if type(const) is _CODE and const.co_name == "__annotate__" else None
        if operation not in BEFORE:
            break
        argument = 0
    return None


def _parse(source: bytes) -> ast.Module:
    import ast
    import warnings

    with warnings.catch_warnings():
        # Of invalid escapes and the like Python warns when it compiles the module.
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _first_line(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _is_future(statement: ast.stmt) -> bool:
    return type(statement).__name__ == "ImportFrom" and getattr(statement, "module", "") == "__future__"


_CODE = type((lambda: None).__code__)
