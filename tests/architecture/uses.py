"""What a source file imports, calls and names, read from its syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Use:
    """A dotted name as it was imported (`os.fork` also where the source says `from os import fork`), and where."""

    name: str
    line: int


def imports(tree: ast.Module, *, late: bool = True) -> Iterator[Use]:
    """Every module imported, anywhere in the file, or only what runs when the module is imported (not `late`).

    `from package import name` gives `package.name`: whether it is a module is for the reader to know.
    """
    for node in ast.walk(tree) if late else _at_import(tree.body):
        match node:
            case ast.Import():
                for alias in node.names:
                    yield Use(alias.name, node.lineno)
            case ast.ImportFrom(module=str(module), level=0):
                for alias in node.names:
                    yield Use(f"{module}.{alias.name}", node.lineno)


def names(tree: ast.Module) -> Iterator[Use]:
    """Every dotted name that is read, its first part resolved through the file's imports; built-ins as they are."""
    aliases = dict(_aliases(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and (parts := _dotted(node)):
            yield Use(".".join((aliases.get(parts[0], parts[0]), *parts[1:])), node.lineno)


def socket_binds(tree: ast.Module) -> Iterator[Use]:
    """Calls that look like `socket.bind(address)`: a method of this name with one argument."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="bind"), args=[_], keywords=[]):
                yield Use("socket.bind", node.lineno)


def relative_imports(tree: ast.Module) -> list[int]:
    """Lines of `from . import`, which `imports` does not read."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]


def _at_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for node in body:
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from _at_import(node.orelse)
            case ast.If() | ast.Try() | ast.With():
                for field in ("body", "orelse", "finalbody", "handlers"):
                    yield from _at_import(getattr(node, field, []))
            case ast.ExceptHandler():
                yield from _at_import(node.body)
            case _:
                yield node


def _aliases(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    if alias.asname:
                        yield alias.asname, alias.name
            case ast.ImportFrom(module=str(module), level=0):
                for alias in node.names:
                    yield alias.asname or alias.name, f"{module}.{alias.name}"


def _dotted(node: ast.expr) -> list[str]:
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.Attribute(value=value, attr=attribute) if parts := _dotted(value):
            return [*parts, attribute]
    return []
