"""The kit itself: what it sees of a command, and that nothing survives it."""

import signal
import sys

import pytest

from afresh.testing.processes import look_up
from afresh.testing.running import started

ECHO = "import sys; print('ready', flush=True); print('heard', input(), file=sys.stderr, flush=True)"
LEAVES_A_CHILD = """
import os, signal
if os.fork() == 0:
    os.setsid()
    signal.pause()
print("left", flush=True)
"""


def python(source: str) -> tuple[str, ...]:
    return (sys.executable, "-c", source)


def test_streams_and_status_with_pipes() -> None:
    with started(python(ECHO)) as running:
        running.out.wait_for("^ready$")
        running.type("tea\n")
        assert running.wait_exit() == 0
        assert (running.out.wait_end(), running.err.wait_end()) == ("ready\n", "heard tea\n")
        running.wait_alone()


def test_terminal_is_one_transcript_with_plain_line_ends() -> None:
    with started(python(ECHO), terminal=True) as running:
        # With its end: an unbuffered interpreter writes the line and its end apart, and an echo could come in between.
        running.out.wait_for("^ready\n")
        running.type("tea\n")
        assert running.wait_exit() == 0
        assert running.out.wait_end() == "ready\ntea\nheard tea\n"
        assert running.err is running.out


def test_control_c_in_a_terminal_interrupts() -> None:
    with started(python("import signal; print('ready', flush=True); signal.pause()"), terminal=True) as running:
        running.out.wait_for("ready")
        running.interrupt()
        assert running.wait_exit() == -signal.SIGINT


def test_child_in_another_session_is_found_and_ended() -> None:
    with started(python(LEAVES_A_CHILD)) as running:
        running.out.wait_for("left")
        running.wait_exit()
        [child] = running.alive()
        assert child.session != running.pid
        with pytest.raises(AssertionError, match=r"left behind:\n\d+ \(parent"):
            running.wait_alone(within=0.01)
    assert look_up(child.pid) is None


def test_wait_tells_what_came_instead() -> None:
    with started(python("print('something else')")) as running, pytest.raises(AssertionError, match="something else"):
        running.out.wait_for("ready")


def test_hang_up_reaches_the_session() -> None:
    source = "import signal; print('ready', flush=True); signal.pause()"
    with started(python(source), terminal=True) as running:
        running.out.wait_for("ready")
        running.hang_up()
        assert running.wait_exit() == -signal.SIGHUP


def test_characters_and_line_ends_that_come_in_pieces() -> None:
    source = (
        "import os, tty; tty.setraw(1)\n"
        "for piece in (b'a\\xe2', b'\\x82', b'\\xac b\\r', b'\\n', b'\\xff!'):\n"
        "    os.write(1, piece); input()\n"
    )
    with started(python(source), terminal=True) as running:
        for seen in ("^a", "^a", "^a\N{EURO SIGN} b", "b\n", "\udcff!"):
            running.out.wait_for(seen)
            running.type("\n")
        running.wait_exit()
        assert running.out.wait_end() == "a\N{EURO SIGN} b\n\udcff!"
