"""Keeps what was measured as JSON, and puts the tables into the README."""

import json
import os
import platform
import subprocess
import time
from pathlib import Path

from bench.run import Data
from bench.table import Table
from bench.versions import versions

DIRECTORY = Path(__file__).parent / "results"
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def machine() -> dict[str, object]:
    """Where and when it was measured."""
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "commit": _commit(),
        "load": os.getloadavg(),
        "versions": versions(),
    }


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=README.parent, capture_output=True, text=True)
    return done.stdout.strip()


def save(name: str, data: Data, failed: dict[str, str]) -> Path:
    """Write the result of one measure over the last one of that name; the file written.

    What was found before on projects that were not measured this time is kept.
    """
    DIRECTORY.mkdir(exist_ok=True)
    file = DIRECTORY / f"{name}.json"
    before = (load(name) or {}).get("data", {})
    kept = {"measure": name, "machine": machine(), "failed": failed, "data": {**before, **data}}
    file.write_text(json.dumps(kept, indent=1))
    return file


def load(name: str) -> Data | None:
    """The last result of a measure, None where there is none."""
    file = DIRECTORY / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None


def between_markers(text: str, inside: str) -> str:
    """`text` with what stands between the markers replaced; ValueError where they are not there once each, in order."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"the text needs {BEGIN} and {END}, once each")
    return f"{before}{BEGIN}\n{inside}\n{END}{after}"


def paragraphs(tables: list[Table], where: dict[str, object]) -> str:
    """The tables as Markdown, and where they come from."""
    told = (
        f"Medians of interleaved rounds on {where['cores']} cores, {where['system']}, Python {where['python']}; each"
        " measure is a run of its own, so that times of two tables are not to be compared."
    )
    return "\n\n".join([told, *(table.markdown() for table in tables)])
