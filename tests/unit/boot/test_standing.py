"""When a boot leaves a checkpoint, and what is told of it."""

import functools
import logging.config
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afresh.boot.placement import Placement
from afresh.boot.roots import ProjectRoots
from afresh.boot.standing import Standing
from afresh.channel import messages as msg
from afresh.reload.orders import Course, Inside


class Leaving:
    """Stands for the control: notes what is left, and goes on, or is resumed with `go`."""

    def __init__(self, go: msg.Go | None = None, obstacle: str = "") -> None:
        self.go = go
        self.why = obstacle
        self.left: list[tuple[tuple[str, ...], Inside | None]] = []
        self.sent: list[msg.FromApp] = []

    def send(self, message: msg.FromApp) -> None:
        self.sent.append(message)

    def obstacle(self) -> str:
        return self.why

    def leave_checkpoint(self, stood: msg.Stood) -> msg.Go | None:
        self.left.append((stood.unfinished, stood.inside))
        return self.go


class Roots(ProjectRoots):
    """The project is below `/project`, where no file has to be."""

    def contains(self, path: str) -> bool:
        return path.startswith("/project/")


def standing(control: Any, *places: Inside) -> Standing:
    return Standing(control, Roots(), Placement(0.0, Course(places)))


def imported(text: str, call: Callable[[], object], file: str = "/project/outer.py") -> None:
    """Execute a module that calls in its middle."""
    module = types.ModuleType("outer")
    exec(compile(text, file, "exec", dont_inherit=True), {"call": call, **vars(module)})


def test_the_first_module_of_the_project() -> None:
    control = Leaving()
    assert not standing(control).before("/project/settings.py")
    assert control.left == [((), None)]


def test_modules_on_the_way_are_unfinished() -> None:
    """Inner first; those of others do not count, nor do functions and classes of the project."""
    control = Leaving()
    one = standing(control)
    inner = "def f():\n    class C:\n        call()\nf()\n"
    outer = compile("call()", "/elsewhere/site-packages/m.py", "exec")
    imported(
        "call()",
        lambda: exec(
            outer, {"call": lambda: imported(inner, lambda: one.before("/project/x.py"), "/project/inner.py")}
        ),
    )
    assert control.left == [(("/project/inner.py", "/project/outer.py"), None)]


def test_inside() -> None:
    control = Leaving()
    place = Inside("/project/outer.py", 3)
    one = standing(control, place)
    assert one.line_in("/project/outer.py") == 3
    assert one.line_in("/project/other.py") == 0
    imported("call()", lambda: one.inside(place))
    assert control.left == [(("/project/outer.py",), place)]


def test_nothing_after_the_start() -> None:
    control = Leaving()
    place = Inside("/project/outer.py", 3)
    one = standing(control, place)
    one.end()
    assert not one.before("/project/outer.py")
    assert one.line_in("/project/outer.py") == 0
    assert not one.inside(place)
    assert control.left == []


def test_not_while_there_is_an_obstacle() -> None:
    control = Leaving(obstacle="threads")
    one = standing(control)
    assert not one.before("/project/settings.py")
    assert not one.before("/project/urls.py")
    assert control.sent == [msg.Obstructed("threads")]
    control.why = ""
    assert not one.before("/project/settings.py")
    assert len(control.left) == 1


def test_not_where_the_placement_does_not_want_one() -> None:
    control = Leaving()
    one = Standing(control, Roots(), Placement(0.0, count=1, last=1e9))  # type: ignore[arg-type]
    assert not one.before("/project/settings.py")
    assert control.left == []


class Imports:
    """A handler whose class is looked up while `dictConfig` holds a lock (RELOAD.md, e16)."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.call = call

    def __call__(self) -> logging.Handler:
        self.call()
        return logging.NullHandler()


def test_not_while_logging_is_configured() -> None:
    control = Leaving()
    one = standing(control)
    handlers = {"own": {"()": Imports(lambda: one.before("/project/handlers.py"))}}
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, "handlers": handlers})
    assert control.left == []


STDLIB = {
    "sorting with a key is in C": (lambda call: sorted([1], key=lambda _: call()), True),
    "a cached function": (lambda call: functools.lru_cache(lambda: call())(), True),
    "a context manager's exit": (lambda call: exit_of(call), True),
    "a property that is kept": (lambda call: Keeping(call).kept, True),
    "a partial function": (lambda call: functools.partial(call)(), True),
    "a thread's lock": (lambda call: with_condition(call), False),
    "an encoder": (lambda call: __import__("json").dumps([object()], default=lambda _: call() or 1), False),
    "a substitution": (lambda call: __import__("re").sub("a", lambda _: str(call()), "a"), False),
    "a subclass hook": (lambda call: type("C", (Hooked,), {"call": staticmethod(call)}), True),
}


class Keeping:
    def __init__(self, call: Callable[[], object]) -> None:
        self.call = call

    @functools.cached_property
    def kept(self) -> object:
        return self.call()


class Hooked:
    call: Callable[[], object]

    def __init_subclass__(cls) -> None:
        cls.call()


def exit_of(call: Callable[[], object]) -> None:
    import contextlib

    with contextlib.ExitStack() as stack:
        stack.callback(call)


def with_condition(call: Callable[[], object]) -> None:
    threading.Condition().wait_for(lambda: [call()])


@pytest.mark.parametrize(("work", "is_safe"), STDLIB.values(), ids=STDLIB.keys())
def test_what_pythons_own_modules_are_in_the_middle_of(work: Callable[[Any], object], is_safe: bool) -> None:
    control = Leaving()
    one = standing(control)
    work(lambda: one.before("/project/m.py"))
    assert bool(control.left) is is_safe


def test_who_goes_on_and_who_is_resumed() -> None:
    """All is told before the fork; each process does what is to be done after it, and only one obeys."""
    events: list[str] = []
    go = msg.Go(first=False, course=Course((Inside("/project/a.py", 2),)))
    control = Leaving()
    one = standing(control)
    one.flush = lambda: events.append(f"flush {len(control.left)}")
    one.on_fork = lambda: events.append(f"fork {len(control.left)}")
    one.on_resume = lambda orders: events.append(f"resume {orders is go}")
    assert not one.before("/project/settings.py")
    assert events == ["flush 0", "fork 1"]
    control.go = go
    events.clear()
    assert one.inside(Inside("/project/x.py", 1))
    assert events == ["flush 1", "fork 2", "resume True"]
    # From here on by the new places.
    assert one.line_in("/project/a.py") == 2


def test_real_files_are_no_matter(tmp_path: Path) -> None:
    """The project is told by its roots; a file of it that is executed from elsewhere is none of it."""
    control = Leaving()
    one = standing(control)
    imported("call()", lambda: one.before("/project/x.py"), str(tmp_path / "outer.py"))
    assert control.left == [((), None)]
