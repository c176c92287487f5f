"""A generated Django project as a value, and the files that it is on disk."""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from .blocks import MANAGE, PAGE, REGISTRY, ROLES, TEMPLATES

Tree = Mapping[str, bytes]

FORMS = ("plain", "latin", "bom", "crlf")
"""How a module's text becomes bytes: as UTF-8, with an encoding line, with a byte order mark, with CRLF line ends."""


@dataclass(frozen=True)
class Block:
    """One piece of code: a template, its number, and which alternative each slot has."""

    template: str
    number: int
    chosen: Mapping[str, int]

    def text(self) -> str:
        """The code."""
        template = TEMPLATES[self.template]
        filled = re.sub(r"\$\{(\w+)\}", lambda slot: template.slots[slot[1]][self.chosen[slot[1]]], template.text)
        return re.sub(r"[ \t]+\n", "\n", filled.replace("$n", str(self.number)))

    @property
    def is_view(self) -> bool:
        """Whether it defines a view that the URLs name."""
        return self.template.endswith("view")


@dataclass(frozen=True)
class Module:
    """One source file. `broken`: a line at its end that keeps it from loading; `comments`: lines before its blocks."""

    role: str
    blocks: tuple[Block, ...]
    imports: tuple[str, ...] = ()
    comments: int = 0
    blanks: int = 0
    future: bool = False
    doc: str = "A module, généré."
    form: str = "plain"
    broken: str = ""

    def text(self, more: str = "") -> str:
        """The source, `more` coming after its blocks."""
        head = ROLES[self.role].head
        imports = "".join(f"{line}\n" for line in self.imports)
        parts = [
            "# -*- coding: latin-1 -*-\n" if self.form == "latin" else "",
            f'"""{self.doc}"""\n',
            "from __future__ import annotations\n" if self.future else "",
            f"{head}{imports}",
            "".join(f"# comment {number}\n" for number in range(self.comments)),
            "\n" * self.blanks,
            "".join(f"\n\n{block.text()}" for block in self.blocks),
            f"\n\n{more}" if more else "",
            self.broken,
        ]
        return "".join(parts)

    def data(self, more: str = "") -> bytes:
        """The bytes of the file."""
        text = self.text(more)
        if self.form == "latin":
            return text.encode("latin-1")
        if self.form == "crlf":
            text = text.replace("\n", "\r\n")
        return text.encode("utf-8-sig" if self.form == "bom" else "utf-8")


@dataclass(frozen=True)
class Project:
    """Modules and other files by path; `before` is the project as it was before the last edit, for an undo."""

    modules: Mapping[str, Module]
    files: Mapping[str, str]
    next_number: int
    before: "Project | None" = field(default=None, compare=False, repr=False)

    def with_module(self, path: str, module: Module) -> "Project":
        """With one module put in or replaced, which keeps its place."""
        return replace(self, modules={**self.modules, path: module})

    def without_module(self, path: str) -> "Project":
        """With one module less."""
        return replace(self, modules={name: module for name, module in self.modules.items() if name != path})

    def with_files(self, files: Mapping[str, str]) -> "Project":
        """With other files put in."""
        return replace(self, files={**self.files, **files})

    def without_file(self, path: str) -> "Project":
        """With one other file less."""
        return replace(self, files={name: text for name, text in self.files.items() if name != path})

    def tree(self) -> Tree:
        """What is on disk."""
        sources = {path: module.data(self._urls(path)) for path, module in self.modules.items()}
        return {**sources, **{path: text.encode() for path, text in self.files.items()}}

    def views(self) -> Iterator[tuple[str, int]]:
        """App and number of each view."""
        for path, module in self.modules.items():
            if module.role == "views":
                yield from ((path.partition("/")[0], block.number) for block in module.blocks if block.is_view)

    def pages(self) -> tuple[str, ...]:
        """Paths of the pages to ask for: the first view of each app and the last few."""
        every = [f"/{app}/v{number}/" for app, number in self.views()]
        return tuple(dict.fromkeys([*every[:3], *every[-2:]]))

    def _urls(self, path: str) -> str:
        if not path.endswith("/urls.py"):
            return ""
        app = path.partition("/")[0]
        if app == "site_of_tests":
            return _ROOT_URLS
        rows = [f'    path("v{number}/", views.view_{number}),' for owner, number in self.views() if owner == app]
        # Odd numbers by another class of pattern.
        rows = [re.sub(r'path\("(v\d*[13579])/"', r're_path(r"^\1/$"', row) for row in rows]
        return "\n".join(["urlpatterns = [", *rows, "]"]) + "\n"


