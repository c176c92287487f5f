"""Learn: a tour of what a development server does, on this one."""

import http.client
import time
from typing import Any
from urllib.parse import quote

from afresh.channel.news import Shelf
from afresh.dashboard import flow, parts, tour
from afresh.dashboard.http import TEXT, Request, Response, redirect
from afresh.dashboard.layout import page
from afresh.dashboard.parts import said
from afresh.dashboard.views.requests import known
from afresh.pages.printable import multiline

_PATIENCE = 30.0  # seconds for the application to answer
_RECORDED = 3.0  # seconds for the recording to arrive
_PROBLEMS = {
    "refused": "The application could not be asked: it does not answer at the moment.",
    "unrecorded": "Your request was answered and not recorded: there were too many at once, or it was not for the "
    "application.",
}


def show(request: Request) -> Response:
    """The tour of one request: `request` in the query, else the last one; with answers to the quiz, what is right."""
    news = request.board.snapshot()
    problem = _PROBLEMS.get(request.query.get("problem", ""), "")
    # Not somebody else's, which the page of the last one may be.
    chosen = None if problem else _chosen(news, request.query.get("request", ""))
    intro = (
        '<div class="title"><h1>Learn</h1><p class="quiet">What a development server does, told by this one. '
        "Everything "
        "below is read from what it has really done.</p></div>"
        '<form class="ask" method="post" action="/learn/visit"><label for="path">Send it a request for</label>'
        '<input id="path" name="path" value="/" autocomplete="off" spellcheck="false"><button>Send</button></form>'
    )
    if chosen is None:
        main = intro + parts.note(problem or "No request has been recorded yet. Send one, and see what becomes of it.")
        return page("Learn", main, path="/learn", number=news.number)
    told, state, answered = _material(news, chosen["number"])
    main = intro + _tour(request, chosen, told, tour.moments(told, state, answered))
    return page("Learn", main, path="/learn", number=news.number, scripts=("learn.js",))


def snapshot(request: Request) -> Response:
    """The tour on one page, to be printed or kept."""
    news = request.board.snapshot()
    chosen = _chosen(news, request.query.get("request", ""))
    if chosen is None:
        return redirect("/learn")
    told, state, answered = _material(news, chosen["number"])
    main = (
        f'<p class="quiet no-print"><a href="/learn?request={chosen["number"]}">Learn</a></p>'
        f"<h1>{said(chosen['name'])}</h1>{flow.picture(_as_taken(told))}"
        f"{flow.execution_table(told, is_linked=False)}{_moments(tour.moments(told, state, answered))}"
    )
    return page("Snapshot", main, path="/learn", number=news.number)


def transcript(request: Request) -> Response:
    """The tour as plain text."""
    news = request.board.snapshot()
    chosen = _chosen(news, request.query.get("request", ""))
    if chosen is None:
        return redirect("/learn")
    told, state, answered = _material(news, chosen["number"])
    text = multiline(tour.transcript(told, tour.moments(told, state, answered)))
    return Response([text.encode()], TEXT)


def visit(request: Request) -> Response:
    """Send the application a real request, and come back to the tour of it."""
    path = request.form.get("path", "/")[:2000]
    news = request.board.snapshot()
    state = parts.latest(news, "state")
    last = max(known(news), default=0)
    port = _ask(state, "/" + quote(path.lstrip("/"), safe="/?&=%+-._~,:@!$'()*;")) if state.get("port") else 0
    if not port:
        return redirect("/learn?problem=refused")
    deadline = time.monotonic() + _RECORDED
    number = news.number
    while (left := deadline - time.monotonic()) > 0:
        found = [each for each in known(request.board.snapshot()).values() if each["number"] > last and each["sent"]]
        own = next((each["number"] for each in found if each["port"] == port), 0)
        if own:
            return redirect(f"/learn?request={own}")
        fresh = request.board.wait(number, ("steps",), left)
        if not fresh:
            break
        number = fresh[-1].number
    return redirect("/learn?problem=unrecorded")


