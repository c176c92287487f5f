"""The flow, the table and the tracker as HTML: for the live picture, for one request, and for the tour."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from afresh.dashboard import parts
from afresh.dashboard.parts import said

STAGES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "start",
        (
            ("run", "Run command"),
            ("settings", "Load settings"),
            ("routing", "Set up routing"),
            ("listen", "Start listening"),
        ),
    ),
    (
        "loop",
        (
            ("wait", "Wait for request"),
            ("receive", "Receive request"),
            ("process", "Process request"),
            ("send", "Send response"),
        ),
    ),
    ("end", (("reload", "Reload"), ("stop", "Stop server"))),
)
_ABOUT = {"start": "Start", "loop": "For each request", "end": ""}
NOT_MEASURED = "not measured"
VARIABLES = ("server_status", "current_request", "response_sent")


def picture(now: Mapping[str, Any]) -> str:
    """The stages with the active ones lit, each with the time that it took last, and errors where they happened."""
    groups = "".join(_group(name, stages, now) for name, stages in STAGES)
    return f'<section class="flow" aria-label="The flow">{groups}</section>'


def _group(name: str, stages: Sequence[tuple[str, str]], now: Mapping[str, Any]) -> str:
    about = f'<p class="about" id="flow-{name}">{_ABOUT[name]}</p>' if _ABOUT[name] else ""
    label = f' aria-labelledby="flow-{name}"' if _ABOUT[name] else ' aria-label="Reload and stop"'
    back = '<p class="back" aria-hidden="true">and again</p>' if name == "loop" else ""
    items = "".join(_stage(stage, label, now) for stage, label in stages)
    return f'<div class="group {name}">{about}<ol{label}>{items}</ol>{back}</div>'


def _stage(stage: str, label: str, now: Mapping[str, Any]) -> str:
    error = now.get("errors", {}).get(stage, "")
    is_active = stage in now.get("active", ())
    classes = " ".join(["stage", *(["is-active"] if is_active else []), *(["is-error"] if error else [])])
    current = ' aria-current="step"' if is_active else ""
    return (
        f'<li class="{classes}" data-stage="{stage}"{current}><span class="name">{label}</span>'
        f'<span class="took">{_took(stage, now, is_active=is_active)}</span>'
        f'<span class="error">{said(error)}</span></li>'
    )


def _took(stage: str, now: Mapping[str, Any], *, is_active: bool) -> str:
    """Nothing for a stage that nothing has been in; one that is not over yet has no time to be missed."""
    took = now.get("took", {})
    is_missing = stage in took and took[stage] is None and not is_active
    return NOT_MEASURED if is_missing else parts.duration(took.get(stage))


def tracker(lanes: Sequence[Mapping[str, Any]]) -> str:
    """The three variables, one row for each lane."""
    head = "".join(f'<th scope="col"><code>{name}</code></th>' for name in VARIABLES)
    body = "".join(
        f"<tr><th scope=row>{index + 1}</th>{variables(lane['variables'])}</tr>" for index, lane in enumerate(lanes)
    )
    several = " is-several" if len(lanes) > 1 else ""
    return (
        f'<table class="tracker{several}" id="tracker" aria-label="Variables"><thead><tr><th '
        f'scope="col">lane</th>{head}</tr>'
        f"</thead><tbody>{body}</tbody></table>"
    )


def variables(three: Sequence[str]) -> str:
    """The values as cells; their classes say what to highlight."""
    return "".join(
        f'<td class="variable" data-value="{said(value)}"><code>{said(value)}</code></td>' for value in three
    )


def execution_table(steps: Iterable[Mapping[str, Any]], *, name: str = "steps", is_linked: bool = True) -> str:
    """The steps as rows, in order."""
    heads = ("", *("Time", "Action", "Details", "Result", "Took"), *VARIABLES)
    rows = [step_row(step, is_linked=is_linked) for step in steps]
    return parts.table(heads, rows, label="Execution table", name=name, numbers=(0, 5))


def step_row(step: Mapping[str, Any], *, is_linked: bool = True) -> str:
    """One step."""
    details = said(step["details"])
    if step["request"] and is_linked:
        details = f'<a href="/requests/{step["request"]}">{details}</a>'
    cells = (
        str(step["number"]),
        f'<span class="clock">{parts.clock(step["at"])}</span>',
        said(step["action"]),
        details,
        said(step["result"]),
        parts.duration(step["took"]),
    )
    made = parts.row(cells, numbers=(0, 5))
    error = " is-error" if step["is_error"] else ""
    attributes = f' class="step lane-{step["lane"] % 6}{error}" data-stage="{step["stage"]}" data-lane="{step["lane"]}"'
    return f"<tr{attributes}>{made.removeprefix('<tr>').removesuffix('</tr>')}{variables(step['variables'])}</tr>"
