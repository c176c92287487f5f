"""From the three places where an option may stand to `Options`. Pure: the places are passed in."""

from collections.abc import Mapping, Sequence
from typing import Any

from afresh.errors import UsageError
from afresh.options.table import ROWS, Options, Row
from afresh.options.values import HOSTS, SWITCH, Value

_ON, _OFF = "1", "0"


def take_flags(argv: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Splits a command line into Afresh's own flags (by option name) and the rest, which is left in its order.

    Flags are exact, as `--wait 5` or `--wait=5`. What follows a `--` is never taken; that `--` itself is left out, for
    it was meant for this function. Raises UsageError where a value is missing or one too many.
    """
    taken: dict[str, tuple[str, ...]] = {}
    rest: list[str] = []
    words = list(argv)
    while words:
        word = words.pop(0)
        if word == "--":
            rest += words
            break
        row, value = _flag_in(word)
        if row is None:
            rest.append(word)
            continue
        if value is None:
            if not words:
                raise UsageError(f"{word} needs a value: {word} {row.kind.metavar}.", f"{row.flag}: {row.help}")
            value = words.pop(0)
        taken[row.name] = (*taken.get(row.name, ()), value)
    return taken, tuple(rest)


def as_environment(flags: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The environment variables that say the same as `flags` of `take_flags`."""
    return {
        row.environment: " ".join(flags[row.name]) if row.kind is HOSTS else flags[row.name][-1]
        for row in ROWS
        if row.name in flags
    }


def resolve(
    flags: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    pyproject: Mapping[str, Any],
    pyproject_path: str = "pyproject.toml",
) -> Options:
    """The options in force: flag before environment before pyproject.toml before default.

    `flags` as of `take_flags`; `pyproject` is the table below `[tool.afresh]`. An environment variable that is empty
    counts as not set. Raises UsageError for a value that cannot be, wherever it stands, and for an unknown key.
    """
    _refuse_unknown(pyproject, pyproject_path)
    values = {row.name: _value_of(row, flags, environ, pyproject, pyproject_path) for row in ROWS}
    return Options.from_plain(values)


def _flag_in(word: str) -> tuple[Row | None, str | None]:
    """The option a word names, and its value where the word holds it."""
    flag, equals, value = word.partition("=")
    for row in ROWS:
        if flag not in (row.flag, row.negative):
            continue
        if row.kind is not SWITCH:
            return row, value if equals else None
        if equals:
            raise UsageError(f"{word}: {flag} takes no value.", f"Write {row.flag} or {row.negative}.")
        return row, _ON if flag == row.flag else _OFF
    return None, None


def _value_of(
    row: Row,
    flags: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    pyproject: Mapping[str, Any],
    pyproject_path: str,
) -> Value:
    place = ""
    try:
        if words := flags.get(row.name):
            place = f"{row.flag} {' '.join(words)}"
            return row.kind.of_words(words)
        if text := environ.get(row.environment, "").strip():
            place = f"{row.environment}={text}"
            return row.kind.of_words(row.kind.split(text))
        if row.key in pyproject:
            place = f"{row.key} = {pyproject[row.key]!r} below [tool.afresh] in {pyproject_path}"
            return row.kind.of_toml(pyproject[row.key])
    except ValueError as error:
        raise UsageError(f"{place}: {error}.", f"{row.flag}: {row.help}") from None
    return row.default


def _refuse_unknown(pyproject: Mapping[str, Any], pyproject_path: str) -> None:
    keys = [row.key for row in ROWS]
    for key in pyproject:
        if key not in keys:
            known = ", ".join(keys)
            raise UsageError(f"{pyproject_path}: [tool.afresh] has no option {key!r}.", f"The options are: {known}.")
