"""A chain of exceptions as HTML: the last one first, the project's frames open, all others folded."""

from collections.abc import Sequence
from itertools import groupby
from urllib.parse import urlencode

from afresh.channel.messages import ExceptionInfo, Failure, Frame
from afresh.pages.facts import innermost
from afresh.pages.printable import markup, one_line
from afresh.pages.source import html_lines

_LINKS = {
    "cause": "It was caused by",
    "context": "It happened while this was being handled",
}


def chain(failure: Failure, dashboard: str = "") -> str:
    """Every exception with its frames, the one raised last first; empty where there is no traceback.

    `dashboard`: the origin where files of the project are opened; empty where there is none.
    """
    focus = innermost(failure)
    last, *earlier = failure.exceptions[::-1] or (None,)
    if last is None:
        return ""
    return _frames(last, focus, dashboard) + "".join(_earlier(exception, focus, dashboard) for exception in earlier)


def heading(exception: ExceptionInfo, level: int) -> str:
    """The exception's type as a heading, its module set apart, and its message."""
    module, _, name = exception.type.rpartition(".")
    prefix = f'<span class="module">{markup(one_line(module))}.</span>' if module else ""
    message = f'<p class="message">{markup(exception.message.rstrip())}</p>' if exception.message.strip() else ""
    return f"<h{level}>{prefix}{markup(one_line(name))}</h{level}>{message}"


def origin(file: str) -> str:
    """The package a file outside the project belongs to, in a word: "django", "importlib"; else the file's folder."""
    if file.startswith("<frozen "):
        return file.removeprefix("<frozen ").rstrip(">").partition(".")[0]
    parts = file.replace("\\", "/").split("/")
    for index, part in enumerate(parts[:-1]):
        if part in ("site-packages", "dist-packages"):
            return parts[index + 1].removesuffix(".py")
    for index, part in enumerate(parts[:-1]):
        if part == "lib" and parts[index + 1].startswith("python"):
            return parts[index + 2].removesuffix(".py") if len(parts) > index + 2 else "python"
    return parts[-2] if len(parts) > 1 else file


def _earlier(exception: ExceptionInfo, focus: Frame | None, dashboard: str) -> str:
    link = _LINKS.get(exception.link, "Before it")
    inner = heading(exception, 2) + _frames(exception, focus, dashboard)
    return f'<section class="earlier"><p class="link">{link}</p>{inner}</section>'


def _frames(exception: ExceptionInfo, focus: Frame | None, dashboard: str) -> str:
    if not exception.frames:
        return ""
    innermost_first = exception.frames[::-1]
    shown = [
        (is_open, list(frames))
        for is_open, frames in groupby(innermost_first, lambda frame: frame.in_project or frame is focus)
    ]
    order = '<p class="order">Most recent call first</p>' if len(innermost_first) > 1 else ""
    parts = [
        "".join(_open(frame, dashboard) for frame in frames) if is_open else _folded(frames)
        for is_open, frames in shown
    ]
    return order + "".join(parts)


def _open(frame: Frame, dashboard: str) -> str:
    link = _editor_link(frame, dashboard) if dashboard and frame.in_project else ""
    return f'<details class="frame own" open><summary>{_place(frame)}</summary>{_source(frame)}{link}</details>'


def _editor_link(frame: Frame, dashboard: str) -> str:
    """To the dashboard's page that opens the file: on this origin, whatever opens files could be used by any script."""
    address = f"{dashboard}/open?{urlencode({'file': frame.file, 'line': frame.line})}"
    return f'<p class="edit"><a href="{markup(address)}" target="_blank" rel="noopener">Open in the editor</a></p>'


def _folded(frames: Sequence[Frame]) -> str:
    names = ", ".join(dict.fromkeys(origin(frame.file) for frame in frames))
    count = "1 frame" if len(frames) == 1 else f"{len(frames)} frames"
    inner = "".join(map(_inner, frames))
    return f'<details class="others"><summary>{count} in {markup(one_line(names))}</summary>{inner}</details>'


def _inner(frame: Frame) -> str:
    if not frame.lines:
        return f'<p class="frame bare">{_place(frame)}</p>'
    return f'<details class="frame"><summary>{_place(frame)}</summary>{_source(frame)}</details>'


def _place(frame: Frame) -> str:
    directory, slash, name = one_line(frame.file).rpartition("/")
    return (
        f'<span class="file"><b>{markup(name)}</b>:{frame.line}</span> '
        f'<span class="function">in <code>{markup(one_line(frame.function))}</code></span> '
        f'<span class="folder">{markup(directory + slash)}</span>'
    )


def _source(frame: Frame) -> str:
    if not frame.lines:
        return ""
    rows = "".join(
        _row(number, line, number == frame.line)
        for number, line in enumerate(html_lines(frame.lines), frame.first_line)
    )
    return f'<div class="source" tabindex="0" role="group" aria-label="Source"><code>{rows}</code></div>'


def _row(number: int, line: str, is_current: bool) -> str:
    # Numbers are drawn by CSS from the attribute, so that selecting lines copies nothing but source.
    attributes = ' class="current" aria-current="true"' if is_current else ""
    return f'<span{attributes} data-n="{number}">{line}\n</span>'
