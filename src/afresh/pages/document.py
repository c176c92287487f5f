"""The frame around every page: one HTML document with everything in it, and the policy that keeps it so."""

import os
from functools import cache

from afresh.pages.printable import markup, one_line


def policy(nonce: str) -> str:
    """The Content-Security-Policy of a page whose script carries `nonce`: nothing comes from or goes to elsewhere."""
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "worker-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def document(title: str, main: str, *, bar: str = "", script: str = "", attributes: str = "", head: str = "") -> bytes:
    """A whole HTML document. `title` is text; `attributes` are the body's; they and all others are HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f"{head}<title>{markup(one_line(title))}</title><style>{asset('page.css')}</style></head>"
        f'<body{attributes}><header class="bar"><span class="mark">Afresh</span>{bar}</header>'
        f"<main>{main}</main>{script}</body></html>\n"
    ).encode()


@cache
def asset(name: str) -> str:
    """The text of a file of this package. Read when the first page is made, never during a boot."""
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        return file.read()
