"""Writes docs/reference/options.md from the table of options. `page()` is what the tests compare with."""

from pathlib import Path

from afresh.options.table import ROWS, Row
from afresh.options.values import ADDRESS, COMMAND, HOSTS, SWITCH, Value

PATH = Path(__file__).parent.parent / "docs" / "reference" / "options.md"

_START = """\
# Options

<!-- Made by scripts/docs from src/afresh/options/table.py. -->

Each option can stand in three places. A flag of the `afresh` command comes before the environment variable, that
before `[tool.afresh]` in the nearest `pyproject.toml` (searched upward from the current directory), that before the
default. An environment variable that is empty counts as not set. `python manage.py runserver` has Django's own flags
only: set the others in the environment or in `pyproject.toml`.

```toml
[tool.afresh]
wait = 60
allow-host = ["shop.example"]
```
"""


def page() -> str:
    """The whole page as Markdown."""
    return _START + "".join(_section(row) for row in ROWS)


def _section(row: Row) -> str:
    flags = f"`{row.flag} {row.kind.metavar}`" if row.kind.metavar else f"`{row.flag}`, `{row.negative}`"
    return (
        f"\n## {row.key}\n\n{row.help}\n\n"
        "| flag | environment | pyproject.toml | default |\n"
        "|---|---|---|---|\n"
        f"| {flags} | `{row.environment}={_example(row)}` | `{row.key} = {_as_toml(row.default)}` "
        f"| {_as_words(row.default)} |\n"
    )


def _example(row: Row) -> str:
    if row.kind is HOSTS:
        return "a.example,b.example"
    if isinstance(row.default, str) and row.default:
        return row.default
    return {SWITCH: "1", ADDRESS: "8001", COMMAND: "code"}.get(row.kind) or f"{row.default:g}"


def _as_toml(value: Value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case str():
            return f'"{value}"'
        case _:
            return "[" + ", ".join(f'"{word}"' for word in value) + "]"


def _as_words(value: Value) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g} s"
        case str():
            return value or "none"
        case _:
            return ", ".join(value) or "none"


if __name__ == "__main__":
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(page(), encoding="utf-8")
