"""Code that is made from that of a text before is what the compiler makes of the whole text."""

import random
import re
import sys
import textwrap
from pathlib import Path

import pytest

import django
from afresh.source.recompile import recompiled

TEXT = textwrap.dedent("""\
    '''About the module.'''
    from __future__ import annotations
    import copy
    import os.path as paths
    from random import choice

    LIMIT = 3


    @staticmethod
    def plain(a, b=LIMIT, *, c: int = 2) -> int:
        '''About the function.'''
        def inner():
            return a, __private
        value = copy.copy(paths.join("a", "b"))
        return inner, value, 1


    class Base:
        limit = LIMIT

        @property
        def first(self):
            return self.limit

        async def second(self, given=(1, 2.0)):
            self.seen = 1
            async with given as item:
                yield item, 1.0, True
                return

        class Inner(object):
            def third(self, value=None):
                return super().third(value), choice(value)


    def last(x):
        return x + 1, '''
    as far as here'''


    TAIL = last(2)
    """)

MADE = {
    "a function": ("value, 1", "value, 2"),
    "a comment": ("value, 1", "value, 1  # one"),
    "a nested function": ("return a, __private", "return b, __private"),
    "a closure less": ("return a, __private", "return 0, __private"),
    "a decorated method": ("return self.limit", "return copy.limit"),
    "a coroutine": ("yield item, 1.0, True", "yield item, 1, 1.0"),
    "a method of an inner class": ("super().third(value), choice", "super().other(value), Choice"),
    "names that classes mangle": ("super().third(value)", "super().__ird(value)"),
    "an attribute of a class": ("    limit = LIMIT", "    limit = 3"),
    "a docstring": ("About the function.", "About it."),
}
NOT_MADE = {
    "a global": ("self.seen = 1", "global LIMIT; LIMIT = self.seen = 1"),
    "a statement of the module": ("LIMIT = 3", "LIMIT = 4"),
    "another line": ("self.seen = 1", "self.seen = 1\n        self.known = 2"),
    "a default": ("b=LIMIT", "b=3"),
    "a default that is equal": ("(1, 2.0)", "(1, 2)"),
    "a decorator": ("@property", "@staticmethod"),
    "a new name": ("def last", "def final"),
    "the first super()": ("return self.limit", "return super().limit"),
    "the length of a last line": ("return self.limit", "return self.limit + 1"),
    "two functions": ("return self.limit\n\n    async def second(", "return 0\n\n    async def other("),
    "a string that looks like the end": ("return x + 1, '''", "return x + 2, '''"),
    "what cannot be compiled": ("value, 1", "value, ("),
    "nothing": ("value, 1", "value, 1"),
}
if sys.version_info >= (3, 13):  # classes know them
    NOT_MADE["an attribute that is set"] = ("self.seen = 1", "self.known = 1")


def made(before: str, after: str) -> bool:
    """Whether the code was made from that before; it must be right then."""
    old = compile(before, "/p/module.py", "exec", dont_inherit=True)
    found = recompiled(before.encode(), old, after.encode(), optimize=-1)
    if found is not None:
        assert found == compile(after, "/p/module.py", "exec", dont_inherit=True)
    return found is not None


@pytest.mark.parametrize(("old", "new"), MADE.values(), ids=MADE.keys())
def test_made(old: str, new: str) -> None:
    assert old in TEXT
    assert made(TEXT, TEXT.replace(old, new))


@pytest.mark.parametrize(("old", "new"), NOT_MADE.values(), ids=NOT_MADE.keys())
def test_not_made(old: str, new: str) -> None:
    assert old in TEXT
    assert not made(TEXT, TEXT.replace(old, new))


@pytest.mark.parametrize("odd", ["\f", "\v", "\r"])
def test_odd_ends_of_lines(odd: str) -> None:
    text = TEXT.replace("LIMIT = 3", f"LIMIT = 3{odd}" if odd == "\r" else f"LIMIT = '{odd}'")
    assert not made(text, text.replace("value, 1", "value, 2"))


def test_another_coding() -> None:
    text = f"# coding: latin-1\n{TEXT}".encode("latin-1")
    code = compile(text, "/p/module.py", "exec", dont_inherit=True)
    assert recompiled(text, code, text.replace(b"value, 1", b"value, 2"), optimize=-1) is None


def test_optimized() -> None:
    old = compile(TEXT, "/p/module.py", "exec", dont_inherit=True, optimize=2)
    after = TEXT.replace("value, 1", "value, 2")
    found = recompiled(TEXT.encode(), old, after.encode(), optimize=2)
    assert found == compile(after, "/p/module.py", "exec", dont_inherit=True, optimize=2)


LINES = (
    "pass; x = 7",
    "return super().method(), __private",
    "yield lambda: (x, 1.0, -0.0, True)",
    "self.unknown = os.path.join(copy.copy(choice))",
    "for each in [*self]: import json",
)


@pytest.mark.parametrize("seed", range(40))
def test_files_that_nobody_here_wrote(seed: int) -> None:
    """Django's own, with lines exchanged at random: seldom is it too much to ask for."""
    random.seed(seed)
    files = sorted(Path(django.__file__).parent.glob("contrib/**/*.py"))
    count = 0
    for file in random.sample(files, 10):
        text = file.read_text(encoding="utf-8")
        lines = text.split("\n")
        inner = [number for number, line in enumerate(lines) if re.match(r"\s+(return|if|self|[a-z_]+ =)", line)]
        for number in random.sample(inner, min(3, len(inner))):
            changed = list(lines)
            changed[number] = re.sub(r"\S.*", lambda _: random.choice(LINES), lines[number], count=1)
            after = "\n".join(changed)
            try:
                compile(after, "/p/module.py", "exec", dont_inherit=True)
            except SyntaxError:
                assert not made(text, after)
            else:
                count += made(text, after)
    assert count or not seed % 4
