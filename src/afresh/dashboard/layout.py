"""The frame around the dashboard's pages: navigation, the main part, the script that follows the news."""

from collections.abc import Iterable

from afresh.dashboard.http import Response
from afresh.dashboard.views.assets import url
from afresh.pages.printable import markup, one_line

_ICON = "afresh.svg"

NAVIGATION: tuple[tuple[str, str], ...] = (
    ("/", "Now"),
    ("/requests", "Requests"),
    ("/reloads", "Reloads"),
    ("/startup", "Start-up"),
    ("/routes", "Routes"),
    ("/settings", "Settings"),
    ("/checks", "Checks"),
    ("/learn", "Learn"),
)
"""Path and label of each view, in order."""


def page(
    title: str,
    main: str,
    *,
    path: str,
    number: int,
    topics: Iterable[str] = (),
    scripts: Iterable[str] = (),
    styles: Iterable[str] = (),
) -> Response:
    """A page of the dashboard. `title` is text, `main` HTML; `path` says which entry of the navigation is lit.

    `topics`: the news that its scripts listen for, after `number`, that of the snapshot which the page is made from.
    `scripts` (modules), `styles`: files of the folder `static`.
    """
    sheets = "".join(f'<link rel="stylesheet" href="{url(name)}">' for name in ("dashboard.css", "views.css", *styles))
    modules = "".join(
        f'<script type="module" src="{url(name)}"></script>' for name in ("dashboard.js", "buttons.js", *scripts)
    )
    links = "".join(
        f'<a href="{to}"{" aria-current=page" if to == path else ""}>{markup(label)}</a>' for to, label in NAVIGATION
    )
    icon = f'<link rel="icon" href="{url(_ICON)}">'
    attributes = f'data-topics="{markup(",".join(topics))}" data-after="{number}"'
    document = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f"<title>{markup(one_line(title))} · Afresh</title>{icon}{sheets}{modules}</head>"
        f"<body {attributes}>"
        '<a class="skip" href="#main">Skip to the content</a>'
        f'<header class="bar"><span class="mark">Afresh</span><nav aria-label="Views">{links}</nav>'
        '<span id="status" class="status" role="status"></span></header>'
        f'<main id="main" tabindex="-1">{main}</main></body></html>\n'
    )
    return Response([document.encode()])