def _ask(state: dict[str, Any], path: str) -> int:
    """The port that the request was sent from, by which it is known among those of others; 0 where none was answered.

    Nothing is added to the request itself: it is to be one as any browser sends it.
    """
    host = {"0.0.0.0": "127.0.0.1", "0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(state["host"], state["host"])
    connection = http.client.HTTPConnection(host, state["port"], timeout=_PATIENCE)
    try:
        connection.connect()
        port: int = connection.sock.getsockname()[1]
        connection.request("GET", path, headers={"User-Agent": "Afresh tour", "Accept": "text/html"})
        connection.getresponse().read(1 << 16)
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
    return port


def _chosen(news: Shelf, wanted: str) -> dict[str, Any] | None:
    finished = {number: each for number, each in known(news).items() if each["sent"]}
    if wanted.isdecimal() and int(wanted) in finished:
        return finished[int(wanted)]
    return finished[max(finished)] if finished else None


def _material(news: Shelf, number: int) -> tuple[list[dict[str, Any]], dict[str, Any], int]:
    steps = [step for batch in parts.values(news, "steps") for step in batch["steps"]]
    answered = sum(step["stage"] == "send" and not step["is_error"] for step in steps)
    return tour.story(steps, number), parts.latest(news, "state"), answered


def _as_taken(told: tour.Steps) -> dict[str, Any]:
    """The flow's picture of what is told, not of what goes on now."""
    # The rows of waiting and of the end are moments.
    took = {step["stage"]: step["took"] for step in told if step["stage"] not in ("wait", "stop")}
    errors = {step["stage"]: step["details"] for step in told if step["is_error"]}
    return {"active": [told[-1]["stage"]] if told else [], "took": took, "errors": errors}


def _tour(request: Request, chosen: dict[str, Any], told: list[dict[str, Any]], found: list[tour.Moment]) -> str:
    number = chosen["number"]
    return (
        f'<section id="tour" aria-label="The tour"><h2>{said(chosen["name"])}, step by step</h2>'
        '<p class="actions" id="walk" hidden><button type="button" id="back">Back</button>'
        '<button type="button" id="forth">Next step</button><span id="at" class="quiet" role="status"></span></p>'
        f"{flow.picture(_as_taken(told))}{flow.tracker([{'variables': told[-1]['variables']}])}"
        f"{flow.execution_table(told, name='told')}</section>"
        f"{_moments(found)}{_quiz(request, tour.quiz(told), number)}"
        '<h2>To keep</h2><p class="actions">'
        f'<a class="button" href="/learn/snapshot?request={number}">One page</a>'
        f'<a class="button" href="/learn/transcript?request={number}">Transcript</a></p>'
    )


def _moments(found: list[tour.Moment]) -> str:
    items = "".join(f"<li><h3>{said(moment.title)}</h3><p>{said(moment.text)}</p></li>" for moment in found)
    return f'<h2>Key moments</h2><ol class="moments">{items}</ol>'


def _quiz(request: Request, questions: list[tour.Quiz], number: int) -> str:
    if not questions:
        return ""
    items = "".join(_question(question, request.query.get(question.name, "")) for question in questions)
    return (
        '<h2 id="quiz">Quiz</h2><form method="get" action="/learn#quiz">'
        f'<input type="hidden" name="request" value="{number}">{items}<button>Check the answers</button></form>'
    )


def _question(question: tour.Quiz, answer: str) -> str:
    options = "".join(
        f'<label><input type="radio" name="{question.name}" '
        f'value="{said(option)}"{" checked" if option == answer else ""}>'
        f"<span>{said(option)}</span></label>"
        for option in question.options
    )
    verdict = ""
    if answer:
        is_right = answer == question.right
        told = "Right" if is_right else f"No: it was “{question.right}”"
        verdict = (
            f'<p class="verdict{"" if is_right else " is-error"}">{said(told)}. Look at step {question.evidence}.</p>'
        )
    return f"<fieldset><legend>{said(question.question)}</legend>{options}{verdict}</fieldset>"
