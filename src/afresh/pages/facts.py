"""What a page and a terminal line both need to know about a failure."""

from hashlib import blake2b
from typing import Final

from afresh.channel.messages import Failure, Frame

DIGEST_HEADER: Final = "X-Afresh-Failure"
POLL_HEADER: Final = "X-Afresh-Poll"

_FIX: Final = "Fix it and save: the next answer comes from the new code."
_ADVICE: Final = {
    "exit": "Change the code and save to start it again.",
    "slow": "Requests are answered as soon as it is ready.",
}


def digest(failure: Failure) -> str:
    """Identity of a failure, 32 hexadecimal digits: equal failures have equal digests, in every process."""
    return blake2b(repr(failure).encode(), digest_size=16).hexdigest()


def advice(failure: Failure) -> str:
    """How to proceed, as one sentence: the failure's own hint, or what holds for its kind."""
    return failure.hint or _ADVICE.get(failure.kind, _FIX)


def innermost(failure: Failure) -> Frame | None:
    """The frame to look at first: the project's innermost one, of the last exception that has any.

    Without a frame of the project, the innermost frame of the last exception; None where there is no traceback.
    """
    raised_last_first = failure.exceptions[::-1]
    for exception in raised_last_first:
        for frame in reversed(exception.frames):
            if frame.in_project:
                return frame
    return next((exception.frames[-1] for exception in raised_last_first if exception.frames), None)


def source_line(frame: Frame) -> str:
    """The line of source the frame stands at, without its indentation; empty where the source is not known."""
    index = frame.line - frame.first_line
    return frame.lines[index].strip() if 0 <= index < len(frame.lines) else ""
