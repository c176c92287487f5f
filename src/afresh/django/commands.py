"""What Afresh does to a `runserver` command before it runs, and how its errors read."""

from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from types import CodeType
from typing import Any

from django.core.management.base import BaseCommand, OutputWrapper, SystemCheckError
from django.core.management.commands.runserver import Command as RunserverCommand
from django.core.servers.basehttp import WSGIServer
from django.db import connections
from django.utils.autoreload import logger

from afresh import native
from afresh.channel.messages import Failure
from afresh.django.text import without_colours

# Set by `prepare`, taken by `afresh.django.serving` when the same command reaches `run`.
deferred_checks: Callable[[bool], tuple[str, Failure | None]] | None = None


def announce() -> None:
    """Django's line about its reloader, by the same logger."""
    logger.info("Watching for file changes with %s", "Afresh")


def has_own_inner_run(command: object) -> bool:
    """Whether the command may serve in another way than Django's."""
    return isinstance(command, RunserverCommand) and type(command).inner_run is not RunserverCommand.inner_run


def cannot_come_to_run(command: object) -> bool:
    """Whether the command's `inner_run`, and what it calls of the command, neither calls Django's nor what that calls:
    so that it serves in another way, of which this process may see nothing (a program that it starts)."""
    return isinstance(command, RunserverCommand) and not _may_come_to_run(type(command), "inner_run", set())


def _may_come_to_run(kind: type, name: str, seen: set[str]) -> bool:
    method = getattr(kind, name, None)
    if method is None or name in seen or method is getattr(RunserverCommand, name, None):
        return name == "inner_run"
    seen.add(name)
    code = getattr(method, "__code__", None)
    if code is None:
        return True  # a wrapper, of which nothing is known
    names = set(_names(code))
    calls_run = "run" in names and hasattr(method.__globals__.get("run"), "is_afresh")
    return calls_run or "inner_run" in names or any(_may_come_to_run(kind, each, seen) for each in names)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def prepare(command: object, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options to run `command` with: where nothing of it is overridden, the checks are put off until it answers."""
    global deferred_checks
    deferred_checks = None
    if not _runs_djangos_checks(command):
        return dict(options)
    assert isinstance(command, RunserverCommand)
    deferred_checks = _Checks(command, dict(options))
    # An attribute of the instance hides the method: `inner_run` calls it as `self.check_migrations()`.
    command.check_migrations = lambda: None
    return {**options, "skip_checks": True}


def _runs_djangos_checks(command: object) -> bool:
    if not isinstance(command, RunserverCommand):
        return False
    kind = type(command)
    return (
        kind.inner_run is RunserverCommand.inner_run
        and command.server_cls is WSGIServer
        and not native.who_serves()
        and kind.check is BaseCommand.check
        and kind.check_migrations is BaseCommand.check_migrations
        and kind.get_check_kwargs is RunserverCommand.get_check_kwargs
    )


class _Checks:
    """What `inner_run` does before it serves, in the same words (django/core/management/commands/runserver.py)."""

    def __init__(self, command: RunserverCommand, options: dict[str, Any]) -> None:
        self._command = command
        self._options = options

    def __call__(self, aloud: bool) -> tuple[str, Failure | None]:
        """Run; returns what there is to print, and a failure where Django would not serve. `aloud`: print as well."""
        command, options = self._command, self._options
        text = StringIO()
        command.stdout = _Copying(command.stdout, text, aloud=aloud)
        command.stderr = _Copying(command.stderr, text, aloud=aloud)
        failure: Failure | None = None
        try:
            if not options["skip_checks"]:
                self._check()
        except SystemCheckError as exc:
            command.stderr.write(str(exc))
            failure = explain(exc)
        except Exception as exc:  # a check itself is broken
            from afresh.boot.failure import failure_of
            from afresh.boot.roots import ProjectRoots

            failure = failure_of(exc, ProjectRoots())
            command.stderr.write(failure.text)
        else:
            self._check_migrations()
        finally:
            for connection in connections.all(initialized_only=True):
                connection.close()
        return text.getvalue(), failure

    def _check_migrations(self) -> None:
        try:
            BaseCommand.check_migrations(self._command)
        except Exception as exc:
            # Django ends here when the database is down. The page that needs it will say so as well.
            self._command.stderr.write(f"The migrations could not be checked: {type(exc).__name__}: {exc}")

    def _check(self) -> None:
        self._command.stdout.write("Performing system checks...\n\n")
        kwargs = BaseCommand.get_check_kwargs(self._command, self._options)
        self._command.check(**{**kwargs, "display_num_errors": True})


class _Copying(OutputWrapper):
    """A command's stream that keeps a copy of what is written, styled as for the terminal."""

    def __init__(self, stream: OutputWrapper, copy: StringIO, *, aloud: bool) -> None:
        super().__init__(stream._out, ending=stream.ending)
        self.style_func = stream.style_func
        self._copy = OutputWrapper(copy, ending=stream.ending)
        self._aloud = aloud

    def write(self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None) -> None:
        style = style_func or self.style_func
        self._copy.write(msg, style, ending)
        if self._aloud:
            super().write(msg, style, ending)


def explain(exc: BaseException) -> Failure | None:
    """Errors of Django's that are better shown in their own way than as a traceback."""
    if isinstance(exc, SystemCheckError):
        text = without_colours(str(exc))
        return Failure("checks", "System check identified some issues.", text)
    return None
