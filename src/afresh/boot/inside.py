"""Executing a module in two parts, with a checkpoint between two of its top-level statements.

The module is compiled whole, with one call put in before the statement: compiled in pieces it would not be the same
module (docstring, `__future__`, equal literals). A process that is resumed there leaves the old text's frame and goes
on with what the new text has from that statement on, in the same namespace.

Functions that live must hold the very code objects of one tree, so that they can be exchanged later. So the nested code
of what is executed here is taken from the module's usual code, by position.
"""

from __future__ import annotations
import __future__

import ast
import sys
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import CodeType

# Stands for the call's target until the compiler is done with it; no module has it as a constant of its own.
MARK = "afresh: here a checkpoint stands"
# No code of a module has the flag of nested scopes, which are no choice any more.
FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
_CODE = type((lambda: None).__code__)


def with_stop(source: bytes, code: CodeType, statement: int, stop: Callable[[], object]) -> CodeType | None:
    """`code`, the usual code of `source`, with a call of `stop` before top-level statement number `statement`.

    None where that cannot be: there is no such statement, imports from `__future__` are still to come, or the module's
    annotations are put in place by its end only.
    """
    tree = _parse(source, code)
    if not 0 < statement < len(tree.body) or _has_late_annotations(tree):
        return None
    if any(isinstance(each, ast.ImportFrom) and each.module == "__future__" for each in tree.body[statement:]):
        return None
    place = tree.body[statement]
    target = ast.Attribute(ast.Constant(MARK), "__call__", ast.Load())
    call = ast.fix_missing_locations(ast.copy_location(ast.Expr(ast.Call(target, [], [])), place))
    tree.body.insert(statement, call)
    stopped = _compile(tree, code)
    parts = _nested(code)
    if not _are_alike(_nested(stopped), parts):
        return None
    rest = iter(parts)
    constants = tuple(
        stop if each == MARK and type(each) is str else next(rest) if type(each) is _CODE else each
        for each in stopped.co_consts
    )
    return stopped.replace(co_consts=constants)


def from_statement(source: bytes, code: CodeType, statement: int) -> tuple[CodeType, int] | None:
    """What `code`, the usual code of `source`, executes from that statement on; and how many nested code objects, of
    the module's own, come before. None where the two do not fit together."""
    tree = _parse(source, code)
    if _has_late_annotations(tree):
        return None
    # First of all something without effect, so that a bare text is no docstring. What was imported from `__future__`
    # comes as flags: to execute the docstring or those imports again would undo what was done with their names since.
    tree.body[:statement] = [ast.Pass(lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)]
    rest = _compile(tree, code, code.co_flags & FUTURE)
    parts = _nested(code)
    before = len(parts) - len(_nested(rest))
    if before < 0 or not _are_alike(_nested(rest), parts[before:]):
        return None
    later = iter(parts[before:])
    constants = tuple(next(later) if type(each) is _CODE else each for each in rest.co_consts)
    return rest.replace(co_consts=constants), before


def joined(old: CodeType, new: CodeType, before: int) -> CodeType:
    """The tree of a module that executed `old` up to a statement and `new` from there on: `before` nested code objects
    of the old one live, which are equal to those of the new."""
    parts = iter([*_nested(old)[:before], *_nested(new)[before:]])
    return new.replace(co_consts=tuple(next(parts) if type(each) is _CODE else each for each in new.co_consts))


def _parse(source: bytes, code: CodeType) -> ast.Module:
    # The usual compilation has warned already of what there is to warn of.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(source, code.co_filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def _compile(tree: ast.Module, code: CodeType, flags: int = 0) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled: CodeType = compile(tree, code.co_filename, "exec", flags, dont_inherit=True)
        return compiled


def _has_late_annotations(tree: ast.Module) -> bool:
    return sys.version_info >= (3, 14) and any(isinstance(each, ast.AnnAssign) for each in ast.walk(tree))


def _nested(code: CodeType) -> list[CodeType]:
    return [each for each in code.co_consts if type(each) is _CODE]


def _are_alike(some: Sequence[CodeType], others: Sequence[CodeType]) -> bool:
    """Whether they are of the same functions and classes. Their instructions may differ: the compiler calls a method
    of what the module has imported otherwise than any other, and in a rest the imports are missing."""
    return list(map(_face, some)) == list(map(_face, others))


def _face(code: CodeType) -> tuple[object, ...]:
    return code.co_qualname, code.co_firstlineno, code.co_flags, code.co_varnames, code.co_freevars
