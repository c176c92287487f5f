"""Nothing from the project drives a terminal, reorders a line or breaks an encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.pages.printable import markup, multiline, one_line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 漢", "plain é 漢"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x1b[31mred\x9b0m\x7f\x00", "\\x1b[31mred\\x9b0m\\x7f\\x00"),
        ("if a: # \u202e kcehc \u2066", "if a: # \\u202e kcehc \\u2066"),
        ("caf\udce9.py", "caf\\udce9.py"),
    ],
)
def test_one_line_escapes_what_is_not_plain_text(text: str, expected: str) -> None:
    assert one_line(text) == expected


def test_multiline_keeps_line_feeds_and_tabs_only() -> None:
    assert multiline("a\n\tb\r\x1b") == "a\n\tb\\r\\x1b"


def test_markup_is_inert_in_content_and_in_quoted_attributes() -> None:
    assert markup("<a title='x\">&\x1b") == "&lt;a title=&#x27;x&quot;&gt;&amp;\\x1b"


@given(st.text(alphabet=st.characters()))
def test_any_text_becomes_one_encodable_line_without_controls(text: str) -> None:
    shown = one_line(text)
    shown.encode("utf-8")
    assert len((shown + "x").splitlines()) == 1
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in shown)