_ROOT_URLS = """from django.contrib import admin

urlpatterns = [
    path("admin/", admin.site.urls),
    path("alpha/", include("alpha.urls")),
    path("beta/", include(("beta.urls", "beta"), namespace="beta")),
]
"""

_APP = {
    "__init__.py": "init",
    "apps.py": "apps",
    "helpers.py": "general",
    "models.py": "models",
    "forms.py": "forms",
    "admin.py": "admin",
    "signals.py": "signals",
    "middleware.py": "middleware",
    "templatetags/__init__.py": "init",
    "lazy.py": "leaf",
    "views.py": "views",
    "urls.py": "urls",
}

_OTHERS = {
    "core/__init__.py": "init",
    "core/context.py": "context",
    "core/handler.py": "handler",
    "core/bits.py": "general",
    "tools/__init__.py": "init",
    "tools/first.py": "leaf",
    "tools/second.py": "leaf",
    "site_of_tests/__init__.py": "init",
    "site_of_tests/settings.py": "settings",
    "site_of_tests/urls.py": "root_urls",
}

# Slots whose first alternative a project starts with, so that it starts and answers.
_STEADY = frozenset({"view_body", "called", "members", "decorator"})


def generate(dice: random.Random, blocks: int = 3) -> Project:
    """A project with about so many blocks in each module."""
    project = Project({}, _files(), 1)
    places = {**_OTHERS, **{f"{app}/{name}": role for app in ("alpha", "beta") for name, role in _APP.items()}}
    places |= {f"{app}/templatetags/{app}_tags.py": "tags" for app in ("alpha", "beta")}
    for path, role in places.items():
        if role == "root_urls":
            continue
        for name in ROLES[role].fixed:
            project = _grown(project, path, role, name, dice)
        pool = ROLES[role].pool
        wanted = 0 if not pool else 1 if role == "init" else dice.randint(blocks - 1, blocks + 1)
        for _ in range(wanted):
            project = _grown(project, path, role, dice.choice(pool), dice)
        if path not in project.modules:
            project = project.with_module(path, Module(role, ()))
    helpers = project.modules["alpha/helpers.py"]
    project = project.with_module("alpha/helpers.py", replace(helpers, imports=("from core import bits",)))
    return project.with_module("site_of_tests/urls.py", Module("root_urls", (), doc="All URLs."))


def _grown(project: Project, path: str, role: str, template: str, dice: random.Random) -> Project:
    module = project.modules.get(path, Module(role, ()))
    block = new_block(template, project.next_number, dice)
    grown = replace(module, blocks=(*module.blocks, block))
    return replace(project.with_module(path, grown), next_number=project.next_number + 1)


def new_block(template: str, number: int, dice: random.Random) -> Block:
    """A block with alternatives chosen by chance."""
    slots = TEMPLATES[template].slots
    return Block(
        template,
        number,
        {slot: 0 if slot in _STEADY else dice.randrange(len(choices)) for slot, choices in slots.items()},
    )


def _files() -> dict[str, str]:
    return {
        "manage.py": MANAGE,
        "core/registry.py": REGISTRY,
        "core/data/words.txt": "one two three four\n",
        "core/data/listed/a.txt": "",
        "core/data/listed/b.txt": "",
        "alpha/templates/alpha/page.html": PAGE,
        "notes.txt": "nobody reads this\n",
    }
