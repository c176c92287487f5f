"""From events to what pages show."""

from typing import Any

import msgspec

from afresh.channel.messages import News
from afresh.dashboard.story import Story
from afresh.record import rows


def told(story: Story, number: int, *told: tuple[str | int, ...], source: int = 7, before: int = 0) -> dict[str, Any]:
    data = msgspec.json.encode({"source": source, "pid": 4711, "before": before, "rows": told})
    news = story.translate(News(number, "events", data))
    assert (news.number, news.topic) == (number, "steps")
    value: dict[str, Any] = msgspec.json.decode(news.data)
    return value


def test_a_batch_of_events_becomes_its_steps_and_where_the_server_stands() -> None:
    story = Story()
    told(story, 1, (rows.COMMAND_RUN, 0, "manage.py runserver", 9_000_000), source=0)
    told(story, 2, (rows.LISTENING, 10, "127.0.0.1:8000"), source=0)
    value = told(
        story, 3, (rows.RECEIVED, 20_000_000, 1, "GET", "/"), (rows.PROCESSED, 25_000_000, 1, "views.index", 200)
    )
    assert [(step["number"], step["stage"], step["took"]) for step in value["steps"]] == [
        (4, "receive", None),
        (5, "process", 5.0),
    ]
    assert value["now"]["active"] == ["send"]
    assert value["now"]["took"] == {"run": 9.0, "listen": 1e-05, "wait": 19.99999, "receive": None, "process": 5.0}
    assert value["now"]["lanes"][0]["variables"] == ["Running", "GET /", "No"]
    assert value["now"]["lanes"][0]["request"]["name"] == "GET /"
    (request,) = value["requests"]
    assert (request["number"], request["own_number"], request["view"], value["pid"]) == (1, 1, "views.index", 4711)


def test_numbers_of_requests_go_on_where_earlier_ones_are_not_kept() -> None:
    value = told(Story(), 900, (rows.RECEIVED, 1, 1, "GET", "/"), before=41)
    assert value["requests"][0]["number"] == 42


def test_what_is_no_event_is_passed_over() -> None:
    value = told(Story(), 1, ("explode", 1), (rows.SENT, "soon", 1, 200, 3), (rows.RECEIVED, 1, 1, "GET", "/"))
    assert [step["stage"] for step in value["steps"]] == ["receive"]


def test_an_error_stands_at_its_stage_until_other_code_answers() -> None:
    story = Story()
    told(story, 1, (rows.BOOT_BEGAN, 1, 1))
    failed = told(story, 2, (rows.BOOT_FAILED, 5, 1, "NameError: x"), source=0)
    assert failed["now"]["errors"] == {"settings": "NameError: x"}
    mended = told(story, 3, (rows.EDITED, 6, 2, "started anew", "settings.py"), (rows.ANSWERING, 9, 2), source=0)
    assert mended["now"]["errors"] == {}


def test_other_news_stay_as_they_are() -> None:
    news = News(5, "state", b"{}")
    assert Story().translate(news) is news
