"""Edits of a generated project: a kind, and dice that say the rest. Pure: project in, project out.

An edit that does not apply (the module it wants is not there) changes nothing, so that any part of a sequence is again
a sequence: that is what lets a failure be cut down to the edits that matter.
"""

import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from .blocks import ROLES, TEMPLATES
from .generated import FORMS, Block, Module, Project, new_block


@dataclass(frozen=True)
class Edit:
    """`kind` is a key of `KINDS`; `dice` is the seed for what it leaves open."""

    kind: str
    dice: int

    def apply(self, project: Project) -> Project:
        """The project after the edit; equal to `project` where it does not apply."""
        if self.kind == "undo":
            return replace(project.before, before=replace(project, before=None)) if project.before else project
        edited = KINDS[self.kind][1](project, random.Random(self.dice))
        return project if edited is None or edited == project else replace(edited, before=replace(project, before=None))


Change = Callable[[Project, random.Random], Project | None]


def sequence(dice: random.Random, length: int) -> Iterator[Edit]:
    """So many edits. What is broken is mostly repaired by the next edit."""
    names = list(KINDS)
    weights = [KINDS[name][0] for name in names]
    kind = ""
    for _ in range(length):
        if kind == "break" and dice.random() < 0.7:
            kind = "repair"
        else:
            (kind,) = dice.choices(names, weights)
        yield Edit(kind, dice.randrange(2**32))


# ---- slots of blocks ----------------------------------------------------------------------------------------------


def _slots(project: Project, wanted: frozenset[str]) -> list[tuple[str, int, str]]:
    return [
        (path, index, slot)
        for path, module in project.modules.items()
        for index, block in enumerate(module.blocks)
        for slot in TEMPLATES[block.template].slots
        if slot in wanted
    ]


def _change_of(*slots: str) -> Change:
    wanted = frozenset(slots)

    def change(project: Project, dice: random.Random) -> Project | None:
        found = _slots(project, wanted)
        if not found:
            return None
        path, index, slot = dice.choice(found)
        module = project.modules[path]
        block = module.blocks[index]
        others = [one for one in range(len(TEMPLATES[block.template].slots[slot])) if one != block.chosen[slot]]
        return _with_block(project, path, index, replace(block, chosen={**block.chosen, slot: dice.choice(others)}))

    return change


def _with_block(project: Project, path: str, index: int, block: Block) -> Project:
    module = project.modules[path]
    blocks = (*module.blocks[:index], block, *module.blocks[index + 1 :])
    return project.with_module(path, replace(module, blocks=blocks))


# ---- blocks and lines ---------------------------------------------------------------------------------------------


def _any_module(project: Project, dice: random.Random, *roles: str) -> str:
    return dice.choice([path for path, module in project.modules.items() if not roles or module.role in roles])


def _changed(project: Project, path: str, **changes: object) -> Project:
    return project.with_module(path, replace(project.modules[path], **changes))  # type: ignore[arg-type]


def _add_block(project: Project, dice: random.Random) -> Project | None:
    path = dice.choice([path for path, module in project.modules.items() if ROLES[module.role].pool])
    module = project.modules[path]
    block = new_block(dice.choice(ROLES[module.role].pool), project.next_number, dice)
    at = dice.randint(len(ROLES[module.role].fixed), max(len(ROLES[module.role].fixed), len(module.blocks)))
    blocks = (*module.blocks[:at], block, *module.blocks[at:])
    return replace(_changed(project, path, blocks=blocks), next_number=project.next_number + 1)


def _free_blocks(module: Module) -> tuple[Block, ...]:
    return module.blocks[len(ROLES[module.role].fixed) :]


def _remove_block(project: Project, dice: random.Random) -> Project | None:
    path = dice.choice([path for path, module in project.modules.items() if _free_blocks(module)] or [""])
    if not path:
        return None
    module = project.modules[path]
    gone = dice.choice(_free_blocks(module))
    return _changed(project, path, blocks=tuple(block for block in module.blocks if block is not gone))


