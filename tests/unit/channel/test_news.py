"""What is kept for the dashboard."""

import pytest

from afresh.channel.messages import News
from afresh.channel.news import Shelf


def shelf(*news: tuple[str, bytes]) -> Shelf:
    made = Shelf({"state": 1, "history": 3})
    for number, (topic, data) in enumerate(news, 1):
        made.add(News(number, topic, data))
    return made


def test_a_state_replaces_the_one_before_and_a_history_drops_the_oldest() -> None:
    made = shelf(("state", b"1"), ("history", b"2"), ("state", b"3"), *[("history", b"h")] * 3)
    assert [news.number for news in made.of("state")] == [3]
    assert [news.number for news in made.of("history")] == [4, 5, 6]
    assert made.latest("history") == News(6, "history", b"h")


def test_what_came_after_a_number_is_in_order_over_all_topics() -> None:
    made = shelf(("history", b"1"), ("state", b"2"), ("history", b"3"))
    assert [news.number for news in made.after(0)] == [1, 2, 3]
    assert [news.number for news in made.after(1, ["history"])] == [3]
    assert made.after(3) == []
    assert made.after(0, ["unknown"]) == []


def test_a_copy_stays_as_it_is() -> None:
    made = shelf(("state", b"1"))
    copy = made.copy()
    made.add(News(2, "state", b"2"))
    copy_news = copy.latest("state")
    assert copy_news is not None
    assert (copy.number, copy_news.data) == (1, b"1")


def test_a_topic_must_be_in_the_table() -> None:
    with pytest.raises(KeyError):
        shelf(("unknown", b""))
