"""The settings: value, default, and where each was set. What may be secret is masked before it travels."""

import ast
import sys
from typing import Any

from django.conf import global_settings, settings

from afresh import modules
from afresh.django.masking import shown


def all_settings() -> dict[str, Any]:
    """All settings by name, with those that no default exists for."""
    places: dict[str, tuple[str, int]] = {}
    _look_into(modules.attributes(sys.modules.get(str(getattr(settings, "SETTINGS_MODULE", "")))), places, set())
    names = sorted({name for name in (*dir(settings), *dir(global_settings)) if name.isupper()})
    return {
        "module": getattr(settings, "SETTINGS_MODULE", "") or "",
        "settings": [_row(name, places) for name in names],
    }


def _row(name: str, places: dict[str, tuple[str, int]]) -> dict[str, Any]:
    value = getattr(settings, name, None)
    has_default = hasattr(global_settings, name)
    default = getattr(global_settings, name, None)
    file, line = places.get(name, ("", 0))
    is_set = settings.is_overridden(name)
    return {
        "name": name,
        "value": shown(name, value),
        "default": shown(name, default) if has_default else None,
        "is_set": is_set,
        "is_changed": is_set and (not has_default or not _equal(value, default)),
        "file": file,
        "line": line,
    }


def _equal(value: Any, default: Any) -> bool:
    try:
        return bool(value == default)
    except Exception:
        return False


def _look_into(module: dict[str, Any], places: dict[str, tuple[str, int]], seen: set[str]) -> None:
    """Where names are assigned: in the module with these attributes, and in those it imports all names from; the last
    one counts."""
    file = modules.file_of(module)
    if not file or file in seen:
        return
    seen.add(file)
    try:
        with open(file, "rb") as stream:
            tree = ast.parse(stream.read())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            _look_into(modules.attributes(sys.modules.get(_absolute(module, node))), places, seen)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                _note(alias.asname or alias.name, file, node.lineno, places)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            for name in _assigned(node):
                _note(name, file, node.lineno, places)


def _note(name: str, file: str, line: int, places: dict[str, tuple[str, int]]) -> None:
    if name.isupper():
        places[name] = (file, line)


def _absolute(module: dict[str, Any], node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = str(module.get("__package__") or "").split(".")
    return ".".join(filter(None, (*package[: len(package) + 1 - node.level], node.module)))


def _assigned(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> list[str]:
    found = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [
        name.id for target in found for name in ast.walk(target) if isinstance(name, ast.Name) and name.id.isupper()
    ]