def _swap_blocks(project: Project, dice: random.Random) -> Project | None:
    path = _any_module(project, dice)
    module = project.modules[path]
    free = list(_free_blocks(module))
    if len(free) < 2:
        return None
    first, second = dice.sample(range(len(free)), 2)
    free[first], free[second] = free[second], free[first]
    return _changed(project, path, blocks=(*module.blocks[: len(module.blocks) - len(free)], *free))


def _comment(project: Project, dice: random.Random) -> Project | None:
    path = _any_module(project, dice)
    return _changed(project, path, comments=(project.modules[path].comments + dice.choice((1, 2, 5))) % 9)


def _blank_lines(project: Project, dice: random.Random) -> Project | None:
    path = _any_module(project, dice)
    return _changed(project, path, blanks=(project.modules[path].blanks + dice.choice((1, 2))) % 5)


def _module_doc(project: Project, dice: random.Random) -> Project | None:
    path = _any_module(project, dice)
    return _changed(project, path, doc=f"Documented anew, numéro {dice.randrange(9)}.")


def _future(project: Project, dice: random.Random) -> Project | None:
    path = _any_module(project, dice)
    return _changed(project, path, future=not project.modules[path].future)


def _form(project: Project, dice: random.Random) -> Project | None:
    path = _any_module(project, dice)
    return _changed(project, path, form=dice.choice([form for form in FORMS if form != project.modules[path].form]))


# ---- modules ------------------------------------------------------------------------------------------------------

_LIBRARIES = ("import json", "import string", "from math import pi", "import xml.dom.minidom as dom")


def _toggle_import(project: Project, dice: random.Random) -> Project | None:
    path = _any_module(project, dice)
    line = dice.choice(_LIBRARIES)
    has = project.modules[path].imports
    return _changed(project, path, imports=tuple(one for one in has if one != line) if line in has else (*has, line))


def _new_module(project: Project, dice: random.Random) -> Project | None:
    """A new module and the import of it, in either order on disk."""
    number = project.next_number
    name = f"fresh_{number}"
    blocks = tuple(new_block(dice.choice(ROLES["leaf"].pool), number + 1 + one, dice) for one in range(2))
    importer = _any_module(project, dice, "general", "views", "models", "signals", "init")
    grown = project.with_module(f"tools/{name}.py", Module("leaf", blocks))
    line = f"from tools import {name}"
    if importer.startswith(("tools/", "core/__init__")):
        line = "import string"  # tools is imported by what it would import
    grown = _changed(grown, importer, imports=(*grown.modules[importer].imports, line))
    return replace(grown, next_number=number + 4)


def _delete_module(project: Project, dice: random.Random) -> Project | None:
    """A module goes with every import of it."""
    found = [path for path in project.modules if path.startswith("tools/fresh_")]
    if not found:
        return None
    gone = dice.choice(found)
    line = f"from tools import {gone.removeprefix('tools/').removesuffix('.py').removesuffix('/__init__')}"
    for path, module in project.modules.items():
        if line in module.imports:
            project = _changed(project, path, imports=tuple(one for one in module.imports if one != line))
    return project.without_module(gone)


def _delete_only_module(project: Project, dice: random.Random) -> Project | None:
    """A module goes, its import stays: broken where it was imported."""
    found = [path for path in project.modules if path.startswith("tools/fresh_")]
    return project.without_module(dice.choice(found)) if found else None


def _shadow(project: Project, dice: random.Random) -> Project | None:
    """A package beside a module of the same name, which wins; or it goes away again."""
    if "core/bits/__init__.py" in project.modules and "core/bits.py" in project.modules:
        return project.without_module("core/bits/__init__.py")
    if "core/bits.py" not in project.modules:
        return None
    block = new_block(dice.choice(ROLES["general"].pool), project.next_number, dice)
    grown = project.with_module("core/bits/__init__.py", Module("general", (block,)))
    return replace(grown, next_number=project.next_number + 1)


def _shadow_library(project: Project, dice: random.Random) -> Project | None:
    """A module of the project with the name of one of the standard library, which some blocks import."""
    if "colorsys.py" in project.modules:
        return project.without_module("colorsys.py")
    block = new_block("lambdas", project.next_number, dice)
    grown = project.with_module("colorsys.py", Module("general", (block,)))
    return replace(grown, next_number=project.next_number + 1)


