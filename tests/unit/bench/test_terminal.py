"""What Afresh says about a reload is read as it is said."""

import pytest
from bench.reload import limit
from bench.terminal import Told, counted, reloads

from afresh.keeper.console import Reload


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (Reload(2, "patch", "blog/views.py:detail", 14.4).line(is_verbose=False), Told(2, "patch", "", 0, 14)),
        (
            Reload(3, "resume", "blog/urls.py", 95.0, reason="the statements of the module", modules=7).line(
                is_verbose=False
            ),
            Told(3, "resume", "the statements of the module", 7, 95),
        ),
        (Reload(4, "resume", "a.py", 9.0, modules=1).line(is_verbose=False), Told(4, "resume", "", 1, 9)),
        (
            Reload(12, "cold", "a.py and 2 more", 1200.0, reason="b · c", modules=31).line(is_verbose=False),
            Told(12, "cold", "b · c", 31, 1200),
        ),
    ],
)
def test_a_line(line: str, told: Told) -> None:
    assert reloads(f'"GET / HTTP/1.1" 200\n{line}\nand more\n') == [told]


def test_other_lines_are_none_of_them() -> None:
    assert reloads("reload 2 · patch\nsaid: reload 3 · patch · a.py · 4 ms\n") == []


def test_ways_are_counted() -> None:
    assert counted(["patch", "cold", "patch"]) == "patch 2, cold 1"
    assert counted([]) == ""


def test_the_limit_is_what_follows_and_a_share_and_20_ms() -> None:
    assert limit(0.0) == 0.020
    assert limit(1.0) == pytest.approx(1.32)
