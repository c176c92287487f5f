"""The first page: which code answers, since when, and how it came to be."""

import msgspec

from afresh.dashboard.http import Request, Response
from afresh.dashboard.layout import page
from afresh.pages.printable import markup, one_line


def show(request: Request) -> Response:
    """What answers now and the last reloads, newest first."""
    news = request.board.snapshot()
    latest = news.latest("state")
    state = {} if latest is None else msgspec.json.decode(latest.data)
    generations = [msgspec.json.decode(each.data) for each in news.of("generation")]
    rows = "".join(map(_row, reversed(generations)))
    answering = f"generation {state['generation']}" if state.get("generation") else "nothing yet"
    main = (
        f"<h1>{markup(one_line(state.get('command', 'The server')))}</h1>"
        f'<p class="quiet">Answering: <b id="answering">{markup(answering)}</b></p>'
        '<form method="post" action="/actions/reload"><button>Load everything anew</button></form>'
        '<div class="scroll" tabindex="0" role="group" aria-label="Reloads"><table><thead><tr>'
        "<th>Generation</th><th>Way</th><th>Edited</th><th>Why</th><th class=number>ms</th></tr></thead>"
        f'<tbody id="generations">{rows}</tbody></table></div>'
    )
    topics = ("state", "generation")
    return page("Now", main, path="/", number=news.number, topics=topics, scripts=("start.js",))


def _row(generation: dict[str, object]) -> str:
    cells = (generation["number"], generation["way"], generation["place"], generation["reason"])
    number = f'<td class="number">{generation["milliseconds"]}</td>'
    return "<tr>" + "".join(f"<td>{markup(one_line(str(cell)))}</td>" for cell in cells) + number + "</tr>"