def _package_or_module(project: Project, dice: random.Random) -> Project | None:
    """A module becomes a package with the same text, or the other way round."""
    either = [
        path
        for path in project.modules
        if path.startswith(("tools/", "core/bits")) and path not in ("tools/__init__.py", "core/__init__.py")
    ]
    if not either:
        return None
    path = dice.choice(either)
    stem = path.removesuffix("/__init__.py").removesuffix(".py")
    other = f"{stem}.py" if path.endswith("/__init__.py") else f"{stem}/__init__.py"
    if other in project.modules:
        return None
    return project.without_module(path).with_module(other, project.modules[path])


def _init(project: Project, dice: random.Random) -> Project | None:
    """What `__init__` holds."""
    path = dice.choice([path for path, module in project.modules.items() if module.role == "init"])
    number = project.next_number
    block = new_block(dice.choice(ROLES["init"].pool), number, dice)
    return replace(_changed(project, path, blocks=(block,)), next_number=number + 1)


_BREAKS = (
    "def broken(:\n",
    "  indented = 1\n",
    "1 / 0\n",
    "import there_is_no_such_module\n",
    "raise ValueError('two\\nlines')\n",
    "raise SystemExit(3)\n",
    "x = 'unterminated\n",
    "open('/there/is/no/such/file')\n",
)


def _break(project: Project, dice: random.Random) -> Project | None:
    path = _any_module(project, dice)
    return _changed(project, path, broken="\n" + dice.choice(_BREAKS))


def _repair(project: Project, dice: random.Random) -> Project | None:
    for path, module in project.modules.items():
        there = tuple(line for line in module.imports if not _leads_nowhere(project, line))
        if module.broken or there != module.imports:
            project = _changed(project, path, broken="", imports=there)
    return project


def _leads_nowhere(project: Project, line: str) -> bool:
    _, package, _, name = line.split() if line.startswith("from tools ") else ("", "", "", "")
    return bool(name) and not {f"{package}/{name}.py", f"{package}/{name}/__init__.py"} & project.modules.keys()


# ---- other files --------------------------------------------------------------------------------------------------


def _data(project: Project, dice: random.Random) -> Project | None:
    words = " ".join(dice.choice(("one", "two", "three", "four")) for _ in range(4))
    return project.with_files({"core/data/words.txt": words + "\n"})


def _listed(project: Project, dice: random.Random) -> Project | None:
    """A file is created in a directory that is listed, or goes away."""
    name = f"core/data/listed/{dice.choice('abcdef')}.txt"
    return project.without_file(name) if name in project.files else project.with_files({name: ""})


def _flag(project: Project, dice: random.Random) -> Project | None:
    """A file whose existence is asked for."""
    name = "core/data/flag"
    return project.without_file(name) if name in project.files else project.with_files({name: ""})


def _template(project: Project, dice: random.Random) -> Project | None:
    name = "alpha/templates/alpha/page.html"
    page = f"{{% load alpha_tags %}}<p>{{{{ word }}}} {dice.randrange(99)}</p>\n"
    return project.with_files({name: page})


def _unread(project: Project, dice: random.Random) -> Project | None:
    return project.with_files({"notes.txt": f"nobody reads this, {dice.randrange(99)}\n"})


def _library_of_project(project: Project, dice: random.Random) -> Project | None:
    """The registry that everything imports first: how a decorator wraps, what is shared."""
    text = project.files["core/registry.py"]
    old, new = dice.choice(
        (
            ("return function(*args, **kwargs)", "return function(*args, **kwargs) or None"),
            ("wrapper.calls = [function.__name__]", "wrapper.calls = [function.__qualname__]"),
            ("VERSION = 1", "VERSION = 2"),
            ('return "mixed"', 'return "mixed up"'),
        )
    )
    if old not in text or f"{old} or None" in text:
        old, new = new, old
    return project.with_files({"core/registry.py": text.replace(old, new)})


