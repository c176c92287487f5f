"""Start-up: where a start spends its time, module by module, and who imported each."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from afresh.dashboard import parts
from afresh.dashboard.asking import Declined
from afresh.dashboard.http import Request, Response
from afresh.dashboard.layout import page
from afresh.dashboard.parts import said

_SLOWEST = 40
_WIDTH, _ROW = 1200, 22
_DEEPEST = 24


class Module(msgspec.Struct):
    """A module as it was executed. Times in milliseconds, `began` since the start; `own`: without what it imported."""

    name: str
    file: str
    kind: str
    began: float
    whole: float
    own: float
    depth: int
    chain: tuple[str, ...]


def show(request: Request) -> Response:
    """The waterfall and the slowest modules."""
    news = request.board.snapshot()
    try:
        told = msgspec.json.decode(request.keeper.ask("inquire", {"topic": "modules"}))
    except Declined as exc:
        return page("Start-up", f"<h1>Start-up</h1>{parts.note(str(exc))}", path="/startup", number=news.number)
    state = parts.latest(news, "state")
    found = modules(told, state.get("starts", ()))
    if not found:
        why = (
            "Python 3.12 and newer tell when modules run. This project is served by an older one, or by one in which "
            "that is taken."
        )
        return page("Start-up", f"<h1>Start-up</h1>{parts.note(why)}", path="/startup", number=news.number)
    folder = state.get("cwd", "")
    main = f"<h1>Start-up</h1>{_summary(found)}{_waterfall(found)}{_slowest(found, folder)}"
    return page("Start-up", main, path="/startup", number=news.number, scripts=("filter.js",))


def modules(told: dict[str, Any], starts: Sequence[tuple[int, str]] = ()) -> list[Module]:
    """What the process has noted, worked out: depth, chain of importers, time of its own; and what ran before.

    `starts`: when interpreters were started, and what to call what runs in each before the first module. The process
    may be a fork of a fork: that of its modules is the last one before them.
    """
    noted, names, project = told.get("modules", []), told.get("names", {}), set(told.get("project", []))
    if not noted:
        return []
    first = min(began for _, began, _, _ in noted)
    start, label = max((each for each in starts if each[0] <= told["began"]), default=(first, ""))
    inner = [0] * len(noted)
    for _, began, ended, parent in noted:
        if parent >= 0 and ended:
            inner[parent] += ended - began
    found: list[Module] = []
    for index, (file, began, ended, parent) in enumerate(noted):
        above = found[parent] if parent >= 0 else None
        whole = max(0, (ended or began) - began)
        found.append(
            Module(
                name=names.get(file) or _name_of(file),
                file=file,
                kind=_kind(file, project),
                began=(began - start) / 1e6,
                whole=whole / 1e6,
                own=max(0, whole - inner[index]) / 1e6,
                depth=0 if above is None else above.depth + 1,
                chain=() if above is None else (*above.chain, above.name),
            )
        )
    took = (first - start) / 1e6
    return [Module(label, "", "before", 0.0, took, took, 0, ()), *found] if label else found


def _name_of(file: str) -> str:
    folder, _, name = file.rpartition("/")
    return folder.rpartition("/")[2] if name == "__init__.py" else name.removesuffix(".py")


def _kind(file: str, project: set[str]) -> str:
    if file in project:
        return "project"
    if "-packages/django/" in file:
        return "django"
    if "-packages/" in file:
        return "packages"
    return "afresh" if "/afresh/" in file else "python"


_KINDS = {
    "before": "before the first module",
    "project": "the project",
    "django": "Django",
    "packages": "other packages",
    "python": "Python's own modules",
    "afresh": "Afresh",
}


def _summary(found: list[Module]) -> str:
    count = sum(module.kind != "before" for module in found)
    by_kind = {kind: sum(module.own for module in found if module.kind == kind) for kind in _KINDS}
    pieces = [(kind, _KINDS[kind], took) for kind, took in by_kind.items() if took > 0]
    whole = sum(took for _, _, took in pieces)
    head = (
        f'<p class="quiet"><b>{count} modules</b> and what ran before them took <b>{parts.duration(whole)}</b>, put '
        "together as a start from the beginning takes it. What extension modules do counts for who imports them.</p>"
    )
    return head + parts.bar(pieces, whole, "Time by kind of module") + parts.legend(pieces)


def _waterfall(found: list[Module]) -> str:
    """Time from left to right, importers above what they imported."""
    end = max((module.began + module.whole for module in found), default=1.0) or 1.0
    scale = _WIDTH / end
    shown = [module for module in found if module.whole * scale >= 1.5 and module.depth < _DEEPEST]
    depth = max((module.depth for module in shown), default=0) + 1
    shapes = "".join(_shape(module, scale) for module in shown)
    ticks = "".join(_ticks(end, scale, depth * _ROW))
    return (
        '<h2>Waterfall</h2><p class="quiet">Each module under the one that imported it, as wide as it took.</p>'
        '<div class="scroll flame" tabindex="0" role="group" aria-label="Waterfall">'
        f'<svg viewBox="0 0 {_WIDTH} {depth * _ROW + 20}" width="{_WIDTH}" role="img" aria-label="Modules over time">'
        f"{ticks}{shapes}</svg></div>"
    )


def _shape(module: Module, scale: float) -> str:
    x, width, y = module.began * scale, max(1.0, module.whole * scale - 1), module.depth * _ROW + 18
    letters = int((width - 8) / 6.6)
    name = module.name if len(module.name) <= letters else module.name[-letters + 1 :] if letters > 4 else ""
    text = f'<text x="{x + 4:.1f}" y="{y + 14}">{said(name if name == module.name or not name else "…" + name)}</text>'
    title = f"{said(module.name)}: {parts.duration(module.whole)}, {parts.duration(module.own)} of its own"
    return (
        f'<g class="part-{module.kind}"><title>{title}</title>'
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_ROW - 2}" rx="2"/>{text if name else ""}</g>'
    )


def _ticks(end: float, scale: float, height: int) -> Iterator[str]:
    step = next((step for step in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000) if end / step <= 12), 60000)
    for at in range(0, int(end) + 1, step):
        x = at * scale
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="14" y2="{height + 20}"/><text class="tick" x="{x + 2:.1f}" y="11">'
        yield f"{parts.duration(float(at)) if at else '0'}</text>"


def _slowest(found: list[Module], folder: str) -> str:
    slowest = sorted(found, key=lambda module: -module.own)[:_SLOWEST]
    rows = [
        parts.row(
            (
                f"<code>{said(module.name)}</code><br>{parts.place(module.file, 0, folder)}",
                f'<span class="dot part-{module.kind}"></span>{said(_KINDS[module.kind])}',
                parts.duration(module.own),
                parts.duration(module.whole),
                _chain(module),
            ),
            numbers=(2, 3),
            attributes=f' data-kind="{module.kind}"',
        )
        for module in slowest
    ]
    kinds = [kind for kind in _KINDS if any(module.kind == kind for module in slowest)]
    buttons = "".join(
        f'<button type="button" aria-pressed="false" data-kind="{kind}">{said(_KINDS[kind])}</button>' for kind in kinds
    )
    heads = ("Module", "Whose", "Of its own", "With imports", "Imported by")
    return (
        f'<div class="title"><h2>The slowest</h2><p class="actions choices" data-filters="slowest">{buttons}</p></div>'
        + parts.table(heads, rows, label="The slowest modules", name="slowest", numbers=(2, 3))
    )


def _chain(module: Module) -> str:
    if not module.chain:
        return ""
    *above, last = module.chain
    if not above:
        return f"<code>{said(last)}</code>"
    whole = " → ".join(said(name) for name in module.chain)
    return f'<details class="chain"><summary><code>{said(last)}</code></summary><code>{whole}</code></details>'
