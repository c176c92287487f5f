"""The page for a failure, whatever its kind."""

import msgspec

from afresh.channel.messages import Failure, Live
from afresh.pages.chain import chain, heading
from afresh.pages.changes import changed
from afresh.pages.checks import issue_list, issues
from afresh.pages.document import asset, document
from afresh.pages.facts import DIGEST_HEADER, POLL_HEADER, advice, digest
from afresh.pages.printable import markup, one_line

_LABELS = {
    "error": "The project does not load",
    "exit": "The process ended by itself",
    "checks": "System checks failed",
    "slow": "One moment",
    "request": "The application raised an exception",
}


_WAITING = {"slow": "Waiting for the start"}


class Content(msgspec.Struct, frozen=True):
    """What of a page does not depend on the request: made once per failure, since colouring source takes time."""

    title: str
    main: str
    digest: str
    waiting: str


def page(
    failure: Failure,
    *,
    path: str,
    wait: bool,
    nonce: str,
    elapsed: float = 0.0,
    live: Live | None = None,
    dashboard: str = "",
) -> bytes:
    """The HTML page for `failure`, answering a request for `path`.

    With `wait` the page reloads itself once the failure is another or gone; without it (the answer to a POST) it offers
    to.
    `nonce` is the one in the Content-Security-Policy. `elapsed`: seconds the boot has taken, shown for kind "slow".
    `live`: by what it hears of changes; without it, it asks from time to time. `dashboard`: as for `content`.
    """
    made = content(failure, dashboard=dashboard)
    return render(made, path=path, wait=wait, nonce=nonce, elapsed=elapsed, live=live)


def content(failure: Failure, *, dashboard: str = "") -> Content:
    """The part of the page that is the same for every request. `dashboard`: its origin, where files are opened."""
    main = {"checks": _checks, "slow": _slow}.get(failure.kind, _error)(failure, dashboard)
    return Content(
        title=failure.title, main=main, digest=digest(failure), waiting=_WAITING.get(failure.kind, "Waiting for a fix")
    )


def render(
    content: Content, *, path: str, wait: bool, nonce: str, elapsed: float = 0.0, live: Live | None = None
) -> bytes:
    """The page around a content; the arguments are those of `page`."""
    bar = (
        f'<span class="path">{markup(one_line(path))}</span>'
        '<span id="status" role="status">Reload this page later.</span>'
    )
    attributes = (
        f' data-failure="{content.digest}" data-header="{DIGEST_HEADER}" data-poll="{POLL_HEADER}"'
        f' data-wait="{"yes" if wait else "no"}" data-elapsed="{int(elapsed)}"'
        f' data-waiting="{content.waiting}" data-follows="{"no" if live is None else "yes"}"'
    )
    script = f'<script nonce="{markup(nonce)}">{asset("page.js")}</script>'
    if live is not None:
        stamp = f"{live.start}.{live.turn}.{live.number}"
        script += f'<script nonce="{markup(nonce)}" src="{markup(live.script)}" data-afresh="{stamp}"></script>'
    return document(content.title, content.main, bar=bar, script=script, attributes=attributes)


def request_page(failure: Failure, *, path: str, nonce: str, dashboard: str = "") -> bytes:
    """The page for an exception that the application raised while it answered. It asks for nothing again: that would be
    another request."""
    made = content(failure, dashboard=dashboard)
    bar = f'<span class="path">{markup(one_line(path))}</span><span id="status" role="status"></span>'
    script = f'<script nonce="{markup(nonce)}">{asset("page.js")}</script>'
    return document(made.title, made.main, bar=bar, script=script)


def _error(failure: Failure, dashboard: str) -> str:
    last = failure.exceptions[-1] if failure.exceptions else None
    head = heading(last, 1) if last else f"<h1>{markup(one_line(failure.title))}</h1>"
    label = "Full traceback" if failure.exceptions else "Output"
    return _lead(failure, head) + changed(failure) + chain(failure, dashboard) + _text(failure, label)


def _checks(failure: Failure, dashboard: str) -> str:
    found = issues(failure.text)
    head = _lead(failure, f"<h1>{markup(one_line(failure.title))}</h1>")
    shown = issue_list(found) if found else chain(failure, dashboard)
    return head + shown + changed(failure) + _text(failure, "Output")


def _slow(failure: Failure, dashboard: str) -> str:
    head = '<h1>The project is still starting<span id="elapsed" hidden></span></h1>'
    return _lead(failure, head, said=failure.title) + chain(failure, dashboard) + _text(failure, "Output")


def _lead(failure: Failure, head: str, said: str = "") -> str:
    label = _LABELS.get(failure.kind, _LABELS["error"])
    message = f'<p class="message">{markup(one_line(said))}</p>' if said else ""
    return (
        f'<div class="lead {markup(failure.kind)}"><p class="kind">{label}</p>{head}{message}'
        f'<p class="advice">{markup(advice(failure))}</p></div>'
    )


def _text(failure: Failure, label: str) -> str:
    if not failure.text.strip():
        return ""
    return (
        f'<section class="text"><h2>{label}</h2><button type="button" id="copy" hidden>Copy as text</button>'
        f'<pre id="text" tabindex="0">{markup(failure.text.strip(chr(10)))}</pre></section>'
    )