def _burst(project: Project, dice: random.Random) -> Project | None:
    """Several kinds in one save, as `git checkout`, "save all" and find-and-replace do."""
    single = [name for name in KINDS if name not in ("burst", "undo", "break", "repair")]
    for name in dice.sample(single, dice.randint(2, 6)):
        project = KINDS[name][1](project, dice) or project
    return project


KINDS: dict[str, tuple[float, Change]] = {
    "burst": (12, _burst),
    "function body": (10, _change_of("body", "other_body", "dispatched", "dispatched_list", "twice_wrapped_body")),
    "body that ran": (3, _change_of("ran_body", "metaclass", "descriptor", "subclass_hook")),
    "method body": (6, _change_of("method", "static", "klass", "metaclass_body", "enum_body")),
    "view body": (6, _change_of("view_body", "view_method")),
    "property": (3, _change_of("getter", "setter")),
    "closure": (4, _change_of("closure", "nested")),
    "lambda": (2, _change_of("lambda", "lambda_of_registry", "nested_lambda")),
    "comprehension": (2, _change_of("comprehension", "inner_comprehension")),
    "nested function": (2, _change_of("nested_function", "local_class", "middleware_body")),
    "generator": (3, _change_of("generator", "generator_expression", "started_generator")),
    "signature": (2, _change_of("signature", "type_parameters")),
    "decorator": (3, _change_of("decorator", "tag_name", "singledispatch")),
    "default": (2, _change_of("default", "argument")),
    "annotation": (2, _change_of("annotation", "type_alias")),
    "annotation of the module": (2, _change_of("module_annotation", "conditional_annotation", "evaluated_annotation")),
    "docstring": (2, _change_of("docstring")),
    "class attribute": (3, _change_of("attribute", "class_attribute", "members", "base")),
    "rename": (2, _change_of("rename")),
    "global or nonlocal": (2, _change_of("nonlocal", "global", "called")),
    "super": (2, _change_of("super", "mangled", "mangled_name")),
    "async": (2, _change_of("async", "match", "match_body")),
    "condition": (1, _change_of("condition", "imported")),
    "source that is read": (3, _change_of("source_read", "code_read", "code_as_key", "code_copied", "evaluated")),
    "comment in a function": (1, _change_of("comment")),
    "import in a function": (1, _change_of("lazy_import")),
    "model": (3, _change_of("model_field", "fields", "relation", "related_name", "model_meta", "first_model")),
    "form": (2, _change_of("form_field", "form_model", "form_meta")),
    "admin": (2, _change_of("admin", "admin_options")),
    "signal": (2, _change_of("signal", "dispatch", "sender")),
    "middleware": (2, _change_of("middleware_init", "middleware_closure")),
    "template tag": (2, _change_of("tag_body")),
    "settings": (
        3,
        _change_of("settings", "settings_comprehension", "language", "settings_middleware", "settings_logging"),
    ),
    "urls": (1, _change_of("urls")),
    "new block": (3, _add_block),
    "removed block": (2, _remove_block),
    "swapped blocks": (2, _swap_blocks),
    "comment lines": (3, _comment),
    "blank lines": (2, _blank_lines),
    "module docstring": (1, _module_doc),
    "future import": (1, _future),
    "encoding": (2, _form),
    "import of a library": (2, _toggle_import),
    "new module": (2, _new_module),
    "deleted module": (1, _delete_module),
    "deleted module, import left": (0.5, _delete_only_module),
    "shadowing package": (1, _shadow),
    "shadowed library": (1, _shadow_library),
    "package or module": (1, _package_or_module),
    "__init__": (1, _init),
    "registry": (1, _library_of_project),
    "break": (3, _break),
    "repair": (1, _repair),
    "undo": (5, lambda project, dice: None),
    "data file": (1, _data),
    "listed directory": (1, _listed),
    "file that is looked for": (1, _flag),
    "template": (2, _template),
    "file that nobody reads": (1, _unread),
}
if sys.version_info >= (3, 14):
    KINDS["template string"] = (2, _change_of("template_string", "module_template"))
if sys.version_info >= (3, 15):
    KINDS["lazy import"] = (2, _change_of("lazy", "lazily_imported", "used"))
"""Kinds of edits: how often each comes, and what it does."""
