"""The settings: value, default, and where each was set. What may be secret is masked before it travels."""

import ast
import importlib.util
import sys
from types import ModuleType
from typing import Any

from django.conf import global_settings, settings

from afresh.django.masking import shown


def all_settings() -> dict[str, Any]:
    """All settings by name, with those that no default exists for."""
    module = sys.modules.get(getattr(settings, "SETTINGS_MODULE", "") or "")
    places: dict[str, tuple[str, int]] = {}
    if module is not None:
        _look_into(module, places, set())
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


def _look_into(module: ModuleType, places: dict[str, tuple[str, int]], seen: set[str]) -> None:
    """Where names are assigned: in the module, and in those it imports all names from; the last one counts."""
    file = getattr(module, "__file__", None)
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
            imported = sys.modules.get(_absolute(module, node))
            if imported is not None:
                _look_into(imported, places, seen)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                _note(alias.asname or alias.name, file, node.lineno, places)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            for name in _assigned(node):
                _note(name, file, node.lineno, places)


def _note(name: str, file: str, line: int, places: dict[str, tuple[str, int]]) -> None:
    if name.isupper():
        places[name] = (file, line)


def _absolute(module: ModuleType, node: ast.ImportFrom) -> str:
    name = "." * node.level + (node.module or "")
    return importlib.util.resolve_name(name, module.__package__) if node.level else name


def _assigned(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> list[str]:
    found = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [
        name.id for target in found for name in ast.walk(target) if isinstance(name, ast.Name) and name.id.isupper()
    ]
