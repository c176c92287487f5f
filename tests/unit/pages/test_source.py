"""Source lines as HTML."""

import html
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.pages.printable import multiline
from afresh.pages.source import html_lines


def test_tokens_get_classes_and_markup_is_escaped() -> None:
    assert html_lines(["if a < 1:  # <b>", "    x = '&'"]) == [
        '<span class="tk">if</span> a &lt; <span class="tn">1</span>:  <span class="tc"># &lt;b&gt;</span>',
        '    x = <span class="ts">&#x27;</span><span class="ts">&amp;</span><span class="ts">&#x27;</span>',
    ]


def test_a_string_over_several_lines_is_closed_on_each() -> None:
    first, middle, last = html_lines(['"""one', "two", 'three"""'])
    assert middle == '<span class="ts">two</span>'
    assert first.endswith("one</span>")
    assert last.startswith('<span class="ts">three')


def test_without_pygments_the_text_is_the_same_without_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygments.lexers.python", None)
    assert html_lines(["if a < 1:", ""]) == ["if a &lt; 1:", ""]


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\n"))))
def test_any_lines_keep_their_number_and_text(lines: list[str]) -> None:
    shown = [html.unescape(re.sub(r"</?span[^>]*>", "", line)) for line in html_lines(lines)]
    assert shown == [multiline(line) for line in lines]
