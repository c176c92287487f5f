"""The decision: what an edit asks for.

Pure: the journal's facts and the edit in, the plan out. The ways that exist are rows of `Way`.
"""

import enum
from collections.abc import Callable, Collection

import msgspec

from afresh.reload.journal import Edit


class Way(enum.Enum):
    """How the next generation comes to be, fastest first."""

    NOTHING = "nothing"
    COLD = "cold"


class Plan(msgspec.Struct, frozen=True):
    """`way` and the `reason` in a user's words; `ask`: changes that the project itself may deal with first."""

    way: Way
    reason: str
    ask: tuple[str, ...] = ()


def plan(
    edit: Edit,
    *,
    is_consumed: Callable[[str], bool],
    is_project_code: Callable[[str], bool],
    is_asked_for: Callable[[str], bool],
    is_complete: bool,
    receivers: bool,
) -> Plan:
    """Decide what `edit` asks for.

    `is_consumed`: the boot or a server looked at this path. `is_project_code`: a Python file of the project.
    `is_asked_for`: it lies in a tree that the project watches by itself (Django's `watch_dir`). `is_complete`: the
    journal tells all the boot consumed; while it does not, any Python file of the project may be part of what is
    running. `receivers`: the project has receivers of `file_changed` that may want any path.
    """
    changed = sorted(edit.changed)
    code = [path for path in changed if is_consumed(path) or (not is_complete and is_project_code(path))]
    asked = [path for path in changed if path not in code and is_asked_for(path)]
    if edit.everything and not changed:
        return Plan(Way.COLD, "the watcher lost count of what changed")
    if code and not receivers:
        return Plan(Way.COLD, _name(code))
    if code or asked:
        return Plan(Way.COLD if code else Way.NOTHING, _name(code or asked), ask=tuple(code + asked))
    return Plan(Way.NOTHING, _name(changed))


def _name(paths: Collection[str]) -> str:
    first, *others = paths or ["nothing"]
    return f"{first} and {len(others)} more" if others else first
