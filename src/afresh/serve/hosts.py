"""Which names the server answers to: the defence against DNS rebinding, for everything that is served."""

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

Refusal: TypeAlias = Callable[[str], tuple[str, bytes]]

# django.http.request.host_validation_re, for a lowered value.
_HOST = re.compile(r"([a-z0-9.-]+|\[[a-f0-9]*:[a-f0-9.:]+\])(?::([0-9]+))?")
_MOST_REMEMBERED = 256


def _plain_refusal(host: str) -> tuple[str, bytes]:
    return "text/plain; charset=utf-8", b"This host is not allowed.\n"


class HostPolicy:
    """The names allowed: `patterns` as in Django's ALLOWED_HOSTS, loopback names, and the address that is bound.

    `refusal` gives the content type and the body of the answer to a host that is not allowed.
    """

    def __init__(self, patterns: Iterable[str] = (), bound: str = "", refusal: Refusal = _plain_refusal) -> None:
        self._patterns = tuple(pattern.lower() for pattern in patterns)
        self._bound = bound.lower().strip("[]")
        self.refusal = refusal
        self._known: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"<HostPolicy patterns={self._patterns} bound={self._bound!r}>"

    def allows(self, host_header: str) -> bool:
        """Whether requests with this Host field are answered. Text is compared, nothing is resolved."""
        known = self._known.get(host_header)
        if known is None:
            known = self._decide(host_header)
            if len(self._known) < _MOST_REMEMBERED:
                self._known[host_header] = known
        return known

    def _decide(self, host_header: str) -> bool:
        match = _HOST.fullmatch(host_header.lower())
        if match is None:
            return False
        domain = match[1].removesuffix(".")
        if not domain:
            return False
        return any(_matches(domain, pattern) for pattern in self._patterns) or self._is_own(domain)

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
