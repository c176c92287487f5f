"""Executing a module in two parts, with a checkpoint between two of its top-level statements.

Both parts are the module's whole code with a few instructions overwritten: in the first, where the second begins, by a
return; in the second, at its start, by a jump to there. So nothing is compiled again, and each part is made of what the
module is made of (docstring, `__future__`, equal literals, lines, the very code objects of its functions), which texts
compiled in pieces are not. A process that is resumed between them goes on with the second part of what the file says by
then, in the same namespace.
"""

from __future__ import annotations

import opcode
from typing import NamedTuple

import msgspec

from afresh.reload.statements import late_annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType
    from typing import Any

RESUME, NOP, CACHE = opcode.opmap["RESUME"], opcode.opmap["NOP"], opcode.opmap["CACHE"]
MAKE_CELL = opcode.opmap["MAKE_CELL"]
EXTENDED_ARG, LOAD_CONST = opcode.opmap["EXTENDED_ARG"], opcode.opmap["LOAD_CONST"]
RETURN_VALUE, JUMP_FORWARD = opcode.opmap["RETURN_VALUE"], opcode.opmap["JUMP_FORWARD"]
# 3.12 and 3.13 have it, and end every module by it.
RETURN_CONST = opcode.opmap.get("RETURN_CONST")
JUMPS = frozenset(opcode.hasjrel)
BACKWARD = frozenset(number for name, number in opcode.opmap.items() if "BACKWARD" in name)
# What the next instruction is not reached from by falling through.
LEAVING = frozenset(
    number
    for name, number in opcode.opmap.items()
    if name.startswith(("RETURN_VALUE", "RETURN_CONST", "RERAISE", "RAISE_", "JUMP_FORWARD", "JUMP_BACKWARD"))
)
_FUNCTION = type(lambda: None)
_CODE = type((lambda: None).__code__)


class Parts(NamedTuple):
    """A module's code as two: what is above a line, and what begins there."""

    above: CodeType
    rest: CodeType


class Instruction(msgspec.Struct, gc=False):
    """Indices count units of two bytes: `at`, of the instruction with its prefixes; `end`, of the next one; `target`,
    where it may jump to. `place`: its lines and columns in the source, whose first is None where it has none."""

    at: int
    end: int
    operation: int
    target: int | None
    place: tuple[int | None, ...]


def parts(code: CodeType, line: int) -> Parts | None:
    """The two parts of a module's `code`, where a top-level statement ends above `line`.

    None where nothing is above, or where the compiler has woven them together.
    """
    instructions = list(_instructions(code))
    begin = next((number for number, each in enumerate(instructions) if each.operation != MAKE_CELL), 0)
    if instructions[begin].operation != RESUME:
        return None
    if not code.co_consts:
        code = code.replace(co_consts=(None,))  # a module that loads nothing
    sides = _sides(instructions, line)
    leave = _leave()
    start = instructions[begin].end
    if not any(sides):
        rest = _overwritten(code.co_code, start, leave, instructions)
        return None if rest is None else Parts(code, code.replace(co_code=rest))
    entries = _entries(instructions, sides)
    if not entries or entries[0] == start:
        return None
    above: bytes | None = code.co_code
    below = [each for each, is_rest in zip(instructions, sides, strict=True) if is_rest]
    for entry in entries:
        above = above and _overwritten(above, entry, leave, below)
    first = [each for each in instructions if each.end <= entries[0]]
    rest = _overwritten(code.co_code, start, _jump(start, entries[0]), first)
    if above is None or rest is None:
        return None
    return Parts(code.replace(co_code=above), code.replace(co_code=rest))


def joined(old: CodeType, new: CodeType, line: int) -> CodeType:
    """The tree of a module that executed `old` up to `line` and `new` from there on: what lives of the code above is
    the old one's, which is equal to the new one's. Late annotations are all the new one's: see `annotate`."""
    own = late_annotations(new)
    above = [each for each in _nested(old) if each.co_firstlineno < line and each is not late_annotations(old)]
    below = [each for each in _nested(new) if each is not own][len(above) :]
    merged = iter([*above, *below])
    return new.replace(
        co_consts=tuple(next(merged) if type(each) is _CODE and each is not own else each for each in new.co_consts)
    )


