"""From a command that wants to serve to an `Application`, under a keeper or in this one process."""

import gettext
import os
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import django.template.loaders
import msgspec
from django.apps import apps
from django.conf import settings
from django.core.management.commands.runserver import Command as RunserverCommand
from django.db import connections
from django.dispatch import Signal
from django.template.utils import get_app_template_dirs
from django.urls import get_resolver
from django.utils.autoreload import BaseReloader, autoreload_started, file_changed

from afresh import modules
from afresh.boot.application import Application
from afresh.boot.main import fail
from afresh.boot.session import Session
from afresh.boot.signals import wait_for_signals
from afresh.channel.messages import Dealt
from afresh.django import commands, hosts, words
from afresh.django.access import access_log
from afresh.django.entry import options_of
from afresh.django.static import make_finders, static_files
from afresh.handover.parcel import Parcel
from afresh.keeper.sockets import bind
from afresh.source.reading import absolute
from afresh.stack import roomy

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_LOADERS = os.path.dirname(django.template.loaders.__file__) + "/"
_DJANGOS_RECEIVERS = frozenset({"django.template.autoreload", "django.utils.translation.reloader"})


class RunArguments(msgspec.Struct, frozen=True):
    """What Django's `run` is asked for (django/core/servers/basehttp.py)."""

    address: str
    port: int
    handler: "WSGIApplication"
    ipv6: bool
    threads: bool
    on_bind: Callable[[int], None]


@roomy
def serve(session: Session, asked: RunArguments) -> NoReturn:
    """Serve under the keeper. Raises OSError, as Django's `run`, when the address cannot be bound."""
    if session.own is not None:
        session.own.give_back()
    session.control.ask_to_bind(asked.address, asked.port, ipv6=asked.ipv6)
    hosts.answer_also(session.allow_host)
    _import_what_requests_need()
    _look_for_templates()
    make_finders(asked.handler)
    session.set_up(has_own=any(session.is_project(file) for file in _ready_files()))
    _or_fail(session, load_urls)
    files = static_files(asked.handler)
    session.reached("routing", words.routing_in_words())
    session.flush()  # the keeper watches all this while the rest is made ready
    port = session.control.bound()
    if session.is_first or getattr(asked.on_bind, "__func__", None) is not RunserverCommand.on_bind:
        asked.on_bind(port)
    reloader = Reloader(session)
    _or_fail(session, reloader.begin)
    for connection in connections.all(initialized_only=True):
        connection.close()
    session.flush()
    session.ready(
        Application(
            asked.handler,
            asked.address,
            port,
            access_log,
            names=hosts.names(session.allow_host),
            hosts=hosts.at_start(),
            advice=hosts.advice(),
            threads=asked.threads,
            checks=commands.deferred_checks,
            file_changed=reloader.dealt_with,
            receivers=has_receivers(file_changed),
            on_thread_end=connections.close_all,
            warm=_warm,
            files=files,
            view_of=words.view_of,
            topics=_topics,
            count_queries=_count_queries,
            is_repeatable=not has_receivers(autoreload_started),
            drops=reloader.drops,
        )
    )


def begin_reloader(session: Session) -> tuple[Callable[[Sequence[str]], Sequence[Dealt]], bool]:
    """What Django's reloader does beside a server of the project's own; whom to ask about changed files, and whether
    the project has receivers for them. An error here is for whoever comes to it."""
    reloader = Reloader(session)
    try:
        load_urls()
        reloader.begin()
    except Exception:
        traceback.print_exc()
    return reloader.dealt_with, has_receivers(file_changed)


def _topics(topic: str, argument: str) -> bytes | None:
    from afresh.django.topics import tell

    return tell(topic, argument)


def _count_queries() -> Callable[[], int]:
    from afresh.django.queries import count_queries

    return count_queries()


def _warm() -> None:
    from afresh.django.warming import warm

    warm()


def _import_what_requests_need() -> None:
    """Django's own modules that its reloader's signal and every first request will load, here, before the places where
    the project is edited: whoever goes on from there has them. Nothing of the project is imported: a cycle of imports
    may hold only in the order in which Django comes to them."""
    import encodings.unicode_escape  # noqa: F401  # the access log's

    import django.template.backends.django
    import django.template.loaders.app_directories
    import django.template.loaders.cached
    import django.template.loaders.filesystem  # noqa: F401

    names = [app.name for app in apps.get_app_configs() if app.name.startswith("django.")]
    packages = ["django.templatetags", *(f"{name}.templatetags" for name in names)]
    named = [getattr(settings, name, "") for name in ("SESSION_SERIALIZER", "MESSAGE_STORAGE")]
    needed = [str(name).rpartition(".")[0] for name in named if str(name).startswith("django.")]
    for name in (*needed, *(module for package in packages for module in _modules_of(package))):
        try:
            import_module(name)
        except Exception:
            continue  # it is the affair of whoever comes to it


def _look_for_templates() -> None:
    """Which apps have templates, which depends on the apps alone and takes the longer the more there are. Django keeps
    what it finds here, before the places where the project is edited."""
    try:
        if any(engine.get("APP_DIRS") for engine in settings.TEMPLATES):
            get_app_template_dirs("templates")
    except Exception:
        pass  # it is the affair of whoever comes to it


def _ready_files() -> Iterator[str]:
    """The files of the classes that define `ready`, of the installed applications: whatever decorates it."""
    for app in apps.get_app_configs():
        owner = next(kind for kind in type(app).__mro__ if "ready" in vars(kind))
        yield modules.file_of(modules.attributes(sys.modules.get(owner.__module__)))


