"""What a boot hands over when it is ready: the application and what is special about its framework, as a value."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from afresh.channel.messages import Dealt, Failure
from afresh.serve.hosts import Names

if TYPE_CHECKING:
    from types import FrameType

    from _typeshed.wsgi import WSGIApplication

    from afresh.boot.roots import ProjectRoots
    from afresh.serve.answer import Files
    from afresh.serve.log import AccessLog


def _nothing() -> None:
    return None


def _keeps(_: str, __: "FrameType | None") -> bool:
    return False


def _no_topics(_: str, __: str) -> bytes | None:
    return None


class Application(msgspec.Struct, frozen=True):
    """An application ready to be served.

    `host` and `port`: what it was bound to. `names`: further names it answers to; `hosts`: those of them that are known
    from the start on, for pages that are shown in its place.
    `threads`: several requests at a time. `checks(aloud)`: the deferred checks, which print where it is to be aloud;
    their output and a failure or None are returned.
    `file_changed`: asks the project's receivers who of them deals with each of these paths. `on_thread_end` runs in a
    serving thread that ends. `warm` fills caches while nobody waits. `files` answers requests for static files.
    `view_of` names the view that made what the application returned, or gives an empty string; without it, requests
    are not recorded. `topics(topic, argument)` tells about it, as JSON; None for a topic that it does not know.
    `roots`: what is the project's code. `count_queries`: see `afresh.django.queries`. `advice`,
    `is_repeatable`: as in `Ready`. `drops(path, opener)`: whether the framework reads this file, in the frame that
    opens it, and drops what it has made of it when it changes. `observe_requests`: see `afresh.boot.requests`.
    """

    wsgi: "WSGIApplication"
    host: str
    port: int
    log: "AccessLog"
    names: Names = Names()
    hosts: tuple[str, ...] = ()
    advice: str = "option"
    threads: bool = True
    checks: Callable[[bool], tuple[str, Failure | None]] | None = None
    file_changed: Callable[[Sequence[str]], Sequence[Dealt]] | None = None
    receivers: bool = False
    on_thread_end: Callable[[], None] = msgspec.field(default=_nothing)
    warm: Callable[[], None] = msgspec.field(default=_nothing)
    files: "Files | None" = None
    view_of: Callable[[object], str] | None = None
    topics: Callable[[str, str], bytes | None] = msgspec.field(default=_no_topics)
    roots: "ProjectRoots | None" = None
    drops: "Callable[[str, FrameType | None], bool]" = msgspec.field(default=_keeps)
    count_queries: Callable[[], Callable[[], int]] | None = None
    is_repeatable: bool = True
    observe_requests: Callable[[], object] = msgspec.field(default=_nothing)
