"""Where the time of a reload went, and what would make the next one faster: from what was noted, in words. Pure."""

import re
from collections.abc import Callable, Mapping

import msgspec


class Segment(msgspec.Struct, frozen=True):
    """A part of a reload. `kind` names it for styles; `took` in milliseconds."""

    kind: str
    label: str
    took: float


_MARKS = (("decided", "decide", "deciding what the edit asks for"), ("ready", "load", ""), ("served", "begin", ""))
_LOADING = {
    "patch": "exchanging the functions",
    "resume": "loading what comes after the checkpoint",
    "cold": "starting an interpreter and loading everything",
}


def segments(way: str, marks: Mapping[str, int]) -> list[Segment]:
    """The parts in order of time. `marks`: nanoseconds by name, from "seen" (the edit was told) to "answered"."""
    found: list[Segment] = []
    before = marks.get("seen", 0)
    has_loaded = "ready" in marks
    for name, kind, label in _MARKS:
        at = marks.get(name)
        if at is None or at < before:
            continue
        if name == "ready":
            label = _LOADING.get(way, "loading")
        elif name == "served":
            if not has_loaded:
                kind, label = (
                    "load",
                    "forking a server with the functions exchanged" if way == "patch" else "forking a server",
                )
            else:
                label = "forking the server that answers"
        found.append(Segment(kind, label, (at - before) / 1e6))
        before = at
    answered = marks.get("answered")
    if answered is not None and answered > before:
        found.append(Segment("begin", "switching over", (answered - before) / 1e6))
    return [segment for segment in found if segment.took > 0]


# What stands in a plan's reason (`afresh.reload.plan`, `compare`, `strand`), and what to do about it.
_ADVICE: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (
        r"`(?P<name>[^`]+)` ran during the start",
        lambda match: (
            f"{match['name']} is called while the project is loaded, so its old result is in the state already. "
            "Call it when it is needed (in the view, in a cached property) and an edit of it is exchanged in "
            "milliseconds."
        ),
    ),
    (
        r"the start looked at the code of `(?P<name>[^`]+)`",
        lambda match: (
            f"Something reads the code of {match['name']} while the project is loaded, a decorator perhaps, and may "
            "have kept what it found. Without that, an edit of it is exchanged in milliseconds."
        ),
    ),
    (
        r"the (statements of the module|class body of)",
        "What stands outside of functions is executed when the module is loaded: an edit there loads the module again, "
        "and all that were loaded after it. Few modules import a module that is changed often: then little "
        "comes after.",
    ),
    (
        r"the signature of",
        "Parameters and defaults are part of what others may have kept. Edits of the body alone are exchanged.",
    ),
    (r"the docstring of", "Docstrings are read by frameworks at the start. Edits of the body alone are exchanged."),
    (
        r"(the type parameters|the name of|the kind of|the outer variables|what is defined in)",
        "The shape of a function or class has changed, and others may hold on to the old one. Edits of bodies "
        "alone are "
        "exchanged.",
    ),
    (
        r"the last start failed",
        "Once a start comes to its end again, functions can be exchanged.",
    ),
    (
        r"so soon after the last edit",
        "For a moment after an edit that loads modules again, what functions are exchanged in is still to come. "
        "Later edits find it.",
    ),
    (
        r"it is the program itself",
        "manage.py stays as it was started with: keep it as Django makes it, and put code elsewhere.",
    ),
    (
        r"it was read during the start",
        "The file is opened while the project is loaded (settings, data, .env): whatever was made of it may be "
        "anywhere. "
        "Read it when it is needed, and an edit of it needs no new start.",
    ),
    (
        r"its folder was listed",
        "The folder is listed at the start, and names have come or gone there. Listing it later avoids that.",
    ),
    (
        r"(a module of this name was looked for|depends on its existence)",
        "The start has asked whether this file exists. That a file has come or gone can only be taken in by "
        "starting again.",
    ),
    (
        r"executed (more than once|under two names)",
        "The file is loaded under two names, so there are two of everything in it. Import it by one name everywhere.",
    ),
    (
        r"^(\S+: )?(the body of|its lines)",
        "Python 3.12 and newer can tell which functions have run. Use one of them.",
    ),
    (r"(SyntaxError|IndentationError)", "The file does not compile. It is loaded as soon as it does."),
    (r"lost count", "So much changed at once that the system dropped events (a checkout, an installation)."),
    (
        r"threads running",
        "Start threads with the first request (or in a command of their own), not in AppConfig.ready or at import.",
    ),
    (
        r"an event loop",
        "Make the loop where it runs (`asyncio.run`), not while the project is loaded: two processes cannot share one.",
    ),
    (
        r"network connection",
        "Connect with the first request, not while the project is loaded: a connection cannot be shared by two "
        "processes.",
    ),
    (r"(file open for writing|had opened for writing)", "Open it when it is written, or open it for appending."),
    (
        r"a lock on a file",
        "Take the lock with the first request, or around the work that needs it: two processes cannot hold one.",
    ),
    (r"an alarm", "Set it in the request that needs it: alarms are lost in a fork."),
    (
        r"(left a (large temporary file|named pipe|pipe|device|kernel object)|of memory shared|left memory shared)",
        "Open it with the first request, not while the project is loaded.",
    ),
    (
        r"debugger or a coverage tool",
        "While it is active, every start is a full one. Without it, reloads are fast again.",
    ),
    (
        r"logging module is being configured",
        "A handler class is imported by the logging configuration itself. Import it in the settings module before.",
    ),
)


def advice(reason: str) -> str:
    """What to do about a reason that no faster way was possible for; empty where there is nothing to do."""
    for pattern, said in _ADVICE:
        match = re.search(pattern, reason)
        if match is not None:
            return said if isinstance(said, str) else said(match)
    return ""
