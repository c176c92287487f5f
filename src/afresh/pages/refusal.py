"""The answer to a request whose Host is not allowed.

It may be read by the very site the refusal protects from (DNS rebinding), so it holds nothing but the name that was
sent.
"""

import re
from typing import NamedTuple

from afresh.pages.document import document
from afresh.pages.negotiate import wants_html
from afresh.pages.printable import markup

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")


class Advice(NamedTuple):
    """How a name is allowed: `line` with a place for it, between what is said before and after."""

    before: str
    line: str
    after: str


ADVICE = {
    "settings": Advice(
        "In the project's settings, write:",
        'ALLOWED_HOSTS = ["{}", ".localhost", "127.0.0.1", "[::1]"]',
        "Keep the names that are in the list already. Once the list is not empty, Django no longer adds the names of "
        "this machine by itself, so they stand in the line.",
    ),
    "variable": Advice(
        "Set a variable in the environment of the server, and start it again:",
        "AFRESH_ALLOW_HOST={}",
        "Several names are separated by commas. The names of this machine are always allowed, and those of the "
        "project's settings once these are loaded.",
    ),
    "option": Advice(
        "Start the server with one more option:",
        "--allow-host {}",
        "The option may be given more than once. The names of this machine are always allowed.",
    ),
}


def refusal(host: str, *, advice: str, accept: str = "text/html") -> tuple[str, bytes]:
    """Content type and body for a disallowed `host` (the field as sent, or empty); status 400 is the server's to write.

    `advice`: a key of ADVICE. `accept` is the request's Accept field.
    """
    name = host_name(host)
    before, line, after = ADVICE[advice]
    line = line.format(name) if name else ""
    if wants_html(accept):
        return "text/html; charset=utf-8", _html(name, before, line, after)
    text = "\n\n".join([_sentence(name), *([before, f"    {line}", after] if line else [])])
    return "text/plain; charset=utf-8", f"{text}\n".encode()


def host_name(host: str) -> str:
    """The name in a Host field, in lower case, without port and final dot; empty if it is no valid name."""
    lowered = host.strip().lower()
    name = lowered if lowered.endswith("]") else re.sub(r":[0-9]*$", "", lowered)
    name = name.removesuffix(".")
    return name if _NAME.fullmatch(name) and len(name) <= 255 else ""


def _html(name: str, before: str, line: str, after: str) -> bytes:
    steps = (
        f'<p>{before}</p><pre class="line" tabindex="0">{markup(line)}</pre><p class="order">{after}</p>'
        if line
        else ""
    )
    head = f"<h1>{_sentence(f'<code>{markup(name)}</code>' if name else '')}</h1>"
    main = f'<div class="lead host"><p class="kind">Host not allowed</p>{head}</div>{steps}'
    return document("Host not allowed", main)


def _sentence(name: str) -> str:
    if not name:
        return "The request does not name one valid host."
    return f"This server does not answer to the name {name}."
