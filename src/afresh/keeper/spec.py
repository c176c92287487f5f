"""What the keeper is told to run: `BootSpec`, and what can be read from a command line before anything runs.

Pure but for the links that a script's path leads through. A door (the command line, or `afresh.django` before it
becomes the keeper) makes the spec; as JSON it survives an exec.
"""

import json
import os.path
import re
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from afresh.errors import UsageError
from afresh.options.table import Options

if TYPE_CHECKING:
    from argparse import ArgumentParser


STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals by which a user ends the command."""

RESTARTING = signal.SIGURG
"""The signal by which a user has the project started again. Its default is to do nothing, so it ends nobody who does
not know it: a process that is not ready yet, or the others of a job (`kill -URG %1` is for the whole group)."""


class BootSpec(NamedTuple):
    """One way to start the application from a fresh interpreter, the same for every boot.

    `python`: the interpreter. `flags`: its own flags, such as ("-X", "dev"). `target`: what it runs, in the words of
    its command line: ("manage.py", "runserver", "8000"), ("-m", "shop", "runserver"), or ("wsgi", "module:app") for
    what Afresh runs itself; a factory ends in "()". `environ`: the environment as the first process got it from the
    shell, not `os.environ`, which the project may have changed: otherwise an edited .env file never takes effect.
    `door`: "manage.py", "afresh" or "wsgi". `address`: host, port and IPv6 as far as the command line says it.
    `is_debugged`: whoever starts boots is followed by a debugger, and so are they.
    """

    python: str
    flags: tuple[str, ...]
    target: tuple[str, ...]
    environ: dict[str, str]
    cwd: str
    door: str
    address: tuple[str, int, bool] | None
    options: Options
    is_debugged: bool = False

    def to_json(self) -> str:
        """ASCII only: names and values that are not UTF-8 (surrogate escapes) survive."""
        return json.dumps(self._asdict() | {"options": self.options._asdict()})

    @classmethod
    def from_json(cls, text: str) -> "BootSpec":
        """The inverse of `to_json`."""
        plain = json.loads(text)
        address = plain["address"]
        return cls(
            python=plain["python"],
            flags=tuple(plain["flags"]),
            target=tuple(plain["target"]),
            environ=plain["environ"],
            cwd=plain["cwd"],
            door=plain["door"],
            address=None if address is None else (address[0], address[1], address[2]),
            options=Options.from_plain(plain["options"]),
            is_debugged=plain["is_debugged"],
        )


# ---- where the project lies ---------------------------------------------------------------------------------------

# Scripts that run somebody else's project.
_RUNNERS = frozenset({"pydevd.py"})


def project_folder(target: Sequence[str], cwd: str) -> str:
    """The folder of the project, as far as the command line tells it; empty where it does not.

    The user works in the working directory, unless the script that is run lies elsewhere: then the project is there.
    `/` is nobody's project. What an installer has put into a folder of commands has no suffix.
    """
    script = os.path.join(cwd, target[0])
    name = os.path.basename(script)
    is_elsewhere = cwd == "/" or not _is_below(script, cwd)
    if name.endswith(".py") and name not in _RUNNERS and is_elsewhere and "/site-packages/" not in script:
        return os.path.dirname(os.path.realpath(script)).rstrip("/")  # where Python looks for its modules
    return cwd.rstrip("/")


def _is_below(path: str, folder: str) -> bool:
    return os.path.normpath(path).startswith(folder.rstrip("/") + "/")


# ---- Python's own command line ------------------------------------------------------------------------------------

# SHORT_OPTS of CPython's Python/getopt.c: the short options that take an argument, and the one long option that does.
_WITH_ARGUMENT = frozenset("cmWX")
_LONG_WITH_ARGUMENT = "check-hash-based-pycs"


def interpreter_command(orig_argv: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Splits `sys.orig_argv` into the interpreter's flags and what it runs with its arguments.

    What is run begins with the script, with "-m" or "-c" and their argument, or with "-" for standard input; it is
    empty for an interactive interpreter. Follows `_PyOS_GetOpt` (Python/getopt.c) and `config_parse_cmdline`
    (Python/initconfig.c): options end at the first word that is none, after "--", and after -c and -m.
    """
    words = list(orig_argv[1:])
    flags: list[str] = []
    while words and words[0].startswith("-") and words[0] not in ("-", "--"):
        word = words.pop(0)
        option, start = _option_with_argument(word)
        if option in ("c", "m"):
            before = word[: start - 1]
            argument = word[start:] if start < len(word) else words.pop(0)
            return tuple(flags) + ((before,) if before != "-" else ()), ("-" + option, argument, *words)
        flags.append(word)
        if option and start == len(word):
            flags.append(words.pop(0))
    if words and words[0] == "--":
        words.pop(0)
    return tuple(flags), tuple(words)


