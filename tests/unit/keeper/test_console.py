"""What the keeper says in the terminal."""

import pytest

from afresh.channel.messages import Failure
from afresh.keeper import console


@pytest.mark.parametrize(
    ("is_at_end", "has_checkpoints", "meaning"),
    [
        (True, True, "from the last safe place"),
        (True, False, "from the beginning"),
        (False, True, "A part of the start"),
    ],
)
def test_what_an_obstacle_means(is_at_end: bool, has_checkpoints: bool, meaning: str) -> None:
    line = console.obstacle_line("a file\x1b", is_at_end=is_at_end, has_checkpoints=has_checkpoints)
    assert meaning in line
    assert line.endswith(r": a file\x1b.")


def test_code_that_is_the_same() -> None:
    assert console.resaved_line(["b.py", "a.py"], 7) == (
        "no reload · a.py and 1 more · the text is the same; kill -URG 7 restarts all the same"
    )


def test_an_edit_that_means_nothing() -> None:
    line = console.nothing_line("page.html", "the project has dealt with it")
    assert line == "no reload · page.html · the project has dealt with it"


def test_what_is_held() -> None:
    failure = Failure("error", "OSError: [Errno 98] Address already in use")
    assert console.held_line(failure) == (
        "The start failed (OSError: [Errno 98] Address already in use). The previous server may hold what it needs: "
        "that ends first, and the start is made again."
    )
    assert console.held_line(None) == (
        "The start waits for a lock. The previous server may hold what it needs: that ends first."
    )
