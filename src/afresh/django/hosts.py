"""The names that the project answers to, as `HttpRequest.get_host` understands them (django/http/request.py)."""

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.http import request as request_module

from afresh.serve.hosts import Names


def names(further: Sequence[str]) -> Names:
    """ALLOWED_HOSTS as it is when a request comes, and `further` ones that the user has named beside it."""
    return Names(lambda: (*_allowed(), *further), is_behind_proxy=bool(settings.USE_X_FORWARDED_HOST))


def at_start() -> tuple[str, ...]:
    """ALLOWED_HOSTS as far as it can be told without running what the project may have made of it."""
    hosts = settings.ALLOWED_HOSTS
    return tuple(map(str, hosts)) if type(hosts) in (list, tuple) else ()


def advice() -> str:
    """How to allow a name (`afresh.pages.refusal`): behind a proxy that Django believes, its list holds other names
    than the one that is refused here, and is to stay as it is."""
    return "variable" if settings.USE_X_FORWARDED_HOST else "settings"


def answer_also(further: Sequence[str]) -> None:
    """Let Django accept the names that the user has given to Afresh. The project's list stays what it is: while it is
    empty, Django adds names of its own to it."""
    validate = request_module.validate_host
    if not further or getattr(validate, "is_afresh", False):
        return

    def validate_host(host: str, allowed_hosts: Iterable[str]) -> bool:
        return bool(validate(host, allowed_hosts) or validate(host, further))

    validate_host.is_afresh = True  # type: ignore[attr-defined]
    request_module.validate_host = validate_host


def _allowed() -> Iterable[str]:
    hosts: Iterable[str] = settings.ALLOWED_HOSTS
    return (".localhost", "127.0.0.1", "[::1]") if settings.DEBUG and not hosts else hosts
