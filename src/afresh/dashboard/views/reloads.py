"""Reloads: what changed, the way taken and why, where the milliseconds went, and which checkpoints stand."""

from http import HTTPStatus
from typing import Any

import msgspec

from afresh.channel.news import Shelf
from afresh.dashboard import parts
from afresh.dashboard.asking import Declined, Keeper
from afresh.dashboard.http import Request, Response
from afresh.dashboard.layout import page
from afresh.dashboard.parts import said
from afresh.record.reloads import Segment, advice, segments

WAYS = {
    "patch": "functions exchanged",
    "resume": "gone on from a checkpoint",
    "cold": "started anew",
    "nothing": "nothing to do",
}


def index(request: Request) -> Response:
    """All generations that are kept, newest first, and the processes that stand now."""
    news = request.board.snapshot()
    found = list(known(news).values())[::-1]
    longest = max((_total(each) for each in found if each["number"] > 1), default=1.0)
    cards = "".join(_card(each, max(longest, _total(each)) if each["number"] == 1 else longest) for each in found)
    main = (
        '<div class="title"><h1>Reloads</h1><p class="actions">'
        '<button type="button" data-act="reload">Load everything anew</button></p></div>'
        f'<ol class="cards" id="generations">{cards or parts.note("The first start is not finished yet.")}</ol>'
        f"<h2>Checkpoints</h2>{_checkpoints(request.keeper)}"
    )
    return page("Reloads", main, path="/reloads", number=news.number, topics=("generation",), scripts=("again.js",))


def detail(request: Request) -> Response:
    """One generation, with the texts that changed."""
    news = request.board.snapshot()
    wanted = request.parameters["generation"]
    report = known(news).get(int(wanted)) if wanted.isdecimal() else None
    if report is None:
        response = page(
            "Reload",
            f"<h1>Generation {said(wanted)}</h1>" + parts.note("Nothing is known of it, or it is too long ago."),
            path="/reloads",
            number=news.number,
        )
        return Response(response.parts, response.content_type, HTTPStatus.NOT_FOUND)
    diffs = "".join(_diff(change) for change in report["changed"])
    main = (
        '<p class="quiet"><a href="/reloads">Reloads</a></p>'
        f"<h1>Generation {report['number']}</h1>{_body(report, _total(report) or 1.0)}"
        f"<h2>What changed</h2>{diffs or parts.note('This was the start: everything was loaded.')}"
    )
    return page(f"Generation {report['number']}", main, path="/reloads", number=news.number)


def known(news: Shelf) -> dict[int, dict[str, Any]]:
    """The reports by generation, each as it was told last, in order."""
    return {report["number"]: report for report in parts.values(news, "generation")}


def _card(report: dict[str, Any], whole: float) -> str:
    title = f'<a href="/reloads/{report["number"]}">Generation {report["number"]}</a>'
    return f'<li class="card way-{said(report["way"])}"><h3>{title}</h3>{_body(report, whole)}</li>'


def _body(report: dict[str, Any], whole: float) -> str:
    pieces = [(segment.kind, segment.label, segment.took) for segment in _segments(report)]
    total = _total(report)
    outcome = {"answers": "", "failed": "failed: an error page is answered"}.get(report.get("outcome", ""), "under way")
    line = " · ".join(
        filter(
            None,
            (
                f'<b class="way">{said(WAYS.get(report["way"], report["way"]))}</b>',
                f"<code>{said(report['place'])}</code>",
                f"{report['modules']} modules executed" if report.get("modules") else "",
                f'<span class="outcome">{outcome}</span>' if outcome else "",
                f'<b class="total">{parts.duration(total)}</b>' if total else "",
            ),
        )
    )
    failure = f'<p class="failure">{said(report["title"])}</p>' if report.get("title") else ""
    time = parts.bar(pieces, whole, "Where the time went") + parts.legend(pieces) if pieces else ""
    return f'<p class="line">{line}</p>{failure}{time}{_why(report)}'


def _why(report: dict[str, Any]) -> str:
    """Why so fast; or why not faster, and what to do about it; and what keeps every reload slow."""
    said_so = []
    if report.get("because"):
        said_so.append((f"Why so fast: {report['because']}.", ""))
    if report["reason"]:
        said_so.append((f"Why not faster: {report['reason']}.", advice(report["reason"])))
    if report.get("obstacle"):
        said_so.append((f"No checkpoint could be left: {report['obstacle']}.", advice(report["obstacle"])))
    return "".join(
        f'<p class="why">{said(why)}{f" <span class=advice>{said(what)}</span>" if what else ""}</p>'
        for why, what in said_so
    )


def _segments(report: dict[str, Any]) -> list[Segment]:
    return segments(report["way"], report["marks"])


def _total(report: dict[str, Any]) -> float:
    return sum(segment.took for segment in _segments(report))


# ---- what changed -----------------------------------------------------------------------------------------------


def _diff(change: dict[str, Any]) -> str:
    title = f'<h3 class="file">{said(change["name"])}</h3>'
    if not change["diff"]:
        return title + parts.note("The lines are not known: no Python file of the project, or new, or too long ago.")
    return f'{title}<pre class="diff" tabindex="0">{"".join(map(_line, change["diff"]))}</pre>'


def _line(line: str) -> str:
    kind = {"+": "added", "-": "removed", "@": "hunk"}.get(line[:1], "same")
    return f'<span class="{kind}">{said(line)}\n</span>'


# ---- checkpoints --------------------------------------------------------------------------------------------------


def _checkpoints(keeper: Keeper) -> str:
    try:
        told = msgspec.json.decode(keeper.ask("processes"))
    except Declined as exc:
        return parts.note(str(exc))
    rows = [
        parts.row(
            (
                f"{said(_kind(each))}",
                said(_stands(each)),
                parts.duration(1000 * each["progress"]) if each["stage"] == "checkpoint" else "",
                parts.duration(1000 * each["took"]) if each["took"] else "",
                said(each["generation"]),
                said(each["pid"] or ""),
                _size(each["pid"]),
            ),
            numbers=(2, 3, 4, 5, 6),
        )
        for each in sorted(told, key=lambda each: (each["stage"] != "checkpoint", each["progress"], each["handle"]))
    ]
    heads = ("Process", "Stands", "Saves", "Fork took", "Generation", "pid", "Memory of its own")
    note = (
        '<p class="quiet">A checkpoint is a dormant fork of a start. The next edit goes on from the last one that has '
        "executed nothing of what changed; what it saves is the time that its start had taken to get there. It costs "
        "the time of the fork, and memory: what several processes share counts in parts (PSS).</p>"
    )
    return note + parts.table(heads, rows, label="Processes", numbers=(2, 3, 4, 5, 6))


def _kind(process: dict[str, Any]) -> str:
    if process["stage"] == "checkpoint":
        return "ready checkpoint" if process["is_ready"] else "checkpoint"
    role = {"page": "error page", "twin": "parent twin"}.get(process["role"], str(process["role"]))
    return role if process["stage"] == "serving" else f"{role}, {process['stage']}"


def _stands(process: dict[str, Any]) -> str:
    if process["stage"] != "checkpoint":
        return ""
    if process["is_ready"]:
        return "before the first request"
    if process["inside"]:
        return f"inside {process['inside']}, above line {process['line']}"
    unfinished = [name for name in process["unfinished"] if name != "manage.py"]
    return f"while loading {', '.join(unfinished)}" if unfinished else "before the project's first modules"


def _size(pid: int | None) -> str:
    if not pid:
        return ""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            kilobytes = next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    except (OSError, StopIteration, ValueError):
        return "gone"
    return f"{kilobytes / 1024:.1f} MB"
