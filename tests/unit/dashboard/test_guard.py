"""The guard: who passes, as a table."""

import pytest

from afresh.dashboard.guard import Facts, Secrets, Verdict, judge

OWN = "http://afresh.localhost:8000"
SECRETS = Secrets("the-token", "the-session", "afresh-8000")
COOKIE = "other=1; afresh-8000=the-session"


def facts(method: str = "GET", **fields: str) -> Facts:
    return Facts(method, OWN, **fields)


NAVIGATION = {"fetch_mode": "navigate", "fetch_dest": "document"}

PASSES = {
    "the user's own page": facts(cookie=COOKIE, fetch_site="same-origin"),
    "an address that was typed": facts(cookie=COOKIE, fetch_site="none", **NAVIGATION),
    "a client without Sec-Fetch fields": facts(cookie=COOKIE),
    "HEAD": facts("HEAD", cookie=COOKIE),
    "a change by its own page": facts("POST", cookie=COOKIE, origin=OWN, fetch_site="same-origin"),
    "a change where Sec-Fetch fields are not sent": facts("POST", cookie=COOKIE, origin=OWN),
    "beside a cookie of this name that somebody else set": facts(cookie=f"afresh-8000=tossed; {COOKIE}"),
}
FORBIDDEN = {
    "a script of the application": facts(cookie=COOKIE, fetch_site="cross-site", origin="http://localhost:8000"),
    "a script on another port": facts(cookie=COOKIE, fetch_site="same-site", origin="http://afresh.localhost:9000"),
    "a script tag": facts(cookie=COOKIE, fetch_site="same-site", fetch_mode="no-cors", fetch_dest="script"),
    "a frame": facts(cookie=COOKIE, fetch_site="same-site", fetch_mode="navigate", fetch_dest="iframe"),
    "the origin null": facts(cookie=COOKIE, origin="null"),
    "an address as origin": facts(cookie=COOKIE, origin="http://127.0.0.1:8000"),
    "another scheme": facts(cookie=COOKIE, origin="https://afresh.localhost:8000"),
    "a change without an origin": facts("POST", cookie=COOKIE),
    "a change from null": facts("POST", cookie=COOKIE, origin="null"),
    "a form on another port": facts("POST", cookie=COOKIE, origin="http://afresh.localhost:1", fetch_site="same-site"),
    "an origin that does not fit": facts("POST", cookie=COOKIE, origin=OWN, fetch_site="same-site"),
    "a stream from elsewhere": facts(cookie=COOKIE, fetch_site="cross-site", fetch_mode="cors", fetch_dest="empty"),
    "the link's token in a frame": facts(token="the-token", fetch_site="cross-site", fetch_mode="no-cors"),
}
STRANGERS = {
    "no cookie": facts(),
    "another start": facts(cookie="afresh-8000=another"),
    "another port": facts(cookie="afresh-8001=the-session"),
    "a wrong token": facts(token="guess", cookie=COOKIE),
    "the token as a cookie": facts(cookie="afresh-8000=the-token"),
    "a change without a cookie": facts("POST", origin=OWN),
    "a token with a change": facts("POST", origin=OWN, token="the-token"),
    "what is no text": facts(token="\udcff"),
    "an empty cookie": facts(cookie="afresh-8000="),
}
OTHERS = {
    "the link": (facts(token="the-token", fetch_site="none", **NAVIGATION), Verdict.ENTER),
    "the link on another page": (facts(token="the-token", fetch_site="cross-site", **NAVIGATION), Verdict.ENTER),
    "a link of the application": (facts(fetch_site="cross-site", **NAVIGATION), Verdict.AGAIN),
    "a link of another port": (facts(cookie=COOKIE, fetch_site="same-site", **NAVIGATION), Verdict.AGAIN),
    "PUT": (facts("PUT", cookie=COOKIE), Verdict.METHOD),
    "a preflight": (facts("OPTIONS", cookie=COOKIE), Verdict.METHOD),
}


@pytest.mark.parametrize("name", PASSES)
def test_who_passes(name: str) -> None:
    assert judge(PASSES[name], SECRETS) is Verdict.PASS


@pytest.mark.parametrize("name", FORBIDDEN)
def test_who_comes_from_elsewhere(name: str) -> None:
    assert judge(FORBIDDEN[name], SECRETS) is Verdict.FORBIDDEN


@pytest.mark.parametrize("name", STRANGERS)
def test_who_has_no_key(name: str) -> None:
    assert judge(STRANGERS[name], SECRETS) is Verdict.STRANGER


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_verdicts(name: str) -> None:
    asked, verdict = OTHERS[name]
    assert judge(asked, SECRETS) is verdict
