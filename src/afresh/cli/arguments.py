"""From the words after `afresh` to a command, given what lies in the current directory. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from afresh.errors import UsageError
from afresh.options.resolve import take_flags

Flags: TypeAlias = Mapping[str, tuple[str, ...]]

# `package.module:attribute.attribute`, a call at the end for a factory. The attribute cannot begin with a digit, so
# `localhost:8000` is an address.
_APPLICATION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*(\(\))?")


class ShowHelp(msgspec.Struct, frozen=True):
    """`afresh --help`."""


class ShowVersion(msgspec.Struct, frozen=True):
    """`afresh --version`."""


class RunProject(msgspec.Struct, frozen=True):
    """Run a project's own `runserver`: `target` is the command line after the interpreter."""

    target: tuple[str, ...]
    flags: Flags = msgspec.field(default_factory=dict)


class RunApplication(msgspec.Struct, frozen=True):
    """Serve a WSGI application: `application` is "module:attribute", ending in "()" for a factory."""

    application: str
    addrport: str = "8000"
    ipv6: bool = False
    flags: Flags = msgspec.field(default_factory=dict)


Command: TypeAlias = ShowHelp | ShowVersion | RunProject | RunApplication


def parse(argv: Sequence[str], *, has_manage: bool) -> Command:
    """The command that `argv` (without the program) asks for; `has_manage`: manage.py is in the current directory.

    Raises UsageError where nothing to run is named or found, and for what `module:app` does not take.
    """
    flags, rest = take_flags(argv)
    if "-m" in rest[:1]:
        return _module(rest[1:], flags)
    if rest and rest[0].endswith(".py"):
        return RunProject(_with_runserver((rest[0],), rest[1:]), flags)
    if any(word in ("-h", "--help") for word in rest):
        return ShowHelp()
    if "--version" in rest:
        return ShowVersion()
    applications = [word for word in rest if _APPLICATION.fullmatch(word)]
    if applications:
        return _application(applications[0], [word for word in rest if word != applications[0]], flags)
    if has_manage:
        return RunProject(_with_runserver(("manage.py",), rest), flags)
    raise _nothing_to_run(rest)


def _module(words: Sequence[str], flags: Flags) -> RunProject:
    if not words:
        raise UsageError("-m needs the name of a module.", "For example: afresh -m shop 8000")
    return RunProject(_with_runserver(("-m", words[0]), words[1:]), flags)


def _with_runserver(program: tuple[str, ...], words: Sequence[str]) -> tuple[str, ...]:
    """The word may be given, as one types it from habit, or left out."""
    return (*program, "runserver", *(words[1:] if "runserver" in words[:1] else words))


def _application(application: str, words: Sequence[str], flags: Flags) -> RunApplication:
    known = {"-6": "ipv6", "--ipv6": "ipv6", "--factory": "factory"}
    given = {known[word] for word in words if word in known}
    others = [word for word in words if word not in known]
    if len(others) > 1 or any(word.startswith("-") for word in others):
        unknown = next((word for word in others if word.startswith("-")), others[-1])
        raise UsageError(
            f"{unknown} is nothing that `afresh {application}` takes.",
            "It takes an address, -6, --factory and the options of `afresh --help`.",
        )
    is_call = application.endswith("()")
    return RunApplication(
        application + "()" if "factory" in given and not is_call else application,
        others[0] if others else "8000",
        "ipv6" in given,
        flags,
    )


def _nothing_to_run(words: Sequence[str]) -> UsageError:
    named = f" ({' '.join(words)} names no application)" if words else ""
    return UsageError(
        f"There is no manage.py in this directory{named}.",
        "Go to the directory of your Django project's manage.py and type `afresh`,\n"
        "or name a WSGI application: `afresh module:app`, such as `afresh shop.wsgi:application`.",
    )
