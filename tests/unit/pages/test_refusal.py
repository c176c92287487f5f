"""The answer to a disallowed Host."""

import pytest

from afresh.pages.refusal import host_name, refusal


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Box.Local:8000", "box.local"),
        ("box.local.", "box.local"),
        ("box.local.:80", "box.local"),
        ("192.168.1.5:8000", "192.168.1.5"),
        ("[FE80::1]:8000", "[fe80::1]"),
        ("[::1]", "[::1]"),
        ("my_host", "my_host"),
        ("", ""),
        (":8000", ""),
        ("a b", ""),
        ("-x", ""),
        ('x"]\nDEBUG = 1', ""),
        ("<script>", ""),
        ("a" * 256, ""),
    ],
)
def test_host_name(host: str, name: str) -> None:
    assert host_name(host) == name


def test_django_gets_the_line_for_its_settings() -> None:
    kind, body = refusal("box.local:8000", advice="settings", accept="*/*")
    assert kind == "text/plain; charset=utf-8"
    assert b'    ALLOWED_HOSTS = ["box.local", ".localhost", "127.0.0.1", "[::1]"]\n' in body


def test_other_applications_get_the_option() -> None:
    assert b"    --allow-host box.local\n" in refusal("box.local", advice="option", accept="")[1]


def test_before_the_settings_are_loaded_the_variable_is_named() -> None:
    assert b"    AFRESH_ALLOW_HOST=box.local\n" in refusal("box.local", advice="variable", accept="")[1]


def test_browsers_get_html_without_any_script() -> None:
    kind, body = refusal("box.local", advice="option")
    assert kind == "text/html; charset=utf-8"
    assert b"--allow-host box.local</pre>" in body
    assert b"<script" not in body


def test_a_name_that_is_none_is_neither_shown_nor_offered() -> None:
    for host in ("<script>alert(1)</script>", "", "a, b"):
        body = refusal(host, advice="settings")[1]
        assert b"does not name one valid host" in body
        assert b"alert" not in body
        assert b"ALLOWED_HOSTS" not in body
