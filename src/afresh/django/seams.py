"""The places where every boot of a Django project is led to Afresh.

`django.utils.autoreload.run_with_reloader` is called as an attribute by `runserver`, and `run` is a global of its
module; so any subclass of the command, anywhere in INSTALLED_APPS, works unchanged (django/core/management/commands/
runserver.py).
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from afresh.boot.session import Session, current
from afresh.django.idle import close_idle
from afresh.django.measuring import save_at_end

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
            (in_parent or partial(original, main_func, *args, **kwargs))()
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
        # Django's own reloader runs the server on a thread, where ours cannot wait for signals.
        if server_cls is not runserver.WSGIServer or (current() is None and not _is_main_thread()):
            original(addr, port, wsgi_handler, ipv6, threading, on_bind, server_cls)
            return
        from afresh.django import serving

        asked = serving.RunArguments(addr, port, wsgi_handler, ipv6, threading, on_bind or (lambda _: None))
        session = current()
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


TRIGGERS: dict[str, Callable[[ModuleType], None]] = {
    "django.core.management.base": _prepare_boot,
    "django.utils.autoreload": _patch_autoreload,
    "django.core.management.commands.runserver": _patch_runserver,
}


def install() -> None:
    """Patch both seams now, importing what is not loaded yet."""
    from importlib import import_module

    for name, patch in TRIGGERS.items():
        patch(import_module(name))


def _stand_in() -> None:
    """Be what Django's parent process is, for the code that runs only there: do nothing until SIGTERM."""
    from afresh.boot.signals import wait_for_signals

    wait_for_signals()


def _run(session: Session, main_func: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """What Django does in the child of its reloader; ends the process."""
    from afresh.boot.ending import end
    from afresh.boot.main import report_end
    from afresh.django.commands import announce, explain, has_own_server, prepare
    from afresh.django.hosts import answer_also
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
    if has_own_server(command):
        print("This runserver brings a server of its own: Afresh restarts it, without its guarantees.", file=sys.stderr)
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        answer_also(session.allow_host)
        session.serves_by_itself()
    else:
        kwargs = prepare(command, kwargs)
    report_end(session, partial(main_func, *args, **kwargs))
