"""The stream of news: server-sent events (WHATWG HTML, 9.2), one connection for each page that is looked at."""

from collections.abc import Iterator, Sequence

from afresh.channel.messages import News
from afresh.dashboard.board import Board
from afresh.dashboard.http import Request, Response

_QUIET = 20.0  # seconds: a client that went away unseen is noticed by the next write


def follow(request: Request) -> Response:
    """`topics`: comma-separated, all where there are none. `after`: the number that the page was made from."""
    topics = tuple(filter(None, request.query.get("topics", "").split(",")))
    after = request.query.get("after", "0")
    number = request.last_event or (int(after) if after.isdecimal() else 0)
    return Response(_events(request.board, number, topics), "text/event-stream", is_stream=True)


def _events(board: Board, number: int, topics: Sequence[str]) -> Iterator[bytes]:
    yield b"retry: 1000\n\n"
    while (news := board.wait(number, topics, _QUIET)) is not None:
        yield b"".join(map(_event, news)) or b":\n\n"
        number = news[-1].number if news else number


def _event(news: News) -> bytes:
    # JSON has no line ends outside of strings, and none inside that are not escaped.
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (news.number, news.topic.encode(), news.data)
