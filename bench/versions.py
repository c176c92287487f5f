"""Which versions were measured: those that the requirements of this folder pin, and those of the tools."""

import re
import subprocess
from pathlib import Path

from bench.peers import EVERYONE
from bench.table import Table

_PINS = re.compile(r"(?m)^([\w-]+)(?:\[\w+\])?==(\S+)$")
_TOOLS = {"nginx": ("nginx", "-v"), "wrk": ("wrk", "-v"), "chromium": ("chromium", "--version")}
_NUMBER = re.compile(r"\d+(?:\.\d+)+")


def versions() -> dict[str, str]:
    """By name of the package or the tool; a tool that is not there is left out."""
    pinned = "".join(file.read_text() for file in Path(__file__).parent.glob("requirements*.txt"))
    found = {name.lower(): version for name, version in _PINS.findall(pinned)}
    for name, command in _TOOLS.items():
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError:
            continue
        if match := _NUMBER.search(done.stdout + done.stderr):
            found[name] = match[0]
    return found


def labelled(table: Table, known: dict[str, str]) -> Table:
    """The table with the version behind the name of each peer."""
    return Table(
        table.title, table.columns, [[_label(str(name), known), *row] for name, *row in table.rows], table.note
    )


def _label(name: str, known: dict[str, str]) -> str:
    said = max((package for package in known if package in name), key=len, default="")
    if said:
        return f"{name} {known[said]}"
    peers = [
        peer for peer in EVERYONE.values() if name == peer.name or name.startswith((f"{peer.name} ", f"{peer.name},"))
    ]
    package = max(peers, key=lambda peer: len(peer.name)).package if peers else ""
    return f"{name} ({package} {known[package]})" if package in known else name
