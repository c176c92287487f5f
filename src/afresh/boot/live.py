"""The live reload's script in the pages of one server."""

import os
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from afresh.channel import messages as msg
from afresh.live.inject import as_navigation, place, wants_document
from afresh.serve.exchange import Rewrite
from afresh.serve.head import Head

MOST_TOLD = 50


class LivePages:
    """Puts the script into documents, and a link to the dashboard into those of requests that failed. `tell`: says
    which pages stay without, each once. `dashboard`: its origin, or empty. `files`: the path of static files, or empty.

    The stamp is taken before the application is called: what a page is made from is not older than that.
    """

    def __init__(self, live: msg.Live, tell: Callable[[msg.FromApp], None], dashboard: str, files: str) -> None:
        self._live = live
        self._tell = tell
        self._dashboard = dashboard
        self._files = files
        self._told: set[tuple[str, str]] = set()
        self.number = live.number

    def __repr__(self) -> str:
        return f"<LivePages turn={self._live.turn} number={self.number}>"

    def rewriter(self, head: Head, number: int) -> Rewrite | None:
        """How the response to this request is rewritten (`afresh.serve.answer.Rewriter`)."""
        as_navigation(head.fields)
        if not wants_document(head.fields):
            return None
        # A number is this process's own: the dashboard knows the request by both.
        row = f"/requests/{os.getpid()}.{number}" if number else "/requests"
        link = self._dashboard and self._dashboard + row
        return partial(self._rewrite, head, link, f"{self._live.start}.{self._live.turn}.{self.number}")

    def _rewrite(self, head: Head, link: str, stamp: str, status: int, lines: str, body: bytes) -> bytes | None:
        is_document = "HTTP_SEC_FETCH_DEST" in head.fields
        placed = place(
            body,
            lines,
            status,
            is_document=is_document,
            script=self._live.script,
            stamp=stamp,
            method=head.method,
            link=link,
            files=self._files,
        )
        if placed.obstacle:
            self._say(quote(head.path, safe="/", encoding="latin-1"), placed.obstacle)
        return placed.body

    def _say(self, path: str, reason: str) -> None:
        if (path, reason) not in self._told and len(self._told) < MOST_TOLD:
            self._told.add((path, reason))
            self._tell(msg.NotLive(path, reason))
