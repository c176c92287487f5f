"""Where the script goes, and which responses keep every byte."""

import re

import pytest

from afresh.live import inject
from afresh.live.inject import Placed, as_navigation, place, wants_document

HTML = "Content-Type: text/html; charset=utf-8\r\n"
TAG = b'<script src="/s.js" data-afresh="a.1.2" data-terms="0" async></script>'
PLAIN_TAG = TAG.replace(b' data-terms="0"', b"")
PAGE = b"<!doctype html><html><head><title>x</title></head><body></body></html>"


def placed(
    body: bytes, lines: str = HTML, status: int = 200, *, is_document: bool = True, method: str = "GET"
) -> Placed:
    return place(body, lines, status, is_document=is_document, script="/s.js", stamp="a.1.2", method=method)


@pytest.mark.parametrize(
    "before",
    [
        b"<!doctype html><html><head>",
        b"<!DOCTYPE HTML>\n<HTML LANG=en>\n<HEAD profile='>'>",
        b"\xef\xbb\xbf<!doctype html><!-- <head> --><html data-x=\"a>b\" data-y='<head>'><head>",
        b"<!doctype html>\n<head>",
        b'<!doctype html PUBLIC "-//W3C//DTD HTML 4.01//EN"><html><head lang="en">',
    ],
)
def test_the_script_comes_first_in_the_head(before: bytes) -> None:
    after = b'<meta charset="utf-8"><script>"<head>"</script></head><body>'
    assert placed(before + after).body == before + TAG + after


@pytest.mark.parametrize(
    "body",
    [
        b"Hello, world.",
        b"<h1>Hello</h1>",
        b"<!doctype html><title>x</title><p>",
        b"<!doctype html><header><p>no head</header>",
        b"<!-- <!doctype html><head> --><p>",
        b"<!doctype html><!-- > --><!-- <head>",
    ],
)
def test_without_a_head_it_comes_last(body: bytes) -> None:
    assert placed(body).body == body + TAG


