"""The plain forms of a failure."""

from afresh.channel.messages import ExceptionInfo, Failure, Frame
from afresh.pages.facts import digest, innermost
from afresh.pages.text import full, short


def test_short_names_the_error_the_projects_innermost_frame_and_the_way_on(failure: Failure) -> None:
    assert short(failure) == [
        "ImproperlyConfigured: The URLconf does not load",
        "  /home/me/shop/views.py:12 in total",
        "    return sum(order.lines) / order.count",
        "Fix it and save: the next answer comes from the new code.",
    ]


def test_short_without_a_traceback_is_the_title_and_the_hint() -> None:
    failure = Failure("exit", "The process ended with status 3.", hint="Look for sys.exit(3).")
    assert short(failure) == ["The process ended with status 3.", "Look for sys.exit(3)."]


def test_short_escapes_control_characters_everywhere() -> None:
    frame = Frame("/tmp/\x1b[2J.py", 1, "f\n", True, 1, ("raise X('\x07')",))
    failure = Failure("error", "X: \x1b]0;owned\x07\nsecond", "", (ExceptionInfo("X", "", (frame,)),), hint="\x9b")
    assert short(failure) == [
        "X: \\x1b]0;owned\\x07\\nsecond",
        "  /tmp/\\x1b[2J.py:1 in f\\n",
        "    raise X('\\x07')",
        "\\x9b",
    ]


def test_a_frame_outside_the_source_it_carries_is_named_without_a_line() -> None:
    frame = Frame("/shop/models.py", 40, "<module>", True, 3, ("one", "two"))
    assert short(Failure("error", "X", exceptions=(ExceptionInfo("X", "", (frame,)),)))[1:-1] == [
        "  /shop/models.py:40 in <module>"
    ]


def test_a_frame_without_a_function_is_named_by_its_place() -> None:
    """That of a SyntaxError."""
    frame = Frame("/shop/models.py", 3, "", True, 3, ("one",))
    assert short(Failure("error", "X", exceptions=(ExceptionInfo("X", "", (frame,)),)))[1:-1] == [
        "  /shop/models.py:3",
        "    one",
    ]


def test_innermost_falls_back_to_the_last_frame_of_the_last_exception() -> None:
    outer, inner = (Frame(f"/lib/{name}.py", 1, "f", False, 1, ()) for name in ("outer", "inner"))
    failure = Failure("error", "X", exceptions=(ExceptionInfo("X", "", (outer, inner)), ExceptionInfo("Y", "", ())))
    assert innermost(failure) == inner


def test_full_ends_with_the_whole_text(failure: Failure) -> None:
    assert full(failure) == "\n".join(short(failure)) + "\n\n" + failure.text + "\n"


def test_digest_tells_failures_apart_and_is_stable(failure: Failure) -> None:
    same = Failure(failure.kind, failure.title, failure.text, failure.exceptions, failure.hint)
    other = Failure(failure.kind, failure.title, failure.text, failure.exceptions, "hint")
    assert digest(failure) == digest(same) != digest(other)
    assert len(digest(failure)) == 32
