"""Who may see a page of the dashboard: the decision before everything else. Pure.

What a browser adds by itself proves nothing about the person: it adds a cookie to what a hostile page on another port
asks for. So three things have to be right: the secret of this start, where the request came from, and the method.
"""

import enum
from hmac import compare_digest

import msgspec


class Verdict(enum.Enum):
    """What becomes of a request."""

    PASS = "it is answered"
    ENTER = "the link's token is right: the cookie is set, and the page asked for again without the token"
    AGAIN = "a page elsewhere has led here, so the cookie was not sent: the browser is to ask by itself"
    STRANGER = "no secret, or that of another start"
    FORBIDDEN = "it comes from another origin"
    METHOD = "nothing is done by this method"


class Secrets(msgspec.Struct, frozen=True):
    """Of one start: `token` stands in the link, `session` in the cookie of the name `cookie`."""

    token: str
    session: str
    cookie: str


class Facts(msgspec.Struct, frozen=True):
    """What of a request decides; fields that were not sent are empty. `token` is the query's.

    `own_origin`: of the address the request was sent to, so that forwarded ports work; its host was checked before.
    """

    method: str
    own_origin: str
    origin: str = ""
    fetch_site: str = ""
    fetch_mode: str = ""
    fetch_dest: str = ""
    cookie: str = ""
    token: str = ""


def judge(facts: Facts, secrets: Secrets) -> Verdict:
    """The verdict on one request."""
    if facts.origin and facts.origin != facts.own_origin:
        return Verdict.FORBIDDEN  # "null" too: sandboxed frames and files have it
    if facts.method == "POST":
        return _judge_change(facts, secrets)
    if facts.method not in ("GET", "HEAD"):
        return Verdict.METHOD
    # Browsers send no Sec-Fetch fields to http origins that are not loopback: the cookie and the missing CORS fields
    # have to do there (CVE-2026-6402 is a check that relied on them).
    comes_from_elsewhere = facts.fetch_site in ("cross-site", "same-site")
    is_navigation = facts.fetch_mode == "navigate" and facts.fetch_dest == "document"
    if comes_from_elsewhere and not is_navigation:
        return Verdict.FORBIDDEN
    if facts.token:
        return Verdict.ENTER if _is_same(facts.token, secrets.token) else Verdict.STRANGER
    if comes_from_elsewhere:
        return Verdict.AGAIN
    return Verdict.PASS if _has_session(facts, secrets) else Verdict.STRANGER


def _judge_change(facts: Facts, secrets: Secrets) -> Verdict:
    # Browsers name the origin with every POST; a check that lets requests without it pass has been evaded by those
    # (CVE-2026-39363).
    if not facts.origin or facts.fetch_site not in ("", "same-origin"):
        return Verdict.FORBIDDEN
    return Verdict.PASS if _has_session(facts, secrets) else Verdict.STRANGER


def _has_session(facts: Facts, secrets: Secrets) -> bool:
    values = [value for name, value in _cookies(facts.cookie) if name == secrets.cookie]
    # A page of the same site may have set a second cookie of this name: any right one is the user's.
    return any(_is_same(value, secrets.session) for value in values)


def _cookies(field: str) -> list[tuple[str, str]]:
    pairs = (pair.strip().partition("=") for pair in field.split(";"))
    return [(name, value) for name, _, value in pairs]


def _is_same(given: str, secret: str) -> bool:
    return compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode())
