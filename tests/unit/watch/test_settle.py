"""How long a burst is waited for: tables of events and times, no disk."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.watch.inotify import (
    ATTRIB,
    CLOSE_WRITE,
    CREATE,
    DELETE,
    DELETE_SELF,
    IGNORED,
    MODIFY,
    MOVED_FROM,
    MOVED_TO,
)
from afresh.watch.settle import GRACE, QUIET, Phase, Settling, phase_after

LIMIT = 1.0


@pytest.mark.parametrize(
    ("previous", "mask", "size", "expected", "phase"),
    [
        (None, MODIFY, 5, 5, Phase.WRITING),
        (None, MODIFY, 0, 5, Phase.WRITING),
        (Phase.WRITING, MODIFY, 9, 5, Phase.WRITING),
        (Phase.WRITING, ATTRIB, 9, 5, Phase.WRITING),
        (Phase.WRITING, CLOSE_WRITE, 9, 5, Phase.DONE),
        (Phase.WRITING, MOVED_TO, 9, 5, Phase.DONE),
        (Phase.WRITING, MODIFY | CLOSE_WRITE, 9, 5, Phase.DONE),
        (None, CLOSE_WRITE, 0, 5, Phase.EMPTY),
        (None, CLOSE_WRITE, 0, 0, Phase.DONE),
        (None, CLOSE_WRITE, 0, None, Phase.DONE),
        (None, MOVED_TO, 9, 5, Phase.DONE),
        (None, MOVED_TO, 0, 5, Phase.EMPTY),
        (None, ATTRIB, 5, 5, Phase.DONE),
        (None, CREATE, 5, None, Phase.CREATED),
        (None, CREATE, 0, None, Phase.CREATED),
        (Phase.ABSENT, CREATE, 0, 5, Phase.EMPTY),
        (Phase.EMPTY, MODIFY, 5, 5, Phase.WRITING),
        (None, DELETE, None, 5, Phase.ABSENT),
        (None, MOVED_FROM, None, 5, Phase.ABSENT),
        (Phase.WRITING, DELETE_SELF, None, 5, Phase.ABSENT),
        # The old inode's end is told after the new file stands in its place.
        (Phase.DONE, DELETE_SELF, 9, 5, Phase.DONE),
        (Phase.DONE, IGNORED, 9, 5, Phase.DONE),
        # A temporary name that came and went.
        (Phase.CREATED, MOVED_FROM, None, None, None),
        (None, CREATE, None, None, None),
    ],
)
def test_the_phase_that_an_event_leads_to(
    previous: Phase | None, mask: int, size: int | None, expected: int | None, phase: Phase | None
) -> None:
    assert phase_after(previous, mask, size, expected) is phase


def settled(*events: tuple[float, str, int, int | None, int | None]) -> float:
    """When a burst of (time, path, mask, size, expected) is settled."""
    settling = Settling(0.0, LIMIT)
    for time, path, mask, size, expected in events:
        settling.touch(path, mask, size, expected, time)
    return settling.deadline()


DONE, CREATED = GRACE[Phase.DONE], GRACE[Phase.CREATED]
EMPTY, ABSENT = GRACE[Phase.EMPTY], GRACE[Phase.ABSENT]


@pytest.mark.parametrize(
    ("events", "end"),
    [
        pytest.param([], -math.inf, id="nothing that matters"),
        pytest.param([(0.2, "a", MOVED_TO, 9, 5)], 0.2 + DONE, id="renamed over"),
        pytest.param([(0.2, "a", MODIFY, 9, 5)], LIMIT, id="written to, not closed"),
        pytest.param([(0.2, "a", MODIFY, 9, 5), (0.3, "a", CLOSE_WRITE, 9, 5)], 0.3 + DONE, id="closed"),
        pytest.param([(0.2, "a", CLOSE_WRITE, 0, 5)], 0.2 + EMPTY, id="emptied"),
        pytest.param([(0.2, "a", DELETE, None, 5)], 0.2 + ABSENT, id="deleted"),
        pytest.param([(0.2, "a", DELETE, None, 5), (0.21, "a", MOVED_TO, 7, 5)], 0.21 + DONE, id="replaced"),
        pytest.param([(0.2, "a", CREATE, 3, None)], 0.2 + CREATED, id="new"),
        pytest.param(
            [(0.2, "a", CLOSE_WRITE, 9, 5), (0.2, "b", CLOSE_WRITE, 9, 5)], 0.2 + QUIET, id="two files of a burst"
        ),
        pytest.param(
            [(0.2, "a", CLOSE_WRITE, 9, 5), (0.21, "tmp", CREATE, 1, None), (0.22, "tmp", MOVED_FROM, None, None)],
            0.2 + DONE,
            id="a temporary name does not make a burst",
        ),
        pytest.param([(0.95, "a", DELETE, None, 5)], LIMIT, id="the limit"),
    ],
)
def test_when_a_burst_is_settled(events: list[tuple[float, str, int, int | None, int | None]], end: float) -> None:
    assert settled(*events) == pytest.approx(end)


def test_what_no_path_can_be_named_for_is_waited_for_until_it_is_quiet() -> None:
    settling = Settling(0.0, LIMIT)
    settling.stir(0.3)
    assert settling.deadline() == pytest.approx(0.3 + QUIET)


masks = st.sampled_from([MODIFY, CLOSE_WRITE, CREATE, DELETE, MOVED_TO, MOVED_FROM, ATTRIB, DELETE_SELF])
sizes = st.none() | st.integers(0, 3)
events = st.tuples(st.floats(0, 0.01), st.sampled_from("abc"), masks, sizes, sizes)


@given(st.lists(events, max_size=40))
def test_no_burst_is_waited_for_beyond_the_limit_and_none_is_cut_short(
    burst: list[tuple[float, str, int, int | None, int | None]],
) -> None:
    settling = Settling(0.0, LIMIT)
    now = 0.0
    for pause, path, mask, size, expected in burst:
        now += pause
        settling.touch(path, mask, size, expected, now)
        assert settling.deadline() <= LIMIT
        if path in settling.touched:
            assert settling.deadline() >= min(now + DONE, LIMIT)
            assert settling.touched[path].mask & mask == mask
