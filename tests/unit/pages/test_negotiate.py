"""Who gets HTML."""

import pytest

from afresh.pages.negotiate import wants_html


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", True),  # browsers, navigating
        ("application/xhtml+xml", True),
        ("TEXT/HTML ; Q=0.4", True),
        ("text/html, application/json", True),
        ("", False),
        ("*/*", False),  # curl, fetch()
        ("text/*", False),
        ("application/json, text/plain, */*", False),  # axios
        ("application/json, text/html;q=0.5", False),
        ("text/html;q=0", False),
        ("text/html;q=high", False),
        ("text/plain, text/html;q=0.9", False),
        ("image/avif,image/webp,*/*;q=0.8", False),
        (";;,,=,q=1", False),
    ],
)
def test_wants_html(accept: str, expected: bool) -> None:
    assert wants_html(accept) is expected
