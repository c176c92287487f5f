"""What a setting is shown as: its text, with everything masked that may be a secret.

Three nets, since each has holes. Names: those that Django's error page masks in this project, and further ones, at any
depth. Texts: strings that hold a secret among other things. And the whole once more when it is a text, for what objects
say of themselves. To mask too much costs a look into a file; to mask too little, a password.
"""

import dataclasses
import pprint
import re
from collections.abc import Mapping
from typing import Any, Final

from django.views.debug import SafeExceptionReporterFilter, get_default_exception_reporter_filter

_LONGEST: Final = 4000
_DJANGOS: Final = SafeExceptionReporterFilter()
_MASK: Final = str(_DJANGOS.cleansed_substitute)
# In Django's own list are names that end like these; people also have these.
_MORE_NAMES: Final = re.compile("CREDENTIAL|PRIVATE|DSN|WEBHOOK|SALT|PWD", re.IGNORECASE)
# Their names say key or token, and they hold none (Django's own defaults).
_HARMLESS: Final = frozenset(
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

# People leave "/" and "@" in passwords as they are, though a URL has them escaped: up to the last "@".
_IN_ADDRESS: Final = re.compile(r"(?<=://)([^/@\s:]*):\S+(?=@)|(?<=://)[^/@\s:]{16,}(?=@)")
# As in "Server=db;Password=a b;", "host=db password=x", '{"api_key": "x"}', "Login(token='x')".
_NAMES: Final = r"pass(?:word|wd|phrase|code)?|pwd|secret|token|(?:api|access|account|private)[-_ ]?key|credentials?"
_NAMED: Final = rf"(?i:\b\w*(?:{_NAMES})(?:_?(?:id|value|\d+))?)\\?['\"]?\s*[=:]\s*"
_QUOTED: Final = r"\\?'(?:[^'\\]|\\.|'')*'|\\?\"(?:[^\"\\]|\\.|\"\")*\""
_IN_TEXT: Final = re.compile(rf"({_NAMED})(?:{_QUOTED}|[^;\n]+)")
_IN_REPR: Final = re.compile(rf"({_NAMED})(?:{_QUOTED}|[^\s;,&()\[\]{{}}'\"]+)")
_LOOKS_SECRET: Final = re.compile(
    r"""
    \b(?: (?:sk|pk|rk|whsec|npm|hf|shpat|glpat|dop_v1|pypi|xapp|xox[abeoprs]) [-_] [-_A-Za-z0-9]{12,}
        | gh[opsur]_[A-Za-z0-9]{12,} | github_pat_\w{12,}
        | (?:AKIA|ASIA)[A-Z0-9]{12,} | AIza[-_A-Za-z0-9]{30,}
        | SG\.[-_A-Za-z0-9]{12,}\.[-_A-Za-z0-9]{12,}
        | eyJ[-_A-Za-z0-9]{4,}(?:\.[-_A-Za-z0-9]*)+ )
    | (?<=hooks\.slack\.com/)[^\s'"]+ | (?<=/api/webhooks/)[^\s'"]+
    | (?<=[Bb]earer\ )[^\s'"]{8,}
    | (?<=PRIVATE\ KEY-----)[^-]+
    """,
    re.VERBOSE,
)


def shown(name: str, value: Any) -> str:
    """A setting's value as text, with everything masked that may be secret: the copy that leaves the process."""
    try:
        text = pprint.pformat(_masked("" if name in _HARMLESS else name, value), width=100, sort_dicts=False)
    except Exception as exc:
        return f"<its text cannot be made: {type(exc).__name__}>"
    text = _without_secrets(text, _IN_REPR)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


class _Record:
    """What has named fields, as its own class would show it."""

    def __init__(self, name: str, fields: Mapping[str, Any]) -> None:
        self._name = name
        self._fields = fields

    def __repr__(self) -> str:
        return f"{self._name}({', '.join(f'{name}={value!r}' for name, value in self._fields.items())})"


def _masked(name: object, value: Any) -> Any:
    """A copy in which names and texts that are secret are masked; `name` is what the value is kept under."""
    if _is_secret(name, value):
        return _MASK
    match value:
        case str():
            return _without_secrets(value, _IN_TEXT)
        case dict():
            return {key: _masked(key, each) for key, each in value.items()}
        case list():
            return [_masked("", each) for each in value]
        case set() | frozenset():
            return type(value)(_masked("", each) for each in value)
        case tuple() if hasattr(value, "_fields"):
            return _record(value, value._fields)
        case tuple():
            return tuple(_masked("", each) for each in value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return _record(value, [field.name for field in dataclasses.fields(value) if field.repr])
        case _:
            return value


def _record(value: Any, names: "tuple[str, ...] | list[str]") -> _Record:
    return _Record(type(value).__qualname__, {name: _masked(name, getattr(value, name, None)) for name in names})


def _is_secret(name: object, value: Any) -> bool:
    """As Django's error page has it (django/views/debug.py), or by one of the further names."""
    if not isinstance(name, str) or not name:
        return False
    # What it returns for a value depends on the name alone.
    is_hidden = any(_hides(each, name) for each in (_DJANGOS, _projects()))
    return is_hidden or bool(value and _MORE_NAMES.search(name))


def _hides(mask: SafeExceptionReporterFilter, name: str) -> bool:
    try:
        return mask.cleanse_setting(name, None) is not None
    except Exception:  # it may be the project's
        return True


def _projects() -> SafeExceptionReporterFilter:
    """The filter that Django's error page uses in this project (DEFAULT_EXCEPTION_REPORTER_FILTER)."""
    try:
        mask = get_default_exception_reporter_filter()
    except Exception:  # there is none of that name: Django's error page fails there
        return _DJANGOS
    return mask if hasattr(mask, "cleanse_setting") else _DJANGOS


def _without_secrets(text: str, named: "re.Pattern[str]") -> str:
    text = _IN_ADDRESS.sub(lambda match: _MASK if match[1] is None else f"{match[1]}:{_MASK}", text)
    text = named.sub(lambda match: match[1] + _quotes(match[0][len(match[1]) :]), text)
    return _LOOKS_SECRET.sub(_MASK, text)


def _quotes(value: str) -> str:
    """The mask, in quotes as the value was."""
    match = re.match(r"\\?['\"]", value)
    return _MASK if match is None else match[0] + _MASK + match[0]