def _option_with_argument(word: str) -> tuple[str, int]:
    """The option in a word of short options that takes an argument, and where in the word that would begin.

    The option is empty where none takes one. A long option is the rest of the word after a second "-".
    """
    for index, letter in enumerate(word[1:], start=1):
        if letter == "-":
            name = word[index + 1 :]
            return (name if name == _LONG_WITH_ARGUMENT else ""), len(word)
        if letter in _WITH_ARGUMENT:
            return letter, index + 1
    return "", len(word)


# ---- runserver's address ------------------------------------------------------------------------------------------

# Django's naiveip_re (django/core/management/commands/runserver.py); "0" is a host name there and binds all of IPv4.
_ADDRPORT = re.compile(
    r"""^(?:(?P<host>
        (?P<ipv4>\d{1,3}(?:\.\d{1,3}){3})
        | (?P<ipv6>\[[a-fA-F0-9:]+\])
        | (?P<name>[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*)
    ):)?(?P<port>\d+)$""",
    re.VERBOSE,
)

# The options of Django's own runserver (6.1 and 5.2): without a value, and with one.
_SWITCHES = (
    ("--ipv6", "-6"),
    ("--nothreading",),
    ("--noreload",),
    ("--skip-checks",),
    ("--nostatic",),
    ("--insecure",),
    ("--no-color",),
    ("--force-color",),
    ("--traceback",),
)
_VALUED = (("--settings",), ("--pythonpath",), ("--verbosity", "-v"))


def address_of(argv: Sequence[str]) -> tuple[str, int, bool] | None:
    """The host, port and IPv6 that the arguments after the word "runserver" state, None where they state none.

    None also where only the command itself can tell: no address given (a subclass has a `default_port`), an option
    that Django's runserver does not have (the word after it may be its value), an address that Django refuses. A port
    alone is taken as on Django's default host; the command may still want another one.
    """
    if "runserver" not in argv:
        return None
    parser = _runserver_parser()
    try:
        known, unknown = parser.parse_known_args(argv[argv.index("runserver") + 1 :])
    except UsageError:
        return None
    return None if unknown or not known.addrport else read_address(known.addrport, known.ipv6)


def _runserver_parser() -> "ArgumentParser":
    """The same parser as Django's, so that abbreviations and joined short options mean the same."""
    from argparse import ArgumentParser

    class Parser(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(message)

    parser = Parser(add_help=False)
    parser.add_argument("addrport", nargs="?")
    for names in _SWITCHES:
        parser.add_argument(*names, action="store_true")
    for names in _VALUED:
        parser.add_argument(*names)
    return parser


def is_noreload(word: str) -> bool:
    """Whether a word of a command line is `--noreload`: argparse takes every unambiguous beginning of it."""
    return len(word) > 4 and "--noreload".startswith(word)


def verbosity_of(words: Sequence[str]) -> int:
    """What `-v` and `--verbosity` of Django's commands say among these words; 1 where they do not."""
    if not any(word.startswith(("-v", "--v")) for word in words):
        return 1
    try:
        return int(_runserver_parser().parse_known_args(list(words))[0].verbosity or 1)
    except (UsageError, ValueError):
        return 1


def log_form(log: str, verbosity: int) -> str:
    """How requests are logged (`afresh.serve.log.in_form`): by the option `log`, and by `-v` of Django's commands."""
    return log if log == "json" else "verbose" if verbosity > 1 else "plain"


def read_address(addrport: str, ipv6: bool = False) -> tuple[str, int, bool] | None:
    """Host, port and IPv6 of runserver's `addrport`, None where Django refuses it. The port may be out of range."""
    match = _ADDRPORT.match(addrport)
    if match is None or (ipv6 and match["ipv4"]):
        return None
    if match["ipv6"]:
        return match["ipv6"][1:-1], int(match["port"]), True
    return match["host"] or ("::1" if ipv6 else "127.0.0.1"), int(match["port"]), ipv6
