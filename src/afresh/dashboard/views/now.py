"""Now: the flow as a live picture, the execution table that grows, and the variables."""

from typing import Any

from afresh.dashboard import flow, parts
from afresh.dashboard.http import Request, Response
from afresh.dashboard.layout import page
from afresh.dashboard.parts import said

SHOWN = 300  # rows at first; the script keeps as many


def show(request: Request) -> Response:
    """The page as of this moment; its script follows what comes."""
    news = request.board.snapshot()
    batches = parts.values(news, "steps")
    steps = [step for batch in batches for step in batch["steps"]][-SHOWN:]
    now: dict[str, Any] = batches[-1]["now"] if batches else {"lanes": [{"variables": ["Not running", "None", "No"]}]}
    state = parts.latest(news, "state")
    main = (
        f'<div class="title"><h1>Now</h1><p class="quiet" id="where">{_where(state)}</p>'
        '<p class="actions"><button type="button" data-act="reload">Load everything anew</button></p></div>'
        f"{flow.picture(now)}"
        f'<section aria-labelledby="variables"><h2 id="variables">Variables</h2>{flow.tracker(now["lanes"])}</section>'
        '<section aria-labelledby="table"><div class="title"><h2 id="table">Execution table</h2>'
        f'<p class="quiet" id="skipped">{skipped(now.get("skipped", 0))}</p></div>'
        f"{flow.execution_table(steps)}</section>"
    )
    return page("Now", main, path="/", number=news.number, topics=("steps", "state"), scripts=("now.js",))


def _where(state: dict[str, object]) -> str:
    if not state.get("port"):
        return "The application does not serve yet."
    host = str(state["host"])
    address = f"[{host}]" if ":" in host else host
    url = f"http://{address}:{state['port']}/"
    return f'<a href="{said(url)}" rel="noreferrer" target="_blank">{said(url)}</a> · generation {state["generation"]}'


def skipped(count: int) -> str:
    """What to say of requests that were not recorded."""
    return f"{count} requests were answered and not recorded: there were too many at once." if count else ""
