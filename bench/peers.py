"""The servers that are measured, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Peer:
    """One way to serve a Django project while developing it.

    `apps` come first in INSTALLED_APPS. `reloads`: it notices edits; `looks_once_a_second`: by comparing times, so that
    an edit finds it at any moment of that second. `command` begins after the interpreter: `{manage}` stands for the
    words of the project's own command line (manage.py, or -m and a module), `{port}` for the port. `settings` is text
    that is added to the project's settings. `package`: what its version is that of.
    """

    name: str
    command: str
    apps: tuple[str, ...] = ()
    reloads: bool = True
    looks_once_a_second: bool = False
    settings: str = ""
    package: str = ""

    @property
    def is_afresh(self) -> bool:
        """Whether it is what is measured, and not one of those it is measured against."""
        return self.name.startswith("afresh")

    def arguments(self, manage: tuple[str, ...], port: int) -> list[str]:
        """The command line after the interpreter."""
        words: list[str] = []
        for word in self.command.split():
            words += manage if word == "{manage}" else [word.replace("{port}", str(port))]
        return words


RUNSERVER = Peer("runserver", "{manage} runserver 127.0.0.1:{port}", looks_once_a_second=True, package="django")
AFRESH = Peer("afresh", "{manage} runserver 127.0.0.1:{port}", apps=("afresh.django",))
AFRESH_COMMAND = Peer("afresh (command)", "-m afresh {manage} runserver 127.0.0.1:{port}")

PEERS = (
    RUNSERVER,
    AFRESH,
    AFRESH_COMMAND,
    Peer("runserver, watchfiles", RUNSERVER.command, apps=("django_watchfiles",), package="django-watchfiles"),
    Peer(
        "runserver_plus",
        "{manage} runserver_plus 127.0.0.1:{port}",
        apps=("django_extensions",),
        package="werkzeug",
        looks_once_a_second=True,
    ),
    Peer("uvicorn --reload", "-m uvicorn bench_asgi:application --port {port} --reload", package="uvicorn"),
    Peer(
        "granian --reload",
        "-m granian --interface wsgi bench_wsgi:application --port {port} --reload",
        package="granian",
    ),
    Peer(
        "gunicorn --reload",
        "-m gunicorn bench_wsgi:application --bind 127.0.0.1:{port} --reload --threads 8",
        looks_once_a_second=True,
        package="gunicorn",
    ),
    # Its --reload looks at the modules of its first process, where Django has not imported the project's yet.
    Peer(
        "hypercorn", "-m hypercorn bench_asgi:application --bind 127.0.0.1:{port}", reloads=False, package="hypercorn"
    ),
    Peer("waitress", "-m waitress --listen 127.0.0.1:{port} bench_wsgi:application", reloads=False, package="waitress"),
)

_QUIET = (
    "LOGGING = {'version': 1, 'disable_existing_loggers': False, 'loggers': {'django.server': {'level': 'ERROR'}}}\n"
)

AFRESH_QUIET = Peer("afresh, access log off", AFRESH.command, apps=AFRESH.apps, settings=_QUIET)
AFRESH_ALONE = Peer("afresh --noreload", "{manage} runserver --noreload 127.0.0.1:{port}", apps=AFRESH.apps)

SERVERS = (
    AFRESH_QUIET,
    AFRESH_ALONE,
    *(
        Peer(
            f"granian, {threads}",
            f"-m granian --interface wsgi bench_wsgi:application --port {{port}} --blocking-threads {threads[0]}",
            reloads=False,
            package="granian",
        )
        for threads in ("1 thread", "4 threads")
    ),
    Peer(
        "gunicorn sync", "-m gunicorn bench_wsgi:application --bind 127.0.0.1:{port}", reloads=False, package="gunicorn"
    ),
    Peer(
        "gunicorn gthread",
        "-m gunicorn bench_wsgi:application --bind 127.0.0.1:{port} --worker-class gthread --threads 8",
        reloads=False,
        package="gunicorn",
    ),
    Peer(
        "uvicorn, WSGI",
        "-m uvicorn bench_wsgi:application --port {port} --interface wsgi",
        reloads=False,
        package="uvicorn",
    ),
    Peer(
        "hypercorn, WSGI",
        "-m hypercorn wsgi:bench_wsgi:application --bind 127.0.0.1:{port}",
        reloads=False,
        package="hypercorn",
    ),
)
"""What is measured only as a server under load: no reloader is in the way of any of them."""

EVERYONE = {peer.name: peer for peer in (*PEERS, *SERVERS)}


def named(names: tuple[str, ...]) -> tuple[Peer, ...]:
    """The peers of these names; ValueError for one that does not exist. Those that reload where no name is given."""
    if unknown := set(names) - set(EVERYONE):
        raise ValueError(f"no such peer: {', '.join(sorted(unknown))}")
    return tuple(EVERYONE[name] for name in names) or PEERS