def annotate(namespace: dict[str, Any], old: CodeType, new: CodeType) -> bool:
    """Have the module that executed the upper part of `old` evaluate its annotations as `new` says; false if it cannot.

    Since 3.14 the first instructions of a module make the function that does so for all of it, `__annotate__`, and it
    leaves out what has not been executed yet: so what it said up to here is right in both texts.
    """
    function, was, now = namespace.get("__annotate__"), late_annotations(old), late_annotations(new)
    if now is None or type(function) is not _FUNCTION or function.__code__ is not was:
        return False
    function.__code__ = now
    return True


def _nested(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if type(each) is _CODE]


# ---- where the parts meet -------------------------------------------------------------------------------------------


def _instructions(code: CodeType) -> Iterator[Instruction]:
    units = code.co_code
    places = list(code.co_positions())
    at, argument = 0, 0
    index, count = 0, len(units) // 2
    while index < count:
        operation = units[2 * index]
        argument = argument << 8 | units[2 * index + 1]
        index += 1
        if operation == EXTENDED_ARG:
            continue
        place = places[index - 1]
        while index < count and units[2 * index] == CACHE:
            index += 1
        target = None
        if operation in JUMPS:
            target = index - argument if operation in BACKWARD else index + argument
        yield Instruction(at, index, operation, target, place)
        at, argument = index, 0


def _entries(instructions: Sequence[Instruction], sides: Sequence[bool]) -> list[int]:
    """Where the rest begins: the compiler repeats a short end of a module wherever something leads to it.

    Empty where something above leads into the middle of the rest, or something of the rest leads back.
    """
    by_unit = {instruction.at: number for number, instruction in enumerate(instructions)}
    found: dict[int, tuple[int | None, ...]] = {}
    for number, instruction in enumerate(instructions):
        leads_to = [] if instruction.target is None else [by_unit[instruction.target]]
        if instruction.operation not in LEAVING:
            leads_to.append(number + 1)
        for other in leads_to:
            if sides[number] and not sides[other]:
                return []
            if not sides[number] and sides[other]:
                found[instructions[other].at] = instructions[other].place
    return sorted(found) if len(set(found.values())) == 1 else []


def _sides(instructions: Sequence[Instruction], line: int) -> list[bool]:
    """For each instruction, whether it is of the rest. What has no place in the source (what cleans up after an
    exception) is with what it leads to or comes from."""
    sides = [None if (first := each.place[0]) is None else first >= line for each in instructions]
    for number in range(1, len(sides)):
        if sides[number] is None and instructions[number - 1].operation not in LEAVING:
            sides[number] = sides[number - 1]
    for number in range(len(sides) - 2, -1, -1):
        if sides[number] is None and instructions[number].operation not in LEAVING:
            sides[number] = sides[number + 1]
    return [bool(side) for side in sides]


# ---- overwriting ----------------------------------------------------------------------------------------------------


def _overwritten(units: bytes, at: int, what: bytes, room: Sequence[Instruction]) -> bytes | None:
    """`units` with `what` from unit `at` on, and nothing done up to the end of an instruction; None where that would
    take more than instructions of `room`."""
    end = at
    for each in room:
        if each.at == end and end < at + len(what) // 2:
            end = each.end
    if end < at + len(what) // 2:
        return None
    return units[: 2 * at] + what + bytes([NOP, 0]) * (end - at - len(what) // 2) + units[2 * end :]


def _leave() -> bytes:
    """Return any constant: nobody looks at what a module returns, and not all have a None among theirs."""
    return bytes([LOAD_CONST, 0, RETURN_VALUE, 0] if RETURN_CONST is None else [RETURN_CONST, 0])


def _jump(at: int, target: int) -> bytes:
    """From unit `at` forward to `target`."""
    length = 1
    while len(jump := _with_argument(JUMP_FORWARD, max(target - at - length, 0))) // 2 > length:
        length += 1
    # One unit more for the argument is one less to go, after which the argument may fit without it.
    return bytes([*[NOP, 0] * (length - len(jump) // 2), *jump])


def _with_argument(operation: int, argument: int) -> list[int]:
    high = argument >> 8
    return [*(_with_argument(EXTENDED_ARG, high) if high else []), operation, argument & 0xFF]
