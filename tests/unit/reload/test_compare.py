"""What an edit changed, told from compiled code."""

import itertools
import marshal
import sys
from types import CodeType
from typing import Any

import pytest

from afresh.reload.compare import (
    HAS_CLASS_NOTES,
    Comparison,
    Place,
    are_functions_equal,
    at_position,
    class_notes,
    compare,
    nested,
    outermost,
    pairs,
    replaced,
)

from .edits import EDITS, Edit

monitoring: Any = getattr(sys, "monitoring", None)


def compiled(source: str | bytes) -> CodeType:
    data = source.encode() if isinstance(source, str) else source
    return compile(data, "/p/m.py", "exec", dont_inherit=True)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_edits(edit: Edit) -> None:
    comparison = compare(compiled(edit.old), compiled(edit.new))
    assert comparison.obstacle.startswith(edit.obstacle)
    assert bool(comparison.obstacle) == bool(edit.obstacle)
    assert tuple(place.qualname for place in comparison.changed) == edit.changed


def test_an_edit_and_its_undo_change_nothing() -> None:
    for text in {text for edit in EDITS for text in (edit.old, edit.new)}:
        assert compare(compiled(text), compiled(text)) == Comparison()


def test_a_place_says_where_the_function_was() -> None:
    old = "x = lambda: 0\nclass C:\n    def e(self): return 0\n\n    def f(self): return 1\n"
    new = "x = lambda: 0\n\n" + old.partition("\n")[2].replace("1", "2")
    assert compare(compiled(old), compiled(new)) == Comparison((Place((1, 1), "C.f", 5),), moved=True)


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        ("def f(): return 1\n", "def f(): return 1 # why\n", False),
        ("def f(): return 1\n", "\ndef f(): return 1\n", True),
        ("def f(): return 1\n", "def f():\n    return 1\n", True),
        ("def f(): return 1\n", "def f(): return 2\n", False),
        ("def f(): return 1\ndef g(): return 1\n", "def f(): return 2\n\ndef g(): return 1\n", True),
        ("class C:\n    x = 5\n", "\nclass C:\n    x = 5\n", True),
    ],
)
def test_whether_anything_but_what_changed_has_moved(old: str, new: str, moved: bool) -> None:
    assert compare(compiled(old), compiled(new)).moved is moved


def test_columns_count_as_lines_do() -> None:
    old, new = compiled("def f(a): return a[0]\n"), compiled("def f(a): return  a[0]\n")
    assert compare(old, new) == Comparison(moved=True)


ALIKE = ["0", "0.0", "-0.0", "0j", "-0j", "False", "None", "''", "b''", "()", "..."]


@pytest.mark.parametrize("texts", list(itertools.combinations(ALIKE, 2)), ids=" and ".join)
def test_constants_that_are_equal_or_alike_are_told_apart(texts: tuple[str, str]) -> None:
    for template in ("x = {}\n", "x = ({}, 1)\n", "x = 1 in ({}, ('a', {}))\n"):
        old, new = (compiled(template.replace("{}", text)) for text in texts)
        assert compare(old, new).obstacle == "the statements of the module"


def test_not_a_number_is_the_constant_that_it_was() -> None:
    # Not one object, as texts compiled in two processes.
    text = "def f(): return 1e999 - 1e999, -(1e999 - 1e999)\n"
    assert compare(compiled(text), compiled(text)) == Comparison()
    old, new = compiled("x = 0.5\n"), compiled("x = 0.5\n")
    old, new = (code.replace(co_consts=(float("nan"), *code.co_consts[1:])) for code in (old, new))
    assert compare(old, new) == Comparison()


def test_below_what_changed_nothing_is_paired() -> None:
    text = "def f():\n    def g(): return 1\n    return g\n"
    both, _ = pairs(compiled(text), compiled(text.replace("return g", "return g()")))
    assert [pair.position for pair in both] == [(), (0,)]


