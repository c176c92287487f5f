"""What was answered once and stayed: several kinds of file in one save."""

import itertools
from collections.abc import Callable, Iterator

from .base import Project, Save, deleted, edited, renamed_over, written

SPACINGS = (0.0, 0.001, 0.005, 0.02, 0.05)


def both_kinds(old: int, new: int, style: Callable[[str, str], Save]) -> list[Save]:
    """A function's body, a statement of the module, and a template."""
    views = "site1/views.py"
    return [
        edited(views, f"'b{old}'", f"'b{new}'"),
        edited(views, f"'c{old}'", f"'c{new}'"),
        style("templates/p.html", "{{ a }}|t" + str(new)),
    ]


def test_code_and_a_template_in_one_save(project: Project) -> None:
    """In every order, at once and apart: `git checkout`, "save all", find and replace."""
    rounds: Iterator[int] = itertools.count(1)
    with project.serve() as served:
        assert served.get() == "b0c0|t0"
        for style, spacing in itertools.product((written, renamed_over), SPACINGS):
            for order in ((0, 2), (2, 0), (0, 1, 2), (2, 1, 0), (1, 2)):
                new = next(rounds)
                saves = both_kinds(new - 1, new, style)
                served.save(*(saves[number] for number in order), spacing=spacing)
                body, statement = (new if number in order else new - 1 for number in (0, 1))
                assert served.get() == f"b{body}c{statement}|t{new}", (order, spacing)
                served.save(*(saves[number] for number in range(3) if number not in order))
                assert served.get() == f"b{new}c{new}|t{new}"


def test_deletions_and_renames_beside_code(project: Project) -> None:
    """A template that goes uncovers another one; one that is renamed over it covers it again."""
    project.write({"app1/__init__.py": "", "app1/templates/p.html": "{{ a }}|beneath"})
    project.apps("app1")
    with project.serve() as served:
        assert served.get() == "b0c0|t0"
        for number in range(1, 9):
            body = edited("site1/views.py", f"'b{number - 1}'", f"'b{number}'")
            is_gone = number % 2 == 1
            template = deleted("templates/p.html") if is_gone else renamed_over("templates/p.html", "{{ a }}|t0")
            saves = (body, template) if number % 4 < 2 else (template, body)
            served.save(*saves, spacing=SPACINGS[number % len(SPACINGS)])
            assert served.get() == f"b{number}c0|{'beneath' if is_gone else 't0'}"
