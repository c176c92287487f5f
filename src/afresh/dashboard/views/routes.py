"""Routes: every URL pattern, and what becomes of a path that is typed in."""

from typing import Any

import msgspec

from afresh.dashboard import parts
from afresh.dashboard.asking import Declined
from afresh.dashboard.http import Request, Response
from afresh.dashboard.layout import page
from afresh.dashboard.parts import said

_LONGEST = 2000
_OUTCOMES = {"yes": "matches", "part": "goes on", "no": "no"}


def show(request: Request) -> Response:
    """The patterns; with `path` in the query, also each that was tried for it."""
    news = request.board.snapshot()
    state = parts.latest(news, "state")
    path = request.query.get("path", "")[:_LONGEST]
    try:
        if state and not state["is_django"]:
            raise Declined("This is a WSGI application: what its paths lead to is known to nobody but itself.")
        told = _ask(request, "routes", "")
        explained = _explained(_ask(request, "resolve", path)) if path else ""
    except Declined as exc:
        return page("Routes", f"<h1>Routes</h1>{parts.note(str(exc))}", path="/routes", number=news.number)
    form = (
        '<form class="ask" method="get" action="/routes" role="search"><label for="path">What does a path lead '
        "to?</label>"
        f'<input id="path" name="path" value="{said(path)}" placeholder="/" autocomplete="off" spellcheck="false"'
        ' inputmode="url"><button>Try it</button></form>'
    )
    folder = str(state.get("cwd", ""))
    main = (
        f'<div class="title"><h1>Routes</h1><p class="quiet">{len(told["routes"])} patterns of <code>'
        f"{said(told['urlconf'])}</code></p></div>{form}{explained}{_patterns(told['routes'], folder)}"
        f"{_middleware(told['middleware'])}"
    )
    return page("Routes", main, path="/routes", number=news.number, scripts=("filter.js",))


def _ask(request: Request, topic: str, argument: str) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(request.keeper.ask("inquire", {"topic": topic, "argument": argument}))
    if "error" in told:
        raise Declined(f"The application could not tell: {told['error']}")
    return told


def _explained(told: dict[str, Any]) -> str:
    match = told["match"]
    if match is None:
        missed = f"<code>{said(told['path'])}</code> matches no pattern. {said(told['hint'])}"
        verdict = f'<p class="verdict is-error">{missed}</p>'
    else:
        kept = ", ".join([*match["args"], *(f"{name}={value}" for name, value in match["kwargs"].items())])
        called = f"<code>{said(match['view'])}({said('request' + (', ' + kept if kept else ''))})</code>"
        name = f", name <code>{said(match['name'])}</code>" if match["name"] else ""
        verdict = f'<p class="verdict"><code>{said(told["path"])}</code> calls {called}{name}</p>'
    rows = [
        f'<li class="try-{each["outcome"]}" data-depth="{min(each["depth"], 6)}"><span class="outcome">'
        f"{_OUTCOMES[each['outcome']]}</span><code>{said(each['route']) or '&nbsp;'}</code>"
        f'<span class="why">{said(each["why"])}</span></li>'
        for each in told["tried"]
    ]
    return f'<section aria-label="What was tried">{verdict}<ol class="tried">{"".join(rows)}</ol></section>'


def _patterns(routes: list[dict[str, Any]], folder: str) -> str:
    rows = [
        parts.row(
            (
                f"<code>/{said(each['route'])}</code>",
                f"<code>{said(each['name'])}</code>" if each["name"] else "",
                f"<code>{said(each['view'])}</code><br>{parts.place(each['file'], each['line'], folder)}",
                "<br>".join(f"<code>{said(name)}: {said(kind)}</code>" for name, kind in each["converters"].items()),
                ", ".join(map(said, each["marks"])),
            )
        )
        for each in routes
    ]
    label = 'placeholder="Filter" aria-label="Filter the patterns"'
    search = f'<input class="filter" type="search" data-filters="patterns" {label}>'
    heads = ("Pattern", "Name", "View", "Converters", "")
    return (
        f'<div class="title"><h2>All patterns, in the order in which they are tried</h2>{search}</div>'
        + parts.table(heads, rows, label="URL patterns", name="patterns")
    )


def _middleware(names: list[str]) -> str:
    items = "".join(f"<li><code>{said(name)}</code></li>" for name in names)
    return (
        '<h2>Middleware around every view</h2><p class="quiet">A request passes it from the first to the last, its '
        f'response from the last to the first.</p><ol class="plain">{items}</ol>'
    )
