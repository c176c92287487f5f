"""The record: whatever a page has missed, what it is told next says so."""

import msgspec

from afresh.live.record import KEPT, Change, Record, turn_of


def record() -> Record:
    return Record.of("start")


def test_turns_grow_within_a_generation_and_over_generations() -> None:
    turns = [
        turn_of(generation, by_page=by_page, waits=waits)
        for generation in (1, 2)
        for by_page, waits in ((True, True), (False, False), (True, False))
    ]
    assert turns == sorted(set(turns))


def test_what_answers_is_told_once_and_never_backwards() -> None:
    made = record()
    state = made.answers(4)
    assert state is not None
    assert (state.turn, state.number, state.since, state.changes) == (4, 0, 0, ())
    assert made.answers(4) is None
    assert made.answers(3) is None


def test_changes_are_numbered_and_told_after_the_one_before() -> None:
    made = record()
    made.change({"a.css": "css"})
    state = made.change({"b.png": "image", "c.html": "page"})
    assert state is not None
    assert (state.number, state.since) == (3, 1)
    assert state.changes == (Change(2, "image", "b.png"), Change(3, "page", "c.html"))
    assert made.change({}) is None


def test_who_comes_now_is_told_all_that_is_kept_and_since_when() -> None:
    made = record()
    assert made.state().since == 0
    for number in range(KEPT + 20):
        made.change({f"{number}.css": "css"})
    state = made.state()
    assert (state.number, state.since, len(state.changes)) == (KEPT + 20, 20, KEPT)
    assert [change.number for change in state.changes] == list(range(21, KEPT + 21))


def test_an_event_is_one_line_of_json_whatever_the_path() -> None:
    state = record().change({"a\n\ndata: x.css": "css"})
    assert state is not None
    event = state.event()
    assert event.count(b"\n") == 2
    assert event.endswith(b"\n\n")
    assert msgspec.json.decode(event[6:])["changes"] == [[1, "css", "a\n\ndata: x.css"]]
