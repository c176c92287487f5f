"""Checks and migrations: what the last run found, and `migrate` as an action."""

from typing import Any

import msgspec

from afresh.dashboard import parts
from afresh.dashboard.asking import Declined
from afresh.dashboard.http import Request, Response
from afresh.dashboard.layout import page
from afresh.dashboard.parts import said
from afresh.pages.checks import issue_list, issues
from afresh.pages.printable import markup


def show(request: Request) -> Response:
    """Both, as of now."""
    news = request.board.snapshot()
    state = parts.latest(news, "state")
    if state and not state["is_django"]:
        why = parts.note("This is a WSGI application: Afresh knows of no checks and no migrations of it.")
        return page("Checks", f"<h1>Checks and migrations</h1>{why}", path="/checks", number=news.number)
    main = (
        f"<h1>Checks and migrations</h1><h2>System checks</h2>"
        f'<div id="checks">{_checks(parts.latest(news, "checks"))}</div>'
        f'<h2>Migrations</h2><div id="migrations">{_migrations(request)}</div>'
        f'<section aria-labelledby="run"><h2 id="run">Run migrate</h2>{_run(parts.values(news, "migrate"))}</section>'
    )
    topics = ("checks", "migrate", "generation")
    return page("Checks", main, path="/checks", number=news.number, topics=topics, scripts=("checks.js",))


def _checks(told: dict[str, Any]) -> str:
    if not told:
        return parts.note(
            "The checks have not ended yet. They run after the first answer, so that nobody waits for them."
        )
    output = _plain(told["output"])
    found = issues(output)
    about = f'<p class="quiet">Of generation {told["generation"]}, run after it answered.</p>'
    if found:
        return about + issue_list(found)
    return about + f'<pre class="output">{markup(output.strip()) or "They printed nothing."}</pre>'


def _plain(text: str) -> str:
    """Without the terminal's colours."""
    pieces = text.split("\x1b[")
    return pieces[0] + "".join(piece.partition("m")[2] for piece in pieces[1:])


def _migrations(request: Request) -> str:
    try:
        told = msgspec.json.decode(request.keeper.ask("inquire", {"topic": "migrations"}))
    except Declined as exc:
        return parts.note(str(exc))
    if told is None:
        return parts.note("This application has no migrations that Afresh knows of.")
    if "error" in told:
        return parts.note(f"The application could not tell: {told['error']}")
    return "".join(map(_database, told["databases"]))


def _database(database: dict[str, Any]) -> str:
    title = f"<h3><code>{said(database['alias'])}</code> <span class=quiet>{said(database['engine'])}</span></h3>"
    if database["error"]:
        return title + f'<p class="failure">{said(database["error"])}</p>'
    pending = database["pending"]
    if not pending:
        return title + parts.note(f"All {database['applied']} migrations are applied.")
    items = "".join(f"<li><code>{said(name)}</code></li>" for name in pending)
    return title + f'<p>{len(pending)} not applied:</p><ol class="plain">{items}</ol>'


def _run(told: list[dict[str, Any]]) -> str:
    start = max((index for index, each in enumerate(told) if "command" in each), default=len(told))
    last = told[start:]
    is_running = bool(last) and "status" not in last[-1]
    lines = "\n".join(line(each) for each in last)
    return (
        '<form method="post" action="/actions/migrate"><input type="hidden" name="next" value="/checks">'
        f'<button id="migrate"{" disabled" if is_running else ""}>Run migrate</button></form>'
        f'<pre class="output" id="output" role="log" aria-live="polite" tabindex="0"{"" if last else " hidden"}>'
        f"{markup(_plain(lines))}</pre>"
    )


def line(told: dict[str, Any]) -> str:
    """One news of the command, as a line of its output."""
    if "command" in told:
        return f"$ {told['command']}"
    if "status" in told:
        return "Done." if told["status"] == 0 else f"Ended with status {told['status']}."
    return str(told.get("text", ""))
