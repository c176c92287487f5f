"""The places where every boot of a Django project is led to Afresh.

`django.utils.autoreload.run_with_reloader` is called as an attribute by `runserver`, and `run` is a global of its
module; so any subclass of the command, anywhere in INSTALLED_APPS, works unchanged (django/core/management/commands/
runserver.py).
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from afresh import native
from afresh.boot.own import EXCHANGED, Hooks
from afresh.boot.session import Session, current
from afresh.channel.messages import Dealt, GivesWay
from afresh.django.idle import close_idle
from afresh.django.measuring import save_at_end
from afresh.django.support import objection

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

in_parent: Callable[[], None] | None = None
"""What the process that Django's reloader would start another from is to do in its place, if anything."""


def _patch_autoreload(autoreload: ModuleType) -> None:
    original = autoreload.run_with_reloader
    if getattr(original, "is_afresh", False):
        return

    def run_with_reloader(main_func: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        session = current()
        if session is None:
            from afresh.django.entry import stand_in_front

            (in_parent or stand_in_front)()
            original(main_func, *args, **kwargs)
        elif session.role == "twin":
            _stand_in()
        else:
            _run(session, main_func, args, kwargs)

    run_with_reloader.is_afresh = True  # type: ignore[attr-defined]
    autoreload.run_with_reloader = run_with_reloader  # type: ignore[attr-defined]


def _patch_runserver(runserver: ModuleType) -> None:
    original = runserver.run
    if getattr(original, "is_afresh", False):
        return

    def run(
        addr: str,
        port: int,
        wsgi_handler: "WSGIApplication",
        ipv6: bool = False,
        threading: bool = False,
        on_bind: Callable[[int], None] | None = None,
        server_cls: type = runserver.WSGIServer,
    ) -> None:
        session = current()
        exchanged_by = native.who_serves()
        # Django's own reloader runs the server on a thread, where ours cannot wait for signals.
        is_on_a_thread = session is None and not _is_main_thread()
        if server_cls is not runserver.WSGIServer or exchanged_by or is_on_a_thread:
            if session is not None and session.own is not None:
                session.own.port = port
                session.own.why = EXCHANGED.format(exchanged_by) if exchanged_by else ""
            original(addr, port, wsgi_handler, ipv6, threading, on_bind, server_cls)
            return
        from afresh.django import serving

        asked = serving.RunArguments(addr, port, wsgi_handler, ipv6, threading, on_bind or (lambda _: None))
        if session is None:
            serving.serve_here(asked)
        else:
            serving.serve(session, asked)

    run.is_afresh = True  # type: ignore[attr-defined]
    runserver.run = run  # type: ignore[attr-defined]


def _is_main_thread() -> bool:
    import threading

    return threading.current_thread() is threading.main_thread()


def _prepare_boot(base: ModuleType) -> None:
    session = current()
    if session is not None:
        session.declines = lambda exc: isinstance(exc, base.CommandError)  # raised as such with --traceback
        session.before_fork(close_idle)
        save_at_end()
        _give_way_to_others(session, base.BaseCommand)
        if session.own is not None:
            session.own.hooks = Hooks(partial(_answer_also, session), partial(_begin_reloader, session))


def _give_way_to_others(session: Session, kind: Any) -> None:
    original = vars(kind)["run_from_argv"]
    if not isinstance(original, _GivesWayToOthers):
        kind.run_from_argv = _GivesWayToOthers(original, session)


class _GivesWayToOthers:
    """`BaseCommand.run_from_argv`, which lets a `runserver` that is none of Django's have the address, since that never
    comes to `run`.

    Decided when the method is looked up, just before its call: so no frame of ours stands in the command's tracebacks.
    """

    def __init__(self, original: Any, session: Session) -> None:
        self._original = original
        self._session = session

    def __get__(self, command: object, owner: type) -> object:
        if owner.__module__.endswith(".management.commands.runserver") and command is not None:
            self._begins(command)
        return self._original.__get__(command, owner)

    def _begins(self, command: object) -> None:
        runserver = sys.modules.get("django.core.management.commands.runserver")
        if runserver is not None and isinstance(command, runserver.Command):
            return
        if self._session.role == "twin":
            _stand_in()
        if self._session.own is not None:
            self._session.own.claim(is_elsewhere=True)
            # What it has started and waits for, it ends.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _give_way(_: ModuleType) -> None:
    """Before the first line of a Django that Afresh does not know: the keeper runs the command as it is."""
    session = current()
    why = objection()
    if session is not None and why:
        session.control.send(GivesWay(why))
        os._exit(0)


TRIGGERS: dict[str, Callable[[ModuleType], None]] = {
    "django": _give_way,
    "django.core.management.base": _prepare_boot,
    "django.utils.autoreload": _patch_autoreload,
    "django.core.management.commands.runserver": _patch_runserver,
}


def install() -> str:
    """Patch both seams now, importing what is not loaded yet; why not, in words, where this Django is not known."""
    from importlib import import_module

    import_module("django")
    why = objection()
    for name, patch in () if why else TRIGGERS.items():
        patch(import_module(name))
    return why


def _stand_in() -> None:
    """Be what Django's parent process is, for the code that runs only there: do nothing until SIGTERM."""
    from afresh.boot.signals import wait_for_signals

    wait_for_signals()


def _run(session: Session, main_func: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """What Django does in the child of its reloader; ends the process."""
    from afresh.boot.ending import end
    from afresh.boot.main import report_end
    from afresh.django.commands import announce, explain, prepare
    from afresh.django.words import settings_in_words

    session.command_runs()
    session.reached("settings", settings_in_words())
    session.explain = explain
    if session.is_first:
        announce()
    signal.signal(signal.SIGTERM, lambda *_: end(0))  # as Django's: exit handlers run
    # Ctrl+C reaches the whole group. Under Django's reloader no command ever sees it; `inner_run` would take it for the
    # end that a project asks for. The keeper ends everybody in order.
    signal.signal(signal.SIGINT, lambda *_: None)
    command = getattr(main_func, "__self__", None)
    _expect_own_server(session, command)
    report_end(session, partial(main_func, *args, **prepare(command, kwargs)))


def _expect_own_server(session: Session, command: object) -> None:
    """Look whether the command binds its address by itself; nothing but that tells (`afresh.boot.own`)."""
    from afresh.django.commands import cannot_come_to_run, has_own_inner_run

    if session.own is None:
        return
    port = str(getattr(command, "port", ""))
    # Port 0 is bound by others as well.
    if port.isdecimal() and (int(port) or has_own_inner_run(command)):
        session.own.port = int(port)
    if cannot_come_to_run(command):
        session.own.claim(is_elsewhere=True)


def _answer_also(session: Session) -> None:
    from afresh.django.hosts import answer_also

    answer_also(session.allow_host)


def _begin_reloader(session: Session) -> tuple[Callable[[Sequence[str]], Sequence[Dealt]], bool]:
    from afresh.django.serving import begin_reloader

    return begin_reloader(session)
