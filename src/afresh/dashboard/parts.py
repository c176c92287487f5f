"""Pieces of HTML that several views use. What is given as text is escaped here."""

import re
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from afresh.channel.news import Shelf
from afresh.pages.printable import markup, one_line

# What is the same for every installed file: up to the folder of packages, of Python's modules, of Afresh.
_INSTALLED = re.compile(r"^.*(?:-packages/|/lib/python3\.[0-9]+/|/src/(?=afresh/))")


def values(news: Shelf, topic: str) -> list[Any]:
    """What is kept of a topic, oldest first."""
    return [msgspec.json.decode(each.data) for each in news.of(topic)]


def latest(news: Shelf, topic: str) -> dict[str, Any]:
    """The newest of a topic; empty where there is none."""
    found = news.latest(topic)
    value: dict[str, Any] = {} if found is None else msgspec.json.decode(found.data)
    return value


def said(text: object) -> str:
    """One line of text as HTML."""
    return markup(one_line(str(text)))


def duration(milliseconds: float | None) -> str:
    """A time as people read it: three digits at most, and the unit."""
    if milliseconds is None:
        return ""
    if milliseconds >= 59_950:
        return f"{int(milliseconds // 60_000)} min {int(milliseconds % 60_000 // 1000)} s"
    if milliseconds >= 9_950:
        return f"{milliseconds / 1000:.1f} s"
    if milliseconds >= 999.5:
        return f"{milliseconds / 1000:.2f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 9.95 else f"{milliseconds:.1f} ms"


def clock(milliseconds: float) -> str:
    """A moment as the time of day, with milliseconds."""
    seconds, rest = divmod(int(milliseconds), 1000)
    return time.strftime("%H:%M:%S", time.localtime(seconds)) + f".{rest:03}"


def table(heads: Sequence[str], rows: Iterable[str], *, label: str, name: str = "", numbers: Sequence[int] = ()) -> str:
    """A table that scrolls by itself where it is too wide. `rows` are HTML; `numbers`: columns set to the right."""
    cells = "".join(
        f'<th scope="col"{" class=number" if index in numbers else ""}>{markup(head)}</th>'
        for index, head in enumerate(heads)
    )
    identity = f' id="{name}"' if name else ""
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{markup(label)}"><table{identity}>'
        f"<thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def row(cells: Sequence[str], *, numbers: Sequence[int] = (), attributes: str = "") -> str:
    """A row of cells that are HTML."""
    made = (f"<td{' class=number' if index in numbers else ''}>{cell}</td>" for index, cell in enumerate(cells))
    return f"<tr{attributes}>{''.join(made)}</tr>"


def bar(parts: Sequence[tuple[str, str, float]], whole: float, label: str) -> str:
    """A bar of parts: kind (a class), label, amount. `whole`: the amount that the full width stands for."""
    x, rects = 0.0, []
    for kind, text, amount in parts:
        width = 1000 * amount / whole if whole else 0.0
        rects.append(
            f'<rect class="part-{kind}" x="{x:.1f}" y="0" width="{max(width - 2, 1.5):.1f}" height="14" rx="2">'
            f"<title>{said(text)}: {duration(amount)}</title></rect>"
        )
        x += width
    return (
        f'<svg class="bar-of-time" viewBox="0 0 1000 14" preserveAspectRatio="none" role="img"'
        f' aria-label="{said(label)}">{"".join(rects)}</svg>'
    )


def legend(parts: Sequence[tuple[str, str, float]]) -> str:
    """What the parts of a bar are, with their times."""
    items = (
        f'<li><span class="dot part-{kind}"></span>{said(text)} <b>{duration(amount)}</b></li>'
        for kind, text, amount in parts
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def note(sentence: str) -> str:
    """Why there is nothing to be seen, in the place where it would be."""
    return f'<p class="note">{said(sentence)}</p>'


def place(file: str, line: int, folder: str) -> str:
    """Where something stands, relative to the project's folder."""
    if not file:
        return ""
    short = file.removeprefix(folder + "/") if folder else file
    if short == file:
        short = _INSTALLED.sub("", file)
    return f'<span class="file" title="{said(file)}">{said(short)}{f":{line}" if line else ""}</span>'
