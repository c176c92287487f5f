"""What the dashboard is told, kept for as long as it may be asked for. Pure.

The keeper keeps it for a dashboard that is opened later, the dashboard for pages and streams that are.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from afresh.channel.messages import News

KEPT: Final[dict[str, int]] = {
    "state": 1,
    "generation": 200,
    "events": 1000,
    "steps": 1000,
    "checks": 1,
    "migrate": 500,
    "failure": 1,
    "live": 50,
}
"""The topics, and how many of each are kept: one of what is a state, several of what is a history."""


class Shelf:
    """News by topic, the oldest of a topic dropped first."""

    def __init__(self, kept: dict[str, int] = KEPT) -> None:
        self._topics = {topic: deque[News](maxlen=count) for topic, count in kept.items()}
        self.number = 0

    def __repr__(self) -> str:
        return f"<Shelf number={self.number} { ({topic: len(news) for topic, news in self._topics.items()}) }>"

    def add(self, news: News) -> None:
        """Keep one; KeyError for a topic that is not in the table."""
        self._topics[news.topic].append(news)
        self.number = news.number

    def copy(self) -> "Shelf":
        """The same news, on a shelf of their own."""
        other = Shelf({})
        other._topics = {topic: deque(news, news.maxlen) for topic, news in self._topics.items()}
        other.number = self.number
        return other

    def of(self, topic: str) -> list[News]:
        """All that is kept of a topic, oldest first."""
        return list(self._topics[topic])

    def latest(self, topic: str) -> News | None:
        """The newest of a topic."""
        news = self._topics[topic]
        return news[-1] if news else None

    def after(self, number: int, topics: Iterable[str] = ()) -> list[News]:
        """What came after `number`, in order; of all topics where none are named."""
        wanted = set(topics) or self._topics.keys()
        found = [news for topic in wanted if topic in self._topics for news in self._topics[topic]]
        return sorted((news for news in found if news.number > number), key=lambda news: news.number)
