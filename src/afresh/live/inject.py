"""Where a page takes the script in, and why it stays out of others. Pure.

The rule is caution: whoever did not ask for a document gets the application's bytes, and so does everybody where the
script could break the document, its length or its digest.
"""

import re
import zlib
from collections.abc import Mapping
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from afresh.live.policy import access

_FIELD = re.compile(r"(?m)^([^:\r\n]+):[ \t]*([^\r\n]*)\r?$")
# From the beginning of a document to the end of its head's start tag, and nothing that could hide another.
_ATTRIBUTES = rb"(?:[^>\"']|\"[^\"]*\"|'[^']*')*"
_SPACE = rb"(?:\s|<!--(?:(?!-->).)*-->)*"
_HEAD = re.compile(
    rb"(?:\xef\xbb\xbf)?" + _SPACE + rb"<!doctype\s+html\b[^>]*>" + _SPACE
    + rb"(?:<html\b" + _ATTRIBUTES + rb">" + _SPACE + rb")?<head\b" + _ATTRIBUTES + rb">",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_DOCUMENT = re.compile(rb"(?:\xef\xbb\xbf)?" + _SPACE + rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_BASE = re.compile(rb"<base\b", re.IGNORECASE)
_LOOKED_AT = 1 << 14
_WHOLE = re.compile(r"charset\s*=\s*\"?(?:utf-8|utf8|us-ascii|iso-8859-\d+|latin-?1|windows-125\d)\b", re.IGNORECASE)
_UTF_8 = re.compile(r"charset\s*=\s*\"?utf-?8\b", re.IGNORECASE)
# What a browser takes from a response besides its body: under other terms, a page is loaded anew.
_TERMS = frozenset(
    {"content-language", "default-style", "document-policy", "link", "origin-agent-cluster", "permissions-policy"}
    | {"feature-policy", "referrer-policy", "refresh", "report-to", "reporting-endpoints", "x-dns-prefetch-control"}
    | {"x-frame-options"}
    | {f"content-security-policy{suffix}" for suffix in ("", "-report-only")}
    | {f"cross-origin-{kind}-policy{suffix}" for kind in ("opener", "embedder") for suffix in ("", "-report-only")}
)
# What scripts cannot see in the document that a parser made of it.
_HIDDEN = re.compile(rb"shadowrootmode", re.IGNORECASE)
_ASKS = "HTTP_AFRESH_PAGE"
# What a field promises about the body's very bytes.
_DIGESTS = ("content-md5", "digest", "content-digest", "repr-digest", "signature")


class Placed(NamedTuple):
    """`body`: with the script, or None. `obstacle`: why a page that could use the script stays without, or empty."""

    body: bytes | None
    obstacle: str = ""


def as_navigation(fields: dict[str, str]) -> None:
    """Turn the request of a script that fetches its own page into the one that the browser sends to load it: the
    application is to answer both in the same way. `fields` by their CGI names."""
    destination = fields.pop(_ASKS, "")
    if destination in ("document", "iframe") and fields.get("HTTP_SEC_FETCH_SITE") == "same-origin":
        fields["HTTP_SEC_FETCH_DEST"] = destination
        fields["HTTP_SEC_FETCH_MODE"] = "navigate"
        fields["HTTP_UPGRADE_INSECURE_REQUESTS"] = "1"


def wants_document(fields: Mapping[str, str]) -> bool:
    """Whether the request is a browser's for a page to show; `fields` by their CGI names.

    A browser says so in Sec-Fetch-Dest, but not to plain http origins other than loopback.
    """
    destination = fields.get("HTTP_SEC_FETCH_DEST")
    if destination is not None:
        return destination in ("document", "iframe", "frame")
    if "HTTP_X_REQUESTED_WITH" in fields or "HTTP_HX_REQUEST" in fields:
        return False
    return "text/html" in fields.get("HTTP_ACCEPT", "")


def place(
    body: bytes,
    lines: str,
    status: int,
    *,
    is_document: bool,
    script: str,
    stamp: str,
    method: str,
    link: str = "",
    files: str = "",
) -> Placed:
    """A complete response body with the script in it. `lines`: its header section. `is_document`: the browser says that
    it shows it as a page, so that anything of the type HTML is one. `link`: where more is told of a failed request.
    `files`: the path below which files are, of whose changes pages are told.
    """
    fields: dict[str, list[str]] = {}
    for name, value in _FIELD.findall(lines):
        fields.setdefault(name.lower(), []).append(value)
    content_type = _last(fields, "content-type").lower()
    if content_type.partition(";")[0].strip() != "text/html" or status in (204, 205, 206, 304) or not body:
        return Placed(None)
    if _last(fields, "content-disposition").lower().startswith("attachment"):
        return Placed(None)
    if not is_document and not _DOCUMENT.match(body[:_LOOKED_AT]):
        return Placed(None)
    if obstacle := _obstacle(fields):
        return Placed(None, obstacle)
    if "charset" in content_type and not _WHOLE.search(content_type):
        return Placed(None, "its charset is not one that the script's tag can be written in")
    allowed = access([*fields.get("content-security-policy", ())])
    if allowed.obstacle:
        return Placed(None, allowed.obstacle)
    # Without a charset in the field, browsers look for one in the first 1,024 bytes: nothing may move it out of them.
    match = _HEAD.match(body[:_LOOKED_AT]) if "charset" in content_type else None
    if match is None and _BASE.search(body):
        return Placed(None, "its <base> would lead the script to another place")
    at = match.end() if match is not None else len(body)
    can_fetch = method == "GET" and allowed.may_fetch and _UTF_8.search(content_type) and not _HIDDEN.search(body)
    tag = _tag(script, stamp, allowed.nonce, method, _terms(fields) if can_fetch else "", quote(files))
    more = _more(link) if link and status >= 500 else b""
    return Placed(body[:at] + tag + body[at:] + more)


def _obstacle(fields: Mapping[str, list[str]]) -> str:
    coding = _last(fields, "content-encoding").strip().lower()
    if coding not in ("", "identity"):
        return f"it is compressed ({coding})"
    if "no-transform" in ",".join(fields.get("cache-control", ())).lower():
        return "its Cache-Control says no-transform"
    promised = next((name for name in _DIGESTS if name in fields), "")
    return f"its field {promised} is about its very bytes" if promised else ""


def _last(fields: Mapping[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[-1]


def _terms(fields: Mapping[str, list[str]]) -> str:
    said = sorted(f"{name}:{value}" for name in _TERMS & fields.keys() for value in fields[name])
    return f"{zlib.crc32(chr(10).join(said).encode('latin-1', 'replace')):x}"


def _tag(script: str, stamp: str, nonce: str, method: str, terms: str, files: str) -> bytes:
    attributes = f' nonce="{nonce}"' if nonce else ""
    attributes += f' data-terms="{terms}"' if terms else ""
    attributes += f' data-files="{files}"' if terms and files else ""
    # What answers a form must not be asked for again unasked.
    attributes += "" if method == "GET" else " data-once"
    return f'<script src="{script}" data-afresh="{stamp}"{attributes} async></script>'.encode("ascii")


def _more(link: str) -> bytes:
    place = "position:fixed;right:1rem;bottom:1rem;padding:.35rem .8rem;border-radius:6px"
    style = f"{place};font:14px system-ui,sans-serif;background:#24211d;color:#fbfaf8;text-decoration:none"
    text = f'<a href="{escape(link)}" target="_blank" rel="noopener" style="{style}">This request in Afresh</a>'
    return text.encode()