def _modules_of(package: str) -> list[str]:
    try:
        path = import_module(package).__path__
    except (ImportError, AttributeError):  # there is none, or it is a module
        return []
    return [found.name for found in walk_packages(path, f"{package}.")]


def _or_fail(session: Session, load: Callable[[], object]) -> None:
    """Load a part of the project. What it raises is not to be raised here: `inner_run` takes any OSError that passes
    through `run` for one of binding."""
    try:
        load()
    except Exception as exc:
        fail(session, exc)


def serve_here(asked: RunArguments) -> None:
    """Serve in this one process until KeyboardInterrupt (`--noreload`), without keeper and gate."""
    from afresh.boot.error import refused_host
    from afresh.keeper.spec import log_form, verbosity_of
    from afresh.serve.config import Config
    from afresh.serve.hosts import HostPolicy
    from afresh.serve.log import in_form
    from afresh.serve.server import Server
    from afresh.watch.gate import OpenGate

    listener = _bind_here(asked.address, asked.port, ipv6=asked.ipv6)
    port = listener.getsockname()[1]
    asked.on_bind(port)
    options = options_of(dict(os.environ))
    config = Config(threads=asked.threads, server_name=asked.address, server_port=port).limited(options.limits())
    hosts.answer_also(options.allow_host)
    files = static_files(asked.handler)
    refused = partial(refused_host, advice=hosts.advice())
    server = Server(
        asked.handler,
        config=config,
        gate=OpenGate(),
        hand_over=_close,
        log=in_form(log_form(options.log, verbosity_of(sys.argv)), access_log, _count_queries),
        hosts=HostPolicy(bound=asked.address, refusal=refused, names=hosts.names(options.allow_host)),
        files=files,
        on_thread_end=connections.close_all,
    )
    server.listen(listener)
    if asked.threads:
        server.start()
        wait_for_signals()
    else:
        server.run()


def _close(parcels: Sequence[Parcel]) -> None:
    """Without a keeper a connection has nowhere to go."""
    for parcel in parcels:
        parcel.sock.close()


def _bind_here(address: str, port: int, *, ipv6: bool) -> socket.socket:
    try:
        return bind(address, port, ipv6=ipv6)
    except OverflowError:
        raise OSError(f"The port must be between 0 and 65535, not {port}.") from None


def load_urls() -> None:
    """Load the URLconf, which Django leaves to its checks or to the first request: an error in it is an error of the
    start, and no request pays for it."""
    if getattr(settings, "ROOT_URLCONF", None):
        _ = get_resolver().url_patterns


def has_receivers(signal: Signal) -> bool:
    """Whether the project itself listens to this signal of Django's reloader."""
    live = signal._live_receivers(None)
    receivers = [receiver for group in live for receiver in group] if isinstance(live, tuple) else live
    return any(map(_is_projects, receivers))


def _is_projects(receiver: object) -> bool:
    return getattr(receiver, "__module__", "") not in _DJANGOS_RECEIVERS


class Reloader(BaseReloader):
    """What receivers of Django's reload signals get as `sender`: the keeper watches in its place."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._watched: list[tuple[str, str]] = []
        # A large project has hundreds of folders: they are told of together.
        self._trees: list[tuple[str, str]] | None = None

    def watch_dir(self, path: "str | Path", glob: str) -> None:
        """Be told about files below `path` that match `glob` (BaseReloader.watch_dir)."""
        tree = (absolute(os.fspath(path)), glob)
        self._watched.append(tree)
        if self._trees is None:
            self._session.watch_trees([tree])
        else:
            self._trees.append(tree)

    def begin(self) -> None:
        """Send Django's signal, whose receivers say what they want to be told of, and load the template engines."""
        trees = self._trees = []
        try:
            autoreload_started.send(sender=self)
        finally:
            self._trees = None
        trees += [(str(file.absolute().parent), file.name) for file in map(Path, self.extra_files)]
        self._session.watch_trees(trees)

    def dealt_with(self, paths: Sequence[str]) -> list[Dealt]:
        """Who of the receivers of `file_changed` says for each of `paths` that no reload is needed
        (BaseReloader.notify_file_changed)."""
        # Every path is told of, also after one that nobody deals with: template caches are reset by it.
        return [self._dealt_with(path) for path in paths]

    def drops(self, path: str, opener: FrameType | None) -> bool:
        """Whether one of Django's template loaders, or its translations, reads this file where the reloader watches it:
        Django's own receivers drop what was made of it."""
        catalogue = path.endswith(".mo")
        globs = ("**/*", "**/*.mo") if catalogue else ("**/*",)
        if not any(glob in globs and path.startswith(folder + "/") for folder, glob in self._watched):
            return False
        while opener is not None:
            code, caller = opener.f_code, opener.f_back
            if catalogue and code.co_filename == gettext.__file__:
                return True
            if code.co_name == "get_contents" and caller and caller.f_code.co_filename.startswith(_LOADERS):
                return True
            opener = caller
        return False

    def _dealt_with(self, path: str) -> Dealt:
        try:
            answers: list[tuple[object, object]] = file_changed.send(sender=self, file_path=Path(path))
        except (Exception, SystemExit):
            traceback.print_exc()
            return Dealt.BY_NOBODY
        willing = [receiver for receiver, answer in answers if answer]
        if any(map(_is_projects, willing)):
            return Dealt.BY_PROJECT
        return Dealt.BY_FRAMEWORK if willing else Dealt.BY_NOBODY
