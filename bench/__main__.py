"""`python -m bench [start|reload|tail|load|concurrency|static|assets|memory|idle|gate|browser|all|readme]`.

Each runs by itself, and small: `reload --edits 5 --projects example --peers runserver afresh`.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import ModuleType
from typing import Any

from bench import (
    assets,
    browser,
    concurrency,
    gate,
    idle,
    load,
    memory,
    peers,
    reload,
    results,
    sites,
    start,
    static,
    tail,
)
from bench.run import Plan
from bench.spots import NAMES
from bench.versions import labelled

MEASURES: dict[str, ModuleType] = {
    "start": start,
    "reload": reload,
    "tail": tail,
    "load": load,
    "concurrency": concurrency,
    "static": static,
    "assets": assets,
    "memory": memory,
    "idle": idle,
    "gate": gate,
    "browser": browser,
}

README_PROJECTS = ("example", "pretalx")
ONE_PROJECT = ("example",)
"""What the server itself does needs no other; measures to which the project's size matters name theirs."""


def main(argv: Sequence[str]) -> int:
    """Run the command line; the exit status: 1 where a peer was given up."""
    arguments = _parser().parse_args(argv)
    if arguments.measure == "readme":
        return write_readme()
    names = MEASURES if arguments.measure == "all" else [arguments.measure]
    wanted = {name: arguments.projects or getattr(MEASURES[name], "PROJECTS", ONE_PROJECT) for name in names}
    with ExitStack() as stack:
        projects = {
            name: stack.enter_context(make())
            for name, make in sites.PROJECTS.items()
            if any(name in some for some in wanted.values())
        }
        return max(_measure(name, [projects[one] for one in wanted[name]], arguments) for name in names)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("measure", nargs="?", default="all", choices=[*MEASURES, "all", "readme"])
    parser.add_argument("--rounds", type=int, help="rounds (the default differs by measure)")
    parser.add_argument("--edits", type=int, help="edits in all: of each kind with `reload`")
    several: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
    parser.add_argument("--projects", **several, choices=list(sites.PROJECTS), help="only these projects")
    parser.add_argument("--peers", **several, choices=list(peers.EVERYONE), help="only these peers")
    parser.add_argument("--pages", **several, choices=load.PAGES, help="only these pages, of `load`")
    parser.add_argument("--spots", **several, choices=NAMES, help="only edits of these places")
    return parser


def _measure(name: str, projects: Sequence[sites.Project], arguments: argparse.Namespace) -> int:
    measure = MEASURES[name]
    who = peers.named(tuple(arguments.peers) or getattr(measure, "PEERS", ()))
    edits = arguments.edits or getattr(measure, "EDITS", 0)
    plan = Plan(
        projects,
        who,
        arguments.rounds or measure.ROUNDS,
        edits=edits,
        spots=tuple(arguments.spots),
        pages=tuple(arguments.pages),
    )
    print(f"Measuring {name} …", file=sys.stderr)
    data = measure.measure(plan)
    file = results.save(name, data, plan.failed)
    print("\n".join(table.text() for table in measure.tables(data)))
    print(f"Kept in {os.path.relpath(file)}", file=sys.stderr)
    return int(bool(plan.failed))


def write_readme() -> int:
    """Put the tables of the last results between the README's markers; 1 where there is no result."""
    kept = {name: found for name in MEASURES if (found := results.load(name))}
    if not kept:
        print("There are no results yet: python -m bench all", file=sys.stderr)
        return 1
    data = {name: {p: found["data"][p] for p in README_PROJECTS if p in found["data"]} for name, found in kept.items()}
    tables = [
        labelled(table, kept[name]["machine"].get("versions", {}))
        for name in kept
        for table in MEASURES[name].tables(data[name])
    ]
    where = next(iter(kept.values()))["machine"]
    text = results.README.read_text()
    results.README.write_text(results.between_markers(text, results.paragraphs(tables, where)))
    return 0


if __name__ == "__main__":
    # A job in the background of a shell ignores Ctrl+C, and so would the servers it starts, which are stopped by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are to be stopped then too
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main(sys.argv[1:]))
