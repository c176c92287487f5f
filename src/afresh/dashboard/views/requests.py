"""Requests: the latest ones, and one of them with its steps."""

from http import HTTPStatus
from typing import Any

from afresh.channel.news import Shelf
from afresh.dashboard import flow, parts
from afresh.dashboard.http import Request, Response
from afresh.dashboard.layout import page
from afresh.dashboard.parts import said

_SHOWN = 200


def known(news: Shelf) -> dict[int, dict[str, Any]]:
    """The requests that are kept, by number, each as it was told last."""
    found: dict[int, dict[str, Any]] = {}
    for batch in parts.values(news, "steps"):
        for each in batch["requests"]:
            found[each["number"]] = {"pid": batch["pid"], **each}
    return found


def index(request: Request) -> Response:
    """The latest requests, newest first, and above them the pages that stay without live reload."""
    news = request.board.snapshot()
    found = sorted(known(news).values(), key=lambda each: -each["number"])[:_SHOWN]
    rows = [
        parts.row(
            (
                str(each["number"]),
                parts.clock(each["received"]),
                f'<a href="/requests/{each["number"]}">{said(each["name"])}</a>',
                said(each["view"]),
                said(each["status"] or ""),
                parts.duration(_took(each)),
            ),
            numbers=(0, 5),
            attributes=' class="is-error"' if each["status"] >= 500 or each["failure"] else "",
        )
        for each in found
    ]
    heads = ("", "Time", "Request", "View", "Status", "Took")
    body = parts.table(heads, rows, label="Requests", numbers=(0, 5)) if rows else parts.note("No request yet.")
    main = f"<h1>Requests</h1>{_without_live_reload(news)}{body}"
    return page("Requests", main, path="/requests", number=news.number, topics=("live",), scripts=("again.js",))


def _without_live_reload(news: Shelf) -> str:
    """Each page with the reason that was told last: the processes of several generations tell of the same page."""
    told = {each["path"]: each for each in parts.values(news, "live")}
    if not told:
        return ""
    rows = [
        parts.row(
            (f"<code>{said(each['path'])}</code>", said(each["reason"]), said(each["generation"])),
            numbers=(2,),
        )
        for each in told.values()
    ]
    label = "Pages without live reload"
    heads = ("Page", "Why the script stays out", "Generation")
    return f"<h2>{label}</h2>{parts.table(heads, rows, label=label, name='without-live', numbers=(2,))}<h2>Latest</h2>"


def detail(request: Request) -> Response:
    """One request: what is known of it. `number`: the request's, or "PID.N" as its process counts."""
    news = request.board.snapshot()
    wanted = request.parameters["number"]
    found = _find(news, wanted)
    if found is None:
        main = f"<h1>Request {said(wanted)}</h1>" + parts.note(
            "Nothing is known of it: it is older than what is kept, or there were too many at once to record it."
        )
        response = page("Request", main, path="/requests", number=news.number)
        return Response(response.parts, response.content_type, HTTPStatus.NOT_FOUND)
    steps = [step for batch in parts.values(news, "steps") for step in batch["steps"]]
    own = [step for step in steps if step["request"] == found["number"]]
    main = (
        f'<p class="quiet"><a href="/requests">Requests</a></p><h1>{said(found["name"])}</h1>'
        f"{_facts(found)}{_bar(found)}<h2>Steps</h2>{flow.execution_table(own, is_linked=False)}"
    )
    return page(found["name"], main, path="/requests", number=news.number)


def _find(news: Shelf, wanted: str) -> dict[str, Any] | None:
    found = known(news)
    if wanted.isdecimal():
        return found.get(int(wanted))
    pid, _, count = wanted.partition(".")
    if not (pid.isdecimal() and count.isdecimal()):
        return None
    own = [each for each in found.values() if each["pid"] == int(pid) and each["own_number"] == int(count)]
    return own[-1] if own else None


def _took(request: dict[str, Any]) -> float | None:
    return request["sent"] - request["received"] if request["sent"] else None


def _facts(request: dict[str, Any]) -> str:
    facts = [
        (
            "Answer",
            request["failure"] or (f"{request['status']}, {request['length']} bytes" if request["sent"] else "…"),
        ),
        ("View", request["view"] or "none: it was answered before a view was called"),
        ("Received", parts.clock(request["received"])),
        ("Code", f"generation {request['generation']}"),
        ("Process", request["pid"]),
        ("Lane", request["lane"] + 1),
    ]
    items = "".join(f"<div><dt>{name}</dt><dd>{said(value)}</dd></div>" for name, value in facts)
    return f'<dl class="facts">{items}</dl>'


def _bar(request: dict[str, Any]) -> str:
    if not request["sent"]:
        return parts.note("It is being answered.")
    processed = request["processed"] or request["sent"]
    pieces = [
        ("load", "middleware and view", processed - request["received"]),
        ("begin", "sending the response", request["sent"] - processed),
    ]
    return parts.bar(pieces, request["sent"] - request["received"], "Where the time went") + parts.legend(pieces)
