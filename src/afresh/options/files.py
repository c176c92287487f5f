"""The edge: where `[tool.afresh]` is read from the disk."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from afresh.errors import UsageError
from afresh.options.resolve import resolve
from afresh.options.table import Options

_NAME = "pyproject.toml"


def find_options(environ: Mapping[str, str], flags: Mapping[str, Sequence[str]] | None = None) -> Options:
    """The options in force in the current directory; `flags` as of `take_flags`.

    Raises UsageError for a value that cannot be, and for a pyproject.toml that cannot be read.
    """
    path = nearest_pyproject(os.getcwd())
    return resolve(flags or {}, environ, read_tool_table(path) if path else {}, path or _NAME)


def nearest_pyproject(directory: str) -> str | None:
    """The path of the first pyproject.toml in `directory` or above it, None where there is none."""
    directory = os.path.abspath(directory)
    while not os.path.isfile(path := os.path.join(directory, _NAME)):
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
    return path


def read_tool_table(path: str) -> dict[str, Any]:
    """The table below `[tool.afresh]` in the file, empty where it has none.

    Raises UsageError if the file cannot be read, or mentions Afresh and is not TOML.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Make it readable, or move it away.") from error
    # Most projects set nothing here: their pyproject.toml costs one read, not the import of a parser.
    return _parse(content, path) if b"afresh" in content else {}


def _parse(content: bytes, path: str) -> dict[str, Any]:
    import tomllib

    try:
        document = tomllib.loads(content.decode())
    except ValueError as error:  # both a UnicodeDecodeError and a TOMLDecodeError
        raise UsageError(f"{path} is not TOML: {error}.", "Mend that line, then start again.") from error
    tool = document.get("tool")
    table = tool.get("afresh", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"{path}: tool.afresh is not a table.", "Write [tool.afresh] on a line of its own.")
    return table
