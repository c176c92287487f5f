"""What the keeper has told, for views that read it and streams that wait for more."""

import threading
from collections.abc import Iterable, Sequence

from afresh.channel.messages import News
from afresh.channel.news import Shelf
from afresh.dashboard.story import Story


class Board:
    """News as the dashboard's threads share them."""

    def __init__(self) -> None:
        self._shelf = Shelf()
        self._story = Story()
        self._changed = threading.Condition()
        self._is_over = False

    def __repr__(self) -> str:
        return f"<Board {self._shelf!r}>"

    def post(self, news: Iterable[News]) -> None:
        """Take in what the keeper tells."""
        with self._changed:
            for each in news:
                self._shelf.add(self._story.translate(each))
            self._changed.notify_all()

    def end(self) -> None:
        """The keeper is gone: streams end when they have passed on what there is."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def snapshot(self) -> Shelf:
        """All there is, as of one moment: what a page is made from, and the number that its stream goes on after."""
        with self._changed:
            return self._shelf.copy()

    def wait(self, number: int, topics: Sequence[str], seconds: float) -> list[News] | None:
        """What came after `number`, as soon as there is something; empty after `seconds` without; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._shelf.after(number, topics), seconds)
            found = self._shelf.after(number, topics)
            return None if self._is_over and not found else found
