"""Content-Security-Policy: whether the script runs, and with which nonce."""

import pytest

from afresh.live.policy import Access, access


@pytest.mark.parametrize(
    ("policy", "nonce"),
    [
        ("", ""),
        ("img-src 'none'", ""),
        ("default-src 'self'", ""),
        ("script-src 'self'; connect-src 'self'", ""),
        ("script-src *", ""),
        ("script-src 'nonce-abc' 'strict-dynamic' 'self'; worker-src 'self'", "abc"),
        ("default-src 'none'; script-src 'nonce-a+/=' https:; connect-src 'self'", "a+/="),
        ("SCRIPT-SRC 'NONCE-x' ; Connect-Src 'SELF'", "x"),
        ("script-src-elem 'self'; script-src 'none'; connect-src *", ""),
        ("default-src 'none'; default-src 'self'; script-src 'self'; worker-src 'self'", ""),
    ],
)
def test_where_the_script_runs(policy: str, nonce: str) -> None:
    found = access([policy])
    assert (found.nonce, found.obstacle) == (nonce, "")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", True),
        ("script-src 'self'; connect-src 'self'", True),
        ("default-src 'self'", True),
        ("connect-src 'none'; worker-src 'self'", False),
        ("default-src 'none'; script-src 'self'; worker-src 'self'", False),
        ("require-trusted-types-for 'script'", False),
    ],
)
def test_where_it_may_ask_for_its_page(policy: str, expected: bool) -> None:
    assert access([policy]).may_fetch is expected
    assert access(["img-src 'self'", policy]).may_fetch is expected


@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'none'",
        "script-src 'none'",
        "script-src https://cdn.example",
        "script-src 'sha256-abc'; connect-src 'self'",
        "script-src 'unsafe-inline' 'strict-dynamic'; connect-src 'self'",
        "script-src 'nonce-a'; default-src 'none'",
        "script-src 'self'; worker-src 'none'; connect-src https:",
        "sandbox allow-scripts",
        "sandbox",
    ],
)
def test_where_it_stays_out(policy: str) -> None:
    assert access([policy]).obstacle


def test_every_policy_must_allow_it() -> None:
    assert access(["script-src 'self'", "script-src 'none'"]).obstacle
    assert access(["script-src 'self', script-src 'none'"]).obstacle
    assert access(["script-src 'nonce-a'; connect-src 'self'", "script-src 'nonce-b'; connect-src 'self'"]).obstacle
    one = "script-src 'nonce-a'; connect-src 'self'"
    assert access([one, "script-src 'self'", one]) == Access("a")


def test_a_nonce_cannot_break_out_of_its_attribute() -> None:
    assert access(["script-src 'nonce-\"><script>'; connect-src 'self'"]).obstacle
