"""Where two texts of a module part, and down to where they are the same."""

import ast
import textwrap

import pytest

from afresh.reload.statements import begins_alike, boundary, conditions, parting

from .edits import EDITS

PARTINGS = [
    ("a = 1\nb = 2\n", "a = 1\nb = 3\n", 2),
    ("a = 1\nb = 2\n", "# why\na = 1\nb = 2\n", 1),
    ("a = 1\nb = 2\n", "a = 1\n", 2),
    ("a = 1\n", "a = 1\nb = 2\n", 2),
    ("a = 1", "a = 1\n", 1),
    ("a = 1\n", "a = 1\n", 2),
    ("a = 1\r\nb = 2\r\n", "a = 1\nb = 2\n", 1),
    ("", "", 1),
]


@pytest.mark.parametrize(("old", "new", "line"), PARTINGS)
def test_parting(old: str, new: str, line: int) -> None:
    assert parting(old.encode(), new.encode()) == line


BOUNDARIES = [
    ("nothing above", "a = 1\nb = 2\n", 1, 0),
    ("between two", "a = 1\nb = 2\n", 2, 2),
    ("behind the last", "a = 1\nb = 2\n", 9, 3),
    ("in the middle of one", "a = 1\nb = (\n    2,\n)\n", 3, 2),
    ("right below the one above", "a = 1\n\n# why\n\nb = 2\n", 5, 2),
    ("in a line with two", "a = 1; b = 2\nc = 3\n", 2, 2),
    ("two that share a line", "a = 1\nb = (\n); c = (\n)\nd = 1\n", 3, 2),
    ("above decorators", "a = 1\n@one\n@two\ndef f(): pass\n", 4, 2),
    ("in a text with quotes", 'a = 1\nb = """\nc = 1\nd = 2\n"""\n', 4, 2),
    ("below a docstring", '"""Doc."""\na = 1\n', 2, 2),
    ("below an import from the future", "from __future__ import annotations\na = 1\n", 2, 2),
    ("above an import from the future", '"""Doc."""\nfrom __future__ import annotations\na = 1\n', 2, 0),
    ("a line that is continued", "a = 1\\\n\nb = 2\n", 3, 0),
    ("syntax error", "a = 1\nb = = 2\n", 2, 0),
    ("carriage returns", "a = 1\rb = 2\r", 2, 2),
    ("coding", "# coding: latin-1\na = 1\nb = 2\n", 3, 0),
    ("coding as usual", "# -*- coding: UTF-8 -*-\na = 1\nb = 2\n", 3, 3),
    ("no coding, but a text that says so", "a = 1\nb = '# coding: hex'\nc = 1\n", 3, 3),
]


@pytest.mark.parametrize(("text", "line", "place"), [row[1:] for row in BOUNDARIES], ids=[row[0] for row in BOUNDARIES])
def test_boundary(text: str, line: int, place: int) -> None:
    assert boundary(text.encode(), line) == place


def test_a_questionable_escape_is_for_python_to_warn_of() -> None:
    assert boundary(b"a = '\\d'\nb = 2\n", 2) == 2


def test_what_cannot_be_read_has_no_boundary() -> None:
    assert boundary(b"a = 1\nb = '\xe4'\n", 2) == 0
    assert boundary(b"a = 1\nb = 2\0\n", 2) == 0


# Old text, new text, a boundary of the old one; whether what is above it is the same statements in both.
ALIKE = [
    ("a = 1\nb = 2\n", "a = 1\nb = 3\n", 2, True),
    ("a = 1\nb = 2\n", "a = 1\n", 2, True),
    ("a = 1\nb = 2\n", "a = 1\n\n# why\n    # why\n\nc = 2\n", 2, True),
    ("a = 1\nb = 2\n", "a = 2\nb = 2\n", 2, False),
    ("a = 1\nb = 2\n", "# why\na = 1\nb = 2\n", 2, False),
    ("if x:\n    a = 1\nb = 2\n", "if x:\n    a = 1\n    c = 1\nb = 2\n", 3, False),
    ("if x:\n    a = 1\nb = 2\n", "if x:\n    a = 1\n# why\n    c = 1\nb = 2\n", 3, False),
    ("if x:\n    a = 1\nb = 2\n", "if x:\n    a = 1\nelse:\n    a = 2\n", 3, False),
    ("if x:\n    a = 1\nb = 2\n", "if x:\n    a = 1\n\nelif y: a = 2\n", 3, False),
    ("try:\n    a = 1\nfinally: pass\nb = 2\n", "try:\n    a = 1\nfinally: pass\nfinally_ = 2\n", 4, True),
    ("for x in y:\n    a = 1\nb = 2\n", "for x in y:\n    a = 1\nelsewhere = 2\n", 3, True),
    ("a = 1\nb = 2\n", "a = 1\n@two\ndef f(): pass\n", 2, True),
    ("a = 1\nb = 2\n", "a = 1\n(b) = 2\n", 2, True),
    ("a = 1\nb = 2\n", "a = 1\n\\\nb = 2\n", 2, False),
]


@pytest.mark.parametrize(("old", "new", "line", "alike"), ALIKE)
def test_begins_alike(old: str, new: str, line: int, alike: bool) -> None:
    assert boundary(old.encode(), line) == line
    assert begins_alike(line, old.encode(), new.encode()) == alike


def test_any_edit_that_begins_alike_has_the_same_statements_above() -> None:
    checked = 0
    for edit in EDITS:
        try:
            old, new = ast.parse(edit.old), ast.parse(edit.new)
        except SyntaxError:
            continue
        for line in range(2, edit.old.count("\n") + 2):
            place = boundary(edit.old.encode(), line)
            if place and begins_alike(place, edit.old.encode(), edit.new.encode()):
                above = [
                    [ast.dump(each, include_attributes=True) for each in tree.body if each.lineno < place]
                    for tree in (old, new)
                ]
                assert above[0] == above[1], edit.name
                checked += 1
    assert checked > 20


CONDITIONS = [
    ("a = 1", "b = 1", True),
    ("from __future__ import annotations", "from __future__ import annotations\na = 1", True),
    ("from __future__ import annotations", "a = 1", False),
    ("a = 1", "a: int = 1", False),
    ("a = 1\nif a:\n    b: int", "a: int = 1", True),
    ("a = 1", "a = 1\ntry:\n    b = 2\nexcept E:\n    c: int", False),
    ("def f():\n    a = 1", "def f():\n    a: int = 1", True),
    ("class C:\n    a = 1", "class C:\n    a: int = 1", True),
]


@pytest.mark.parametrize(("one", "other", "same"), CONDITIONS)
def test_conditions(one: str, other: str, same: bool) -> None:
    first, second = (compile(textwrap.dedent(text), "file", "exec", dont_inherit=True) for text in (one, other))
    assert (conditions(first) == conditions(second)) == same