def test_what_changed_inside_a_function_is_a_change_of_that_function() -> None:
    text = "class C:\n    def f(self):\n        class D:\n            def g(self, a): pass\n"
    old, new = compiled(text), compiled(text.replace("self, a", "self"))
    assert [place.qualname for place in compare(old, new).changed] == ["C.f"]


TEXTS = "class A:\n    def f(self):\n        return lambda: 'one'\n\n    def g(self):\n        return 1\n\nx = 1\n"


@pytest.mark.parametrize(
    ("new", "equal"),
    [
        pytest.param(TEXTS.replace("'one'", "'two'"), True, id="as long as before"),
        pytest.param(TEXTS.replace("'one'", "'three'"), True, id="the class ends in another column"),
        pytest.param(TEXTS.replace("\n\n    def g", "\n\n\n    def g").replace("'one'", "'two'"), False, id="moved"),
        pytest.param(TEXTS.replace("return lambda: 'one'", "self.x = 1"), HAS_CLASS_NOTES is False, id="notes"),
    ],
)
def test_a_tree_with_the_changed_functions_of_another(new: str, equal: bool) -> None:
    before, after = compiled(TEXTS), compiled(new)
    places = [outermost(after, place.position) for place in compare(before, after).changed]
    assert places == [(0, 0)]
    made = replaced(before, {position: at_position(after, position) for position in places})
    assert [at_position(made, position) for position in places] == [at_position(after, each) for each in places]
    assert are_functions_equal(made, after) is equal
    assert not are_functions_equal(before, after)


def test_positions_that_are_not_there() -> None:
    code = compiled(TEXTS)
    with pytest.raises(IndexError):
        at_position(code, (0, 2))
    with pytest.raises(IndexError):
        replaced(code, {(0, 2): code})


@pytest.mark.skipif(sys.version_info < (3, 13), reason="classes do not know their lines")
def test_class_notes() -> None:
    module = compiled("\n\nclass C:\n    x = 3\n    def f(self): self.b = self.a = 1\n")
    (body,) = nested(module)
    assert class_notes(body) == {"__firstlineno__": 3, "__static_attributes__": ("a", "b")}
    assert class_notes(module) == class_notes(nested(body)[0]) == {}


def run_specialised(module: CodeType) -> None:
    namespace: dict[str, object] = {}
    exec(module, namespace)
    function = namespace["f"]
    assert callable(function)
    for _ in range(100):
        function([1, 2])


SPECIALISED = "def f(a):\n    x = 0\n    for b in a:\n        x += b\n    return len(a) + x + a[0]\n"


def test_specialised_instructions_are_those_that_were_compiled() -> None:
    old, new = compiled(SPECIALISED), compiled(SPECIALISED)
    run_specialised(old)
    assert compare(old, new) == Comparison()


@pytest.mark.skipif(monitoring is None, reason="no sys.monitoring")
def test_monitored_instructions_are_those_that_were_compiled() -> None:
    old, new = compiled(SPECIALISED), compiled(SPECIALISED)
    events = monitoring.events
    tool = 4
    monitoring.use_tool_id(tool, "test")
    try:
        for event in (events.LINE, events.INSTRUCTION, events.PY_START, events.PY_RETURN, events.CALL, events.BRANCH):
            monitoring.register_callback(tool, event, lambda *_: None)
            monitoring.set_events(tool, event)
            run_specialised(old)
            assert compare(old, new) == Comparison()
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)


def test_code_that_was_stored_is_compared_as_compiled() -> None:
    for edit in EDITS:
        code = compiled(edit.old)
        assert compare(marshal.loads(marshal.dumps(code)), code) == Comparison()


def test_other_bytes_for_the_same_text() -> None:
    utf8, latin = "x = 'ä'\n".encode(), "# coding: latin-1\nx = 'ä'\n".encode("latin-1")
    assert compare(compiled(utf8), compiled(latin)) == Comparison(moved=True)
    assert compare(compiled(utf8), compiled(b"\xef\xbb\xbf" + utf8)) == Comparison()
