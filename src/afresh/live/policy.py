"""What a page's Content-Security-Policy lets the script do. Pure. Source: CSP Level 3, 6.7 (matching) and 6.8."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_=-]+)'", re.IGNORECASE)
_SCRIPT = ("script-src-elem", "script-src", "default-src")
_WORKER = ("worker-src", "child-src", "script-src", "default-src")
_CONNECT = ("connect-src", "default-src")


class Access(NamedTuple):
    """`nonce`: what the script's tag must carry, empty where nothing. `obstacle`: why it cannot run, in words.
    `may_fetch`: it may ask for its page, and read it."""

    nonce: str = ""
    obstacle: str = ""
    may_fetch: bool = True


def access(policies: Sequence[str]) -> Access:
    """Whether a script of the page's own origin may run and hear of changes under all of these policies."""
    nonce, may_fetch = "", True
    for policy in (part for field in policies for part in field.split(",")):
        directives = _directives(policy)
        sandbox = directives.get("sandbox")
        if sandbox is not None and not {"allow-scripts", "allow-same-origin"} <= set(sandbox):
            return Access(obstacle="its Content-Security-Policy puts it into a sandbox")
        sources = _sources(directives, _SCRIPT)
        if not _allows_own(sources, strict_dynamic=True):
            found = next((match[1] for source in sources or () if (match := _NONCE.fullmatch(source))), "")
            if not found or (nonce and nonce != found):
                return Access(obstacle="its Content-Security-Policy allows no script of this origin and has no nonce")
            nonce = found
        may_connect = _allows_own(_sources(directives, _CONNECT))
        may_fetch = may_fetch and may_connect and "require-trusted-types-for" not in directives
        if not _allows_own(_sources(directives, _WORKER)) and not may_connect:
            return Access(obstacle="its Content-Security-Policy allows no connection to this origin")
    return Access(nonce, may_fetch=may_fetch)


def _directives(policy: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for words in (directive.split() for directive in policy.split(";")):
        if words:
            found.setdefault(words[0].lower(), words[1:])  # of a repeated directive the first one counts
    return found


def _sources(directives: dict[str, list[str]], names: Sequence[str]) -> list[str] | None:
    return next((directives[name] for name in names if name in directives), None)


def _allows_own(sources: list[str] | None, *, strict_dynamic: bool = False) -> bool:
    if sources is None:
        return True
    lowered = {source.lower() for source in sources}
    if strict_dynamic and "'strict-dynamic'" in lowered:
        return False  # hosts and 'self' are not looked at beside it
    return bool(lowered & {"'self'", "*", "http:"})
