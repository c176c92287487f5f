"""One value: from text (flag, environment) or from TOML to what the option holds. Pure.

A `Kind` is how an option is written: what stands after the flag, and how a value is read. A value that cannot be
raises `ValueError` with what is expected; `afresh.options.resolve` adds where it stood.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

Value: TypeAlias = float | int | bool | str | tuple[str, ...]

_ON = frozenset({"1", "true", "yes", "on"})
_OFF = frozenset({"0", "false", "no", "off"})

# Django's ALLOWED_HOSTS patterns (django/http/request.py, validate_host): a name, a name with a leading dot for its
# subdomains too, an IPv6 address in brackets, or "*".
_HOST = re.compile(r"\*|\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)


class Kind(NamedTuple):
    """How an option's value is written.

    `metavar`: what stands after the flag in help texts, empty for a switch. `of_words`: from the words given (several
    where a flag may be repeated). `of_toml`: from a value that `tomllib` read. `split`: how one environment variable
    becomes words.
    """

    metavar: str
    of_words: Callable[[Sequence[str]], Value]
    of_toml: Callable[[object], Value]
    split: Callable[[str], Sequence[str]] = lambda text: (text,)


def seconds(minimum: float) -> Kind:
    """A finite number of seconds, `minimum` or more."""
    expected = "expected a number of seconds" + (f", {minimum:g} or more" if minimum else "")

    def checked(number: float) -> float:
        if not math.isfinite(number) or number < minimum:
            raise ValueError(expected)
        return number

    def of_words(words: Sequence[str]) -> float:
        try:
            return checked(float(words[-1]))
        except ValueError:
            raise ValueError(expected) from None

    def of_toml(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(expected)
        return checked(float(value))

    return Kind("SECONDS", of_words, of_toml)


def whole(metavar: str, minimum: int) -> Kind:
    """A whole number of what `metavar` names, `minimum` or more."""
    expected = f"expected a whole number, {minimum} or more"

    def checked(number: int) -> int:
        if number < minimum:
            raise ValueError(expected)
        return number

    def of_words(words: Sequence[str]) -> int:
        if not (words[-1].isascii() and words[-1].isdigit()):
            raise ValueError(expected)
        return checked(int(words[-1]))

    def of_toml(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(expected)
        return checked(value)

    return Kind(metavar, of_words, of_toml)


def _switch_of_words(words: Sequence[str]) -> bool:
    word = words[-1].lower()
    if word not in _ON | _OFF:
        raise ValueError("expected 1 or 0 (true, yes, on; false, no, off)")
    return word in _ON


def _switch_of_toml(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def _hosts_of_words(words: Sequence[str]) -> tuple[str, ...]:
    for word in words:
        if not _HOST.fullmatch(word):
            raise ValueError("expected a host name without scheme and port, such as shop.example or .example.com")
    return tuple(words)


def _hosts_of_toml(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValueError('expected a list of host names, such as ["shop.example"]')
    return _hosts_of_words(value)


def _hosts_split(text: str) -> Sequence[str]:
    return text.replace(",", " ").split()


# As runserver's "addrport" (django/core/management/commands/runserver.py).
_ADDRESS = re.compile(r"(?:(?:\d{1,3}(?:\.\d{1,3}){3}|\[[a-fA-F0-9:]+\]|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*):)?\d{1,5}")


def _address_of_words(words: Sequence[str]) -> str:
    if words[-1] and not _ADDRESS.fullmatch(words[-1]):  # empty: none
        raise ValueError("expected a port number or address:port pair, such as 8001 or 127.0.0.1:8001")
    return words[-1]


def _address_of_toml(value: object) -> str:
    return _address_of_words([str(value)])


def _command_of_words(words: Sequence[str]) -> str:
    import shlex  # nobody waits for it who does not use it

    try:
        shlex.split(words[-1])
    except ValueError as exc:
        raise ValueError(f"expected a command as in a shell ({exc})") from None
    return words[-1]


def _command_of_toml(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('expected a command, such as "code --goto {file}:{line}"')
    return _command_of_words([value])


SWITCH = Kind("", _switch_of_words, _switch_of_toml)
HOSTS = Kind("HOST", _hosts_of_words, _hosts_of_toml, _hosts_split)
ADDRESS = Kind("ADDRPORT", _address_of_words, _address_of_toml)
COMMAND = Kind("COMMAND", _command_of_words, _command_of_toml)


def choice(*names: str) -> Kind:
    """One of these words."""

    def checked(value: object) -> str:
        if value not in names:
            raise ValueError(f"expected {' or '.join(names)}")
        return str(value)

    return Kind("|".join(names), lambda words: checked(words[-1]), checked)
