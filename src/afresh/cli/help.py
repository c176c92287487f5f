"""The text of `afresh --help`, made from the table of options. Pure."""

from afresh.options.table import ROWS, Row
from afresh.options.values import Value

_USAGE = """\
usage: afresh [ADDRPORT] [runserver's flags]         beside manage.py
       afresh path/to/manage.py [ADDRPORT] [runserver's flags]
       afresh -m MODULE [ADDRPORT] [runserver's flags]
       afresh MODULE:APP [ADDRPORT] [-6] [--factory]  any WSGI application

A development server: never stale, never refused, exact. Not for production.

ADDRPORT is a port or address:port, as runserver takes it; 127.0.0.1:8000 without it.
MODULE:APP names an application (shop.wsgi:application) or, with --factory or
"MODULE:MAKE()", a function that returns one.

options (--wait is also AFRESH_WAIT in the environment, and wait below [tool.afresh] in
pyproject.toml; all others likewise):
"""

_END = """\
  -h, --help
      Show this text. For runserver's own flags: python manage.py runserver --help
  --version
      Show the version.

In a terminal, "?" and Enter lists the keys. From outside, kill -URG PID restarts the project;
Ctrl+C and kill PID end it.
"""


def help_text() -> str:
    """The whole text, ready to print."""
    return _USAGE + "".join(_lines(row) for row in ROWS) + _END


def default_text(value: Value) -> str:
    """A default as it is written for people; empty for what is off or empty."""
    match value:
        case bool():
            return "on" if value else ""
        case int():
            return str(value)
        case float():
            return f"{value:g}"
        case _:
            return ""


def _lines(row: Row) -> str:
    names = f"{row.flag}, {row.negative}" if row.default is True else row.flag
    flag = " ".join(filter(None, (names, row.kind.metavar)))
    default = default_text(row.default)
    return f"  {flag}\n      {row.help}" + (f" Default: {default}.\n" if default else "\n")
