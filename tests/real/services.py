"""PostgreSQL and Redis from Debian's packages, each on the loopback address with a data folder of its own."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from afresh.testing.running import started

from .environment import run

DATABASE = "project"
USER = "postgres"
"""Of the database, and of the system where the tests run as root: PostgreSQL refuses to run as root."""

_NOBODY_ELSE = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")
_CONNECTION = ("--host=127.0.0.1", f"--username={USER}")


class Missing(Exception):
    """A server that a project needs is not installed here."""


@contextmanager
def running(names: Sequence[str], ports: Mapping[str, int], home: Path) -> Iterator[None]:
    """Run these services until the end of the block, with the data that `keep` left in `home`."""
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(_SERVICES[name](ports[name], home))
        yield


def keep(names: Sequence[str], ports: Mapping[str, int], home: Path) -> None:
    """Save in `home` what the databases hold now."""
    if "postgres" in names:
        dump = (*_port(ports["postgres"]), "--format=custom", f"--file={_dump(home)}", DATABASE)
        run([_program("pg_dump"), *dump], env=os.environ)


@contextmanager
def _postgres(port: int, home: Path) -> Iterator[None]:
    with TemporaryDirectory(prefix="afresh-postgres-", ignore_cleanup_errors=True) as folder:
        prefix: tuple[str, ...] = ()
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
            prefix = _NOBODY_ELSE
        data = f"{folder}/data"
        initialize = ("--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        run([*prefix, _program("initdb"), f"--pgdata={data}", *initialize], env=os.environ, cwd=folder)
        options = ("-D", data, "-k", folder, "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
        with started((*prefix, _program("postgres"), *options), cwd=folder) as server:
            server.err.wait_for("database system is ready to accept connections")
            run([_program("createdb"), *_port(port), DATABASE], env=os.environ)
            if _dump(home).exists():
                run([_program("pg_restore"), *_port(port), f"--dbname={DATABASE}", str(_dump(home))], env=os.environ)
            yield


@contextmanager
def _redis(port: int, home: Path) -> Iterator[None]:
    with TemporaryDirectory(prefix="afresh-redis-") as folder:
        options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder)
        with started((_program("redis-server"), *options), cwd=folder) as server:
            server.out.wait_for("Ready to accept connections")
            yield


_SERVICES: Mapping[str, Callable[[int, Path], AbstractContextManager[None]]] = {"postgres": _postgres, "redis": _redis}


def _port(port: int) -> tuple[str, ...]:
    return (*_CONNECTION, f"--port={port}")


def _dump(home: Path) -> Path:
    return home / "postgres.dump"


def _program(name: str) -> str:
    """Debian keeps PostgreSQL's programs out of PATH, in a folder for each version."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))
    if found is None:
        raise Missing(f"{name} is not installed: see scripts/test-real")
    return found
