"""Settings: value, default, and where each was set."""

from typing import Any

import msgspec

from afresh.dashboard import parts
from afresh.dashboard.asking import Declined
from afresh.dashboard.http import Request, Response
from afresh.dashboard.layout import page
from afresh.dashboard.parts import said


def show(request: Request) -> Response:
    """All settings, those of the project first to be seen."""
    news = request.board.snapshot()
    state = parts.latest(news, "state")
    try:
        if state and not state["is_django"]:
            raise Declined("This is a WSGI application: Afresh knows of no settings of it.")
        told = msgspec.json.decode(request.keeper.ask("inquire", {"topic": "settings"}))
        if "error" in told:
            raise Declined(f"The application could not tell: {told['error']}")
    except Declined as exc:
        return page("Settings", f"<h1>Settings</h1>{parts.note(str(exc))}", path="/settings", number=news.number)
    first = sorted(told["settings"], key=lambda each: not each["is_changed"])
    rows = [_row(each, str(state.get("cwd", ""))) for each in first]
    changed = sum(each["is_changed"] for each in told["settings"])
    main = (
        f'<div class="title"><h1>Settings</h1><p class="quiet"><code>{said(told["module"])}</code>, {changed} of '
        f"{len(rows)} other than Django's defaults. What may be secret is masked before it leaves the "
        "application.</p></div>"
        '<p class="actions choices" data-filters="settings"><input class="filter" type="search" data-filters="settings"'
        ' placeholder="Filter" aria-label="Filter the settings">'
        '<button type="button" aria-pressed="false" data-kind="changed">Only what the project has set</button></p>'
        + parts.table(("Name", "Value", "Default", "Set in"), rows, label="Settings", name="settings")
    )
    return page("Settings", main, path="/settings", number=news.number, scripts=("filter.js",))


def _row(setting: dict[str, Any], folder: str) -> str:
    is_set = setting["is_changed"]
    default = setting["default"]
    return parts.row(
        (
            f"<code>{said(setting['name'])}</code>",
            _value(setting["value"]),
            "" if default is None or default == setting["value"] else _value(default),
            parts.place(setting["file"], setting["line"], folder) or ("" if not setting["is_set"] else "by code"),
        ),
        attributes=f' data-kind="{"changed" if is_set else "default"}" class="{"is-set" if is_set else ""}"',
    )


def _value(text: str) -> str:
    lines = text.splitlines() or [""]
    if len(lines) <= 6:
        return f"<code class=value>{chr(10).join(map(said, lines))}</code>"
    return (
        f"<details><summary><code>{said(lines[0])} …</code> {len(lines)} lines</summary>"
        f"<code class=value>{chr(10).join(map(said, lines))}</code></details>"
    )