@pytest.mark.parametrize("head", [b"", b"<html>"])
def test_much_space_is_read_once(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two repetitions of the same beside each other would try each way to share it: so much space would take hours,
    and the test its whole time."""
    monkeypatch.setattr(inject, "_LOOKED_AT", 1 << 30)
    body = b"<!doctype html>" + b" " * 1_000_000 + head + b"\n" * 300
    assert placed(body).body == body + TAG


def test_where_the_field_names_no_charset_nothing_moves() -> None:
    assert placed(PAGE, "Content-Type: text/html\r\n").body == PAGE + PLAIN_TAG


def test_a_page_that_answers_a_form_says_so() -> None:
    body = placed(PAGE, method="POST").body
    assert body is not None
    assert b"data-once" in body


def terms_of(lines: str, method: str = "GET") -> str:
    found = re.search(rb'data-terms="(\w+)"', placed(PAGE, lines, method=method).body or b"")
    return found[1].decode() if found else ""


@pytest.mark.parametrize(
    "line",
    [
        "Content-Security-Policy: img-src 'none'",
        "Content-Security-Policy: img-src 'self'",
        "Content-Security-Policy-Report-Only: img-src 'none'",
        "Referrer-Policy: same-origin",
        "Cross-Origin-Opener-Policy: same-origin",
        "Permissions-Policy: camera=()",
        "Link: </style.css>; rel=stylesheet",
        "Refresh: 5",
        "Content-Language: de",
    ],
)
def test_a_page_under_other_terms_says_so(line: str) -> None:
    assert terms_of(HTML + line + "\r\n") not in ("", terms_of(HTML))
    assert terms_of(HTML + "Date: today\r\n" + line.upper().split(":")[0] + ":" + line.partition(":")[2] + "\r\n") == (
        terms_of(HTML + line + "\r\n")
    )


def test_what_a_script_could_not_fetch_again_has_no_terms() -> None:
    assert terms_of(HTML)
    assert not terms_of(HTML, method="POST")
    assert not terms_of("Content-Type: text/html; charset=iso-8859-1\r\n")
    assert not terms_of("Content-Type: text/html\r\n")


def test_a_page_that_fetches_itself_is_answered_like_a_load() -> None:
    fields = {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_SEC_FETCH_DEST": "empty", "HTTP_SEC_FETCH_MODE": "cors"}
    fields["HTTP_AFRESH_PAGE"] = "document"
    as_navigation(fields)
    assert fields == {
        "HTTP_SEC_FETCH_SITE": "same-origin",
        "HTTP_SEC_FETCH_DEST": "document",
        "HTTP_SEC_FETCH_MODE": "navigate",
        "HTTP_UPGRADE_INSECURE_REQUESTS": "1",
    }


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
@pytest.mark.parametrize("asked", ["document", "script"])
def test_no_other_site_can_pass_for_a_load(site: str | None, asked: str) -> None:
    fields = {"HTTP_SEC_FETCH_DEST": "empty", **({"HTTP_SEC_FETCH_SITE": site} if site else {})}
    before = dict(fields)
    fields["HTTP_AFRESH_PAGE"] = asked
    as_navigation(fields)
    assert fields == before


def test_errors_are_pages_too() -> None:
    assert placed(PAGE, status=404).body is not None
    assert placed(PAGE, status=500).body is not None


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("Content-Type: application/json\r\n", 200),
        ("Content-Type: text/plain; charset=utf-8\r\n", 200),
        ("Content-Type: application/xhtml+xml\r\n", 200),
        ("", 200),
        (HTML + "Content-Disposition: attachment; filename=a.html\r\n", 200),
        (HTML, 304),
        (HTML, 206),
    ],
)
def test_what_is_no_page_keeps_its_bytes(lines: str, status: int) -> None:
    assert placed(PAGE, lines, status) == Placed(None)


@pytest.mark.parametrize(
    "lines",
    [
        HTML + "Content-Encoding: gzip\r\n",
        HTML + "content-encoding: br\r\n",
        HTML + "Cache-Control: no-transform\r\n",
        HTML + "Content-Digest: sha-256=:abc:\r\n",
        HTML + "Content-Security-Policy: default-src 'none'\r\n",
        "Content-Type: text/html; charset=utf-16\r\n",
    ],
)
def test_a_page_that_must_stay_as_it_is_says_why(lines: str) -> None:
    assert placed(PAGE, lines).body is None
    assert placed(PAGE, lines).obstacle


def test_a_base_would_lead_the_script_elsewhere() -> None:
    assert placed(b"<!doctype html><base href=//evil.example><p>").obstacle
    # In the head it stands before any <base>, and is looked up before.
    assert placed(b"<!doctype html><head><base href=//evil.example>").body is not None


def test_the_nonce_of_the_page_is_used() -> None:
    lines = HTML + "Content-Security-Policy: script-src 'nonce-abc'; connect-src 'self'\r\n"
    body = placed(PAGE, lines).body
    assert body is not None
    assert b'nonce="abc"' in body


def test_a_policy_that_only_reports_forbids_nothing() -> None:
    assert placed(PAGE, HTML + "Content-Security-Policy-Report-Only: default-src 'none'\r\n").body is not None


def test_a_fragment_for_a_client_that_is_no_browser_keeps_its_bytes() -> None:
    assert placed(b"<p>part</p>", is_document=False) == Placed(None)
    assert placed(PAGE, is_document=False).body is not None
    assert placed(b"<html>", is_document=False).body is not None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"HTTP_SEC_FETCH_DEST": "document"}, True),
        ({"HTTP_SEC_FETCH_DEST": "iframe"}, True),
        ({"HTTP_SEC_FETCH_DEST": "empty", "HTTP_ACCEPT": "text/html"}, False),
        ({"HTTP_ACCEPT": "text/html,*/*"}, True),
        ({"HTTP_ACCEPT": "text/html", "HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}, False),
        ({"HTTP_ACCEPT": "text/html", "HTTP_HX_REQUEST": "true"}, False),
        ({"HTTP_ACCEPT": "*/*"}, False),
        ({}, False),
    ],
)
def test_who_asks_for_a_document(fields: dict[str, str], expected: bool) -> None:
    assert wants_document(fields) is expected


def test_the_page_of_a_request_that_failed_leads_to_its_row() -> None:
    link = 'http://afresh.localhost:1/requests/2.3?"><script>'

    def with_link(status: int) -> bytes:
        found = place(PAGE, HTML, status, is_document=True, script="/s.js", stamp="a.1.2", method="GET", link=link)
        assert found.body is not None
        return found.body

    assert b'href="http://afresh.localhost:1/requests/2.3?&quot;&gt;&lt;script&gt;"' in with_link(500)
    assert with_link(500).startswith(with_link(200))
    assert b"requests" not in with_link(404)
