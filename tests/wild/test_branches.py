"""Branches of a repository: one command changes code, templates and modules, adds some and takes others away.

As in open-wc/open-wc#930: after a branch was left and entered again, a development server went on with what it had.
"""

import subprocess
from pathlib import Path

from .base import Project, Tried, edited

OTHER = {
    "site1/views.py": (
        "from django.shortcuts import render\n\nfrom site1.top import TOP\n\n\n"
        "def page(request):\n    a = 'b1'\n    return render(request, 'p.html', {'a': a + TOP})\n"
    ),
    "site1/top.py": "TOP = 'c1'\n",
    "templates/p.html": "{{ a }}|t1",
}


def git(root: Path, *arguments: str) -> None:
    name = ("-c", "user.name=baker", "-c", "user.email=baker@example.org", "-c", "core.hooksPath=/dev/null")
    subprocess.run(["git", *name, *arguments], cwd=root, check=True, capture_output=True)


def test_each_branch_and_each_edit_of_one_is_served(project: Project) -> None:
    root = project.root
    (root / ".gitignore").write_text("__pycache__/\n*.sqlite3\n")
    git(root, "init", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--message=one")
    git(root, "switch", "--create=other")
    project.write(OTHER)
    git(root, "add", ".")
    git(root, "commit", "--message=two")
    git(root, "switch", "main")
    with project.serve() as served:
        assert served.get() == "b0c0|t0"
        for number in range(2):
            visit_both(served, root, str(2 + number))


def visit_both(served: Tried, root: Path, digit: str) -> None:
    git(root, "switch", "other")
    assert served.get() == "b1c1|t1"
    served.save(edited("site1/views.py", "b1", f"b{digit}"), edited("templates/p.html", "t1", f"t{digit}"))
    assert served.get() == f"b{digit}c1|t{digit}"
    git(root, "stash")
    assert served.get() == "b1c1|t1"
    git(root, "switch", "main")
    assert served.get() == "b0c0|t0"
    served.save(edited("templates/p.html", "t0", f"t{digit}"), edited("site1/views.py", "b0", f"b{digit}"))
    assert served.get() == f"b{digit}c0|t{digit}"
    git(root, "checkout", ".")
    assert served.get() == "b0c0|t0"
    git(root, "stash", "drop")
