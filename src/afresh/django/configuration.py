"""The settings: value, default, and where each was set. What may be secret is masked here, before it travels."""

import ast
import importlib.util
import pprint
import re
import sys
from types import ModuleType
from typing import Any

from django.conf import global_settings, settings
from django.views.debug import SafeExceptionReporterFilter

_LONGEST = 4000
_MASK = SafeExceptionReporterFilter.cleansed_substitute
# In Django's own list are names that end like these; people also have these.
_MORE_SECRETS = re.compile("CREDENTIAL|PRIVATE|DSN|WEBHOOK|SALT", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):([^/@\s]+)(?=@)")
_LOOKS_SECRET = re.compile(r"\b(sk|pk|ghp|gho|xox[abp]|AKIA)[-_A-Za-z0-9]{12,}\b")
# Their names say key or token, and they hold none (Django's own defaults).
_HARMLESS = frozenset(
    {
        "CSRF_COOKIE_NAME",
        "CSRF_HEADER_NAME",
        "CACHE_MIDDLEWARE_KEY_PREFIX",
        "PASSWORD_RESET_TIMEOUT",
        "PASSWORD_HASHERS",
        "AUTH_PASSWORD_VALIDATORS",
        "AUTH_USER_MODEL",
        "AUTHENTICATION_BACKENDS",
    }
)


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


def shown(name: str, value: Any) -> str:
    """A value as text, with everything masked that may be secret: the copy that leaves this process."""
    if name in _HARMLESS:
        value = _mask_more(value)
    elif _MORE_SECRETS.search(name) and value:
        return str(_MASK)
    else:
        value = _masked(name, value)
    try:
        text = pprint.pformat(value, width=100, sort_dicts=False)
    except Exception as exc:
        return f"<its text cannot be made: {type(exc).__name__}>"
    text = _LOOKS_SECRET.sub(_MASK, _PASSWORD_IN_URL.sub(rf"\1:{_MASK}", text))
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def _masked(name: str, value: Any) -> Any:
    """As Django's error page masks it (django/views/debug.py), inner names of the second list too."""
    cleansed = SafeExceptionReporterFilter().cleanse_setting(name, value)
    return _mask_more(cleansed)


def _mask_more(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: _MASK if isinstance(key, str) and _MORE_SECRETS.search(key) and each else _mask_more(each)
                for key, each in value.items()
            }
        case list():
            return [_mask_more(each) for each in value]
        case tuple() if type(value) is tuple:
            return tuple(_mask_more(each) for each in value)
        case _:
            return value


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
