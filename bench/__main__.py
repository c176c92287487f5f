"""`python -m bench [start|reload|load|memory|idle|gate|all|readme]`."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import ModuleType

from bench import gate, idle, load, memory, peers, reload, results, sites, start
from bench.run import Plan

MEASURES: dict[str, ModuleType] = {
    "start": start,
    "reload": reload,
    "load": load,
    "memory": memory,
    "idle": idle,
    "gate": gate,
}

WITH_REAL_PROJECT = ("start", "reload", "memory")
"""The size of the project matters to these; the others measure the server."""


def main(argv: Sequence[str]) -> int:
    """Run the command line; the exit status: 1 where a peer was given up."""
    arguments = _parser().parse_args(argv)
    if arguments.measure == "readme":
        return write_readme()
    names = MEASURES if arguments.measure == "all" else [arguments.measure]
    with ExitStack() as stack:
        projects = {name: stack.enter_context(sites.PROJECTS[name]()) for name in _projects(names, arguments.project)}
        return max(_measure(name, projects, arguments) for name in names)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("measure", nargs="?", default="all", choices=[*MEASURES, "all", "readme"])
    parser.add_argument("--rounds", type=int, help="rounds (the default differs by measure)")
    parser.add_argument(
        "--project", action="append", choices=list(sites.PROJECTS), help="only this project; repeatable"
    )
    known = [peer.name for peer in peers.PEERS]
    parser.add_argument("--peer", action="append", default=[], choices=known, help="only this peer; repeatable")
    return parser


def _projects(names: Sequence[str] | dict[str, ModuleType], chosen: list[str] | None) -> list[str]:
    needs_real = any(name in WITH_REAL_PROJECT for name in names)
    return [name for name in sites.PROJECTS if (name in chosen if chosen else needs_real or name == "example")]


def _measure(name: str, projects: dict[str, sites.Project], arguments: argparse.Namespace) -> int:
    measure = MEASURES[name]
    real = name in WITH_REAL_PROJECT or bool(arguments.project)
    chosen = [project for key, project in projects.items() if key == "example" or real]
    who = peers.named(tuple(arguments.peer) or getattr(measure, "PEERS", ()))
    plan = Plan(chosen, who, arguments.rounds or measure.ROUNDS)
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
    tables = [table for name, found in kept.items() for table in MEASURES[name].tables(found["data"])]
    where = next(iter(kept.values()))["machine"]
    text = results.README.read_text()
    results.README.write_text(results.between_markers(text, results.paragraphs(tables, where)))
    return 0


if __name__ == "__main__":
    # A job in the background of a shell ignores Ctrl+C, and so would the servers it starts, which are stopped by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main(sys.argv[1:]))
