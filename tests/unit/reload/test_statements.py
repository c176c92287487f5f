"""How many statements two texts of a module have in common, from the beginning."""

import ast

import pytest

from afresh.reload.statements import common_statements, first_lines

from .edits import EDITS

COMMON = [
    ("a = 1\nb = 2\nc = 3\n", "a = 1\nb = 2\nc = 4\n", 2),
    ("a = 1\nb = 2\n", "a = 1\nb = 2\n", 2),
    ("a = 1\nb = 2\n", "a = 1\nb = 2\nc = 3\n", 2),
    ("a = 1\nb = 2\n", "a = 1\n", 1),
    ("a = 1\nb = 2\n", "a = 1\nnew = 0\nb = 2\n", 1),
    ("a = 1\nb = 2\n", "a = 1\n# a comment\nb = 2\n", 1),
    ("a = 1\nb = 2\n", "# a comment\na = 1\nb = 2\n", 0),
    ("# one\na = 1\nb = 2\n", "# two\na = 1\nb = 2\n", 0),
    ("a = 1\nb = 2\n", "a = 1  # why\nb = 2\n", 1),
    ("a = 1\nb = 2\n", "a = 12\nb = 2\n", 0),
    ("a = 1\nb = 2\n", "a = 1 + 2\nb = 2\n", 0),
    ("a = 1\nb = 2\n", "a = (1\n)\nb = 2\n", 0),
    ("a = 1; b = 2\n", "a = 1; b = 3\n", 1),
    ("a = 1", "a = 1\n", 1),
    ("", "a = 1\n", 0),
    ("a = 1\n", "", 0),
    ("if x:\n    a = 1\nb = 2\n", "if x:\n    a = 1\n    c = 1\nb = 2\n", 0),
    ("if x:\n    a = 1\nb = 2\n", "if x:\n    a = 1\nelse:\n    a = 2\nb = 2\n", 0),
    # Decorators belong to what they decorate.
    ("a = 1\n@one\ndef f(): pass\nb = 2\n", "a = 1\n@two\ndef f(): pass\nb = 2\n", 1),
    ("a = 1\ndef f(): pass\n", "a = 1\n@two\ndef f(): pass\n", 1),
    ("a = 1\n@one\n@two\nclass C: pass\n", "a = 1\n@one\n@too\nclass C: pass\n", 1),
    # Texts with more than one line or one byte to a letter.
    ('a = """\nx\n"""\nb = 2\n', 'a = """\ny\n"""\nb = 2\n', 0),
    ('a = "äöü"; b = 2\n', 'a = "äöü"; b = 3\n', 1),
    ('a = "äöü"; b = 2\n', 'a = "äöü"; bb = 2\n', 1),
    ('a = "äö"; b = 2\n', 'a = "äü"; b = 2\n', 0),
    # The docstring is the first statement.
    ('"""One."""\na = 1\n', '"""Two."""\na = 1\n', 0),
    ("a = 1\n", '"""New."""\na = 1\n', 0),
    ('"""Old."""\na = 1\n', "a = 1\n", 0),
    ('"""Doc."""\na = 1\n', '"""Doc."""\na = 2\n', 1),
    # What is imported from __future__ acts on all of the module.
    ("from __future__ import annotations\na = 1\n", "from __future__ import annotations\na = 2\n", 1),
    ("from __future__ import annotations\na = 1\n", "a = 1\n", 0),
    ('"""Doc."""\na = 1\n', '"""Doc."""\nfrom __future__ import annotations\na = 1\n', 0),
    (
        '"""Doc."""\nfrom __future__ import division\na = 1\n',
        '"""Doc."""\nfrom __future__ import division, annotations\na = 1\n',
        0,
    ),
    # So does the first annotation, wherever it stands.
    ("a = 1\nb = 2\n", "a = 1\nb: int = 2\n", 0),
    ("a = 1\nif a:\n    b = 2\n", "a = 1\nif a:\n    b: int = 2\n", 0),
    ("a = 1\ntry:\n    b = 2\nexcept E:\n    c: int\n", "a = 1\ntry:\n    b = 2\nexcept E:\n    c = 1\n", 0),
    ("a: int = 1\nb = 2\n", "a: int = 1\nb: int = 2\n", 1),
    ("a = 1\ndef f():\n    b = 2\n", "a = 1\ndef f():\n    b: int = 2\n", 1),
    ("a = 1\nclass C:\n    b = 2\n", "a = 1\nclass C:\n    b: int = 2\n", 1),
    # What cannot be parsed would not have run at all.
    ("a = 1\nb = 2\n", "a = 1\nb = = 2\n", 0),
    ("a = 1\nb = = 2\n", "a = 1\nb = 2\n", 0),
    ("a = 1\nb = 2\n", "a = 1\nb = 2\0\n", 0),
]


@pytest.mark.parametrize(("old", "new", "count"), COMMON)
def test_common_statements(old: str, new: str, count: int) -> None:
    assert common_statements(old.encode(), new.encode()) == count


ENCODED = [
    # The same text in other bytes.
    (b"a = 1\nb = 2\n", b"a = 1\r\nb = 2\r\n", 2),
    (b"a = 1\nb = 2\n", b"a = 1\rb = 2\r", 2),
    (b"a = 1\nb = 2\n", b"\xef\xbb\xbfa = 1\nb = 2\n", 2),
    (b'a = """1\r\n2"""\r\nb = 2\r\n', b'a = """1\n2"""\nb = 3\n', 1),
    # The same bytes are another text.
    (b"# coding: latin-1\na = '\xe4'\n", b"# coding: latin-9\na = '\xe4'\n", 0),
    (b"# coding: latin-1\na = '\xe4'; b = 1\n", b"# coding: latin-1\na = '\xe4'; b = 2\n", 1),
    # No text at all.
    (b"a = 1\n", b"a = 1\nb = '\xe4'\n", 0),
    (b"a = 1\n", b"# coding: klingon\na = 1\n", 0),
]


@pytest.mark.parametrize(("old", "new", "count"), ENCODED)
def test_common_statements_are_those_of_the_text_not_of_the_bytes(old: bytes, new: bytes, count: int) -> None:
    assert common_statements(old, new) == count


def statements(text: str) -> list[tuple[str, str | None]]:
    """Each top-level statement with all its positions, and as it is written."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    tree = ast.parse(text)
    return [(ast.dump(each, include_attributes=True), ast.get_source_segment(text, each)) for each in tree.body]


def test_what_is_common_is_the_same_at_the_same_place_and_what_follows_is_not() -> None:
    for edit in EDITS:
        if "coding" in edit.new:
            continue
        count = common_statements(edit.old.encode(), edit.new.encode())
        old, new = statements(edit.old), statements(edit.new)
        assert old[:count] == new[:count], edit.name
        acts_on_all = "__future__" in edit.old + edit.new or (": int" in edit.old) != (": int" in edit.new)
        assert acts_on_all or old[: count + 1] != new[: count + 1] or count == len(old) == len(new), edit.name


def test_a_questionable_escape_is_for_python_to_warn_of() -> None:
    source = b"a = '\\d'\nb = 2\n"
    assert common_statements(source, source) == 2


def test_first_lines_include_decorators() -> None:
    source = b'"""Doc."""\n\n# why\nimport a; import b\n\n@one\n@two\ndef f():\n    pass\n\nclass C:\n    x = 1\n'
    assert first_lines(source) == (1, 4, 4, 6, 11)
