"""Which names the server answers to: the defence against DNS rebinding, for everything that is served."""

import enum
import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from afresh.channel.places import KEEPERS_PATHS

Refusal: TypeAlias = Callable[[str, str], tuple[str, bytes]]

# django.http.request.host_validation_re, for a lowered value.
_HOST = re.compile(r"([a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::([0-9]+))?")
_MOST_REMEMBERED = 256


class Place(enum.Enum):
    """Where a request's host leads to."""

    APPLICATION = enum.auto()
    KEEPER = enum.auto()
    NOWHERE = enum.auto()


def _plain_refusal(host: str, accept: str) -> tuple[str, bytes]:
    return "text/plain; charset=utf-8", b"This host is not allowed.\n"


class HostPolicy:
    """The names allowed: `patterns` as in Django's ALLOWED_HOSTS, loopback names, and the address that is bound.

    `keeper`: the one name whose requests are the keeper's; without it, no request is. `refusal` gives the content type
    and the body of the answer to a host that is not allowed, from that host and what the request accepts.
    """

    def __init__(
        self,
        patterns: Iterable[str] = (),
        bound: str = "",
        refusal: Refusal = _plain_refusal,
        keeper: str = "",
    ) -> None:
        self._patterns = tuple(pattern.lower() for pattern in patterns)
        self._bound = bound.lower().strip("[]")
        self._keeper = keeper
        self.refusal = refusal
        self._known: dict[str, Place] = {}

    def __repr__(self) -> str:
        return f"<HostPolicy patterns={self._patterns} bound={self._bound!r} keeper={self._keeper!r}>"

    def place(self, host_header: str) -> Place:
        """Whose requests with this Host field are. Text is compared, nothing is resolved."""
        known = self._known.get(host_header)
        if known is None:
            known = self._decide(host_header)
            if len(self._known) < _MOST_REMEMBERED:
                self._known[host_header] = known
        return known

    def is_keepers(self, host_header: str, path: str) -> bool:
        """Whether the keeper answers the request. A host that leads nowhere leads nowhere there too."""
        if not self._keeper:
            return False
        place = self.place(host_header)
        return place is Place.KEEPER or (place is Place.APPLICATION and path.startswith(KEEPERS_PATHS))

    def allows(self, host_header: str) -> bool:
        """Whether requests with this Host field are answered, by whomever."""
        return self.place(host_header) is not Place.NOWHERE

    def _decide(self, host_header: str) -> Place:
        match = _HOST.fullmatch(host_header.lower())
        if match is None:
            return Place.NOWHERE
        domain = match[1].removesuffix(".")
        if not domain:
            return Place.NOWHERE
        if self._keeper and domain == self._keeper:
            return Place.KEEPER
        if self._keeper and domain.endswith("." + self._keeper):
            # To a browser, pages there would be of the same site as the dashboard.
            return Place.NOWHERE
        is_allowed = any(_matches(domain, pattern) for pattern in self._patterns) or self._is_own(domain)
        return Place.APPLICATION if is_allowed else Place.NOWHERE

    def _is_own(self, domain: str) -> bool:
        if domain == "localhost" or domain.endswith(".localhost"):
            return True
        bare = domain.strip("[]")
        if bare == self._bound and bare:
            return True
        try:
            address = ipaddress.ip_address(bare)
        except ValueError:
            return False
        return address.is_loopback or str(address) == self._bound


def _matches(domain: str, pattern: str) -> bool:
    """As `django.http.request.validate_host`: "*", ".example.com" with its subdomains, or the name itself."""
    if pattern == "*":
        return True
    if pattern.startswith("."):
        return domain.endswith(pattern) or domain == pattern[1:]
    return domain == pattern
