"""How far two texts of a module begin alike, so that having run the one up to there is having run the other."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from importlib.util import decode_source

Point = tuple[int, int]  # line, from 1, and column, from 0 in bytes of UTF-8: as the parser counts


def common_statements(old: bytes, new: bytes) -> int:
    """How many leading top-level statements are the same in both texts, with all that stands before and between them.

    0 where something later in the text acts on how the first statements run, and where a text cannot be parsed. Errors
    that only compiling finds are not looked for.
    """
    try:
        old_text, new_text = decode_source(old), decode_source(new)
        old_tree, new_tree = _parse(old_text), _parse(new_text)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError):  # LookupError: "# coding: hex"
        return 0
    if _conditions(old_tree) != _conditions(new_tree):
        return 0
    parting = _parting(old_text.split("\n"), new_text.split("\n"))
    count = 0
    for one, other in zip(old_tree.body, new_tree.body, strict=False):
        if _begin(one) != _begin(other) or _end(one) != _end(other) or _end(one) > parting:
            break
        count += 1
    return count


def first_lines(source: bytes) -> tuple[int, ...]:
    """For each top-level statement the line, from 1, where it begins, decorators included. Raises SyntaxError."""
    return tuple(_begin(statement)[0] for statement in _parse(decode_source(source)).body)


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        # Of invalid escapes and the like Python warns when it compiles the module.
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _parting(old: Sequence[str], new: Sequence[str]) -> Point:
    """Where the first difference is."""
    for number, (one, other) in enumerate(zip(old, new, strict=False), 1):
        if one != other:
            return number, _common_length(one.encode(), other.encode())
    return min(len(old), len(new)) + 1, 0


def _common_length(one: bytes, other: bytes) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (this, that) in enumerate(pairs) if this != that), min(len(one), len(other)))


def _begin(statement: ast.stmt) -> Point:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    first = decorators[0] if decorators else statement
    return first.lineno, first.col_offset


def _end(statement: ast.stmt) -> Point:
    assert statement.end_lineno is not None
    assert statement.end_col_offset is not None
    return statement.end_lineno, statement.end_col_offset


def _conditions(tree: ast.Module) -> tuple[list[str], bool]:
    """What acts on all statements, wherever it stands: imports from `__future__`, and whether there are annotations.

    With any annotation in it a module begins by making `__annotations__`.
    """
    futures = [
        name.name
        for statement in tree.body
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        for name in statement.names
    ]
    return futures, any(isinstance(statement, ast.AnnAssign) for statement in _of_module_scope(tree))


def _of_module_scope(node: ast.AST) -> Iterator[ast.AST]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield inner
            if not isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _of_module_scope(inner)
