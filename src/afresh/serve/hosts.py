"""Which Host fields are answered: the defence against DNS rebinding, for everything that is served.

A page of a foreign site reads what this server answers only under a name of its own, which it has made to lead here.
So a name that anybody may own is answered if it is named. What no name service resolves (an address) is left to the
application. docs/explanation/security.md says what that costs and saves.
"""

import enum
import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

import msgspec

from afresh.channel.places import KEEPERS_PATHS

Refusal: TypeAlias = Callable[[str, str], tuple[str, bytes]]

# django.http.request.host_validation_re, for a lowered value.
_HOST = re.compile(r"([a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::([0-9]+))?")
# What a proxy calls the server behind it: a name without a dot (a container, an upstream of nginx), or one below
# "internal", which ICANN has reserved for private networks.
_BEHIND_PROXY = re.compile(r"[a-z0-9_-]+|[a-z0-9_.-]+\.internal")
_PORT = re.compile(r":[0-9]+$")
_MOST_REMEMBERED = 256


class Place(enum.Enum):
    """Where a request's host leads to. `NAMED`: to the application, if it is one of the names."""

    APPLICATION = enum.auto()
    NAMED = enum.auto()
    KEEPER = enum.auto()
    NOWHERE = enum.auto()


def _plain_refusal(host: str, accept: str) -> tuple[str, bytes]:
    return "text/plain; charset=utf-8", b"This host is not allowed.\n"


def _no_names() -> Iterable[str]:
    return ()


class Names(msgspec.Struct, frozen=True):
    """The names of an application. `listed` is called for each request that depends on it: patterns as in Django's
    ALLOWED_HOSTS. `is_behind_proxy`: the application takes its name from another field than Host, which holds what the
    proxy calls it."""

    listed: Callable[[], Iterable[str]] = _no_names
    is_behind_proxy: bool = False


class HostPolicy:
    """The names allowed: `patterns` as in Django's ALLOWED_HOSTS, `names`, loopback names, and what is bound.

    `keeper`: the one name whose requests are the keeper's; without it, no request is. `refusal` gives the content type
    and the body of the answer to a host that is not allowed, from that host and what the request accepts.
    """

    def __init__(
        self,
        patterns: Iterable[str] = (),
        bound: str = "",
        refusal: Refusal = _plain_refusal,
        keeper: str = "",
        names: Names = Names(),  # noqa: B008  # frozen
    ) -> None:
        self._patterns = tuple(patterns)
        self._names = names
        self._bound = bound.lower().strip("[]")
        self._keeper = keeper
        self.refusal = refusal
        self._known: dict[str, tuple[Place, str]] = {}

    def __repr__(self) -> str:
        return f"<HostPolicy patterns={self._patterns} bound={self._bound!r} keeper={self._keeper!r}>"

    def is_keepers(self, host_header: str, path: str) -> bool:
        """Whether the keeper answers the request. A host that leads nowhere leads nowhere there too."""
        if not self._keeper:
            return False
        place, _ = self._place(host_header)
        return place is Place.KEEPER or (path.startswith(KEEPERS_PATHS) and self.allows(host_header))

    def allows(self, host_header: str) -> bool:
        """Whether requests with this Host field are answered, by whomever. Text is compared, nothing is resolved.

        Raises what the application's list raises.
        """
        place, domain = self._place(host_header)
        if place is Place.NAMED:
            return any(_matches(domain, pattern) for pattern in (*self._patterns, *self._names.listed()))
        return place is not Place.NOWHERE

    def _place(self, host_header: str) -> tuple[Place, str]:
        """Where the host leads to, which no list changes, and its name."""
        known = self._known.get(host_header)
        if known is None:
            known = self._decide(host_header)
            # Several threads come here: the bound may be passed by a few.
            if len(self._known) < _MOST_REMEMBERED:
                self._known[host_header] = known
        return known

    def _decide(self, host_header: str) -> tuple[Place, str]:
        lowered = host_header.lower()
        if self._names.is_behind_proxy and _BEHIND_PROXY.fullmatch(_PORT.sub("", lowered)):
            return Place.APPLICATION, lowered
        match = _HOST.fullmatch(lowered)
        domain = "" if match is None else match[1].removesuffix(".")
        if not domain:
            return Place.NOWHERE, ""
        if self._keeper and domain == self._keeper:
            return Place.KEEPER, domain
        if self._keeper and domain.endswith("." + self._keeper):
            # To a browser, pages there would be of the same site as the dashboard.
            return Place.NOWHERE, domain
        is_own = domain == "localhost" or domain.endswith(".localhost") or domain.strip("[]") == self._bound
        return Place.APPLICATION if is_own or _is_address(domain) else Place.NAMED, domain


def _is_address(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain.strip("[]"))
    except ValueError:
        return False
    return True


def _matches(domain: str, pattern: object) -> bool:
    """As `django.http.request.validate_host`: "*", ".example.com" with its subdomains, or the name itself."""
    text = str(pattern).lower()
    if text == "*":
        return True
    if text.startswith("."):
        return domain.endswith(text) or domain == text[1:]
    return domain == text
