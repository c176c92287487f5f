"""What generated modules are made of: pieces of code with slots, each slot with its alternatives. Data only.

The name of a slot is the kind of edit that changes it. `$n` is the number of the block, unique in its project, so that
any block can stand in any module of its role, or be missing. Slots come before `$n`, and a slot may hold `$n`.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """The text of a block, and the alternatives of each of its slots."""

    text: str
    slots: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Role:
    """A kind of module: what it begins with, the blocks it may hold, and those it has in the beginning."""

    head: str
    pool: tuple[str, ...]
    fixed: tuple[str, ...] = ()


BODY = ("a", "a, 1", "[a, b]", "{'a': a, 'b': (b, 2)}", "sum(x for x in range(3))", "f'{a!r}-{b}'", "(c := a) and c")
DOC = ("", '"""One."""\n    ', '"""Another, longer."""\n    ')
METHOD_DOC = ("", '"""One."""\n        ', '"""Another."""\n        ')
DECORATOR = (
    "",
    "@registry.register\n",
    "@registry.traced\n",
    "@registry.traced\n@registry.register\n",
    "@registry.named('a$n')\n",
    "@functools.lru_cache(maxsize=8)\n",
)

GENERAL: dict[str, Template] = {
    "function": Template(
        """${decorator}${async}def ${rename}_$n(a${annotation}, b=${default}${signature}):
    ${docstring}${comment}return ${body}
""",
        {
            "decorator": DECORATOR,
            "async": ("", "async "),
            "rename": ("work", "toil"),
            "annotation": ("", ": int", ": 'str | None'", ": dict[str, int]"),
            "default": ("1", "2", "(1, 'x')", "None", "[]"),
            "signature": ("", ", *rest", ", *, key=3", ", key=4, **more"),
            "docstring": DOC,
            "comment": ("", "# a comment\n    ", "# two\n    # comments\n    "),
            "body": BODY,
        },
    ),
    "class": Template(
        """${decorator}class Kind_$n(${base}):
    ${docstring}${attribute}

    def __init__(self, value=${default}):
        self.value = value

    def method(self, other):
        return ${method}

    @property
    def size(self):
        return ${getter}

    @size.setter
    def size(self, value):
        self._size = ${setter}

    @staticmethod
    def still(value):
        return ${static}

    @classmethod
    def made(cls):
        return ${klass}

    ${members}

THE_$n = Kind_$n(7)
""",
        {
            "decorator": ("", "@registry.register\n", "@functools.lru_cache(maxsize=1)\n"),
            "base": ("registry.Base", "registry.Other", "registry.Base, registry.Mixed", "dict"),
            "docstring": DOC,
            "attribute": ("colour = 'red'", "colour = 'blue'", "colour = 'red'\n    shade: int = 3", "tools = [1, 2]"),
            "default": ("None", "3", "'x'"),
            "method": (
                "other",
                "[self.value, other]",
                "super().__repr__()",
                "__class__",
                "sorted([1], key=lambda k: k + $n)",
            ),
            "getter": ("1", "2", "getattr(self, '_size', 0)"),
            "setter": ("value", "value + 1"),
            "static": ("value", "value * 2"),
            "klass": ("cls(1)", "cls(2)", "super().__new__(cls)"),
            "members": ("", "def more(self):\n        return 1\n", "more = lambda self: 2\n", "del still\n"),
        },
    ),
    "closure": Template(
        """def make_$n(x, y=${default}):
    z = [x${nested}]
    total = 0

    def inner(k):
        ${nonlocal}
        return ${closure}

    return inner


FIRST_$n = make_$n(1)
SECOND_$n = make_$n(${argument})
registry.HOOKS.append(functools.partial(SECOND_$n, 1))
""",
        {
            "default": ("1", "2"),
            "nested": ("", ", 5"),
            "nonlocal": ("pass", "nonlocal total\n        total += 1", "global COUNTED_$n\n        COUNTED_$n = k"),
            "closure": ("x + k", "x * k + 1", "(x, y, k)", "(z, y, k)", "[x for _ in z]", "k"),
            "argument": ("2", "3"),
        },
    ),
    "lambdas": Template(
        """LAMBDAS_$n = [lambda v: ${lambda}, lambda v, k=${default}: v * k]
registry.HOOKS.append(lambda: ${lambda_of_registry})
""",
        {
            "lambda": ("v + 1", "v + 2", "(v, LAMBDAS_$n)"),
            "default": ("1", "2"),
            "lambda_of_registry": ("$n", "$n + 1", "[i for i in range($n)]"),
        },
    ),
    "comprehension": Template(
        """TABLE_$n = {k: k * ${comprehension} for k in range(${argument})}


def listed_$n(values):
    return [v ${inner_comprehension} for v in values if v]
""",
        {"comprehension": ("2", "3", "k"), "argument": ("3", "4"), "inner_comprehension": ("", "+ 1", "* 2")},
    ),
    "generator": Template(
        """def stream_$n(a=1, b=2):
    for _ in range(3):
        ${generator}


LAZY_$n = stream_$n()
TURNS_$n = (i * ${generator_expression} for i in [1, 2, 3])
""",
        {
            "generator": ("yield a", "yield b", "yield (a, b)", "return a", "yield from [a]"),
            "generator_expression": ("2", "3", "i"),
        },
    ),
    "started": Template(
        """def counting_$n():
    got = ${started_generator}
    yield got
    yield ${generator}


STARTED_$n = counting_$n()
FIRST_OF_$n = next(STARTED_$n)
""",
        {"started_generator": ("1", "2"), "generator": ("got", "got + 1", "[got]")},
    ),
    "dispatch": Template(
        """@functools.singledispatch
def show_$n(value):
    return ${body}


@show_$n.register
def _(value: ${singledispatch}):
    return ${dispatched}


@show_$n.register(list)
def _(value):
    return ${dispatched_list}
""",
        {
            "body": ("value", "repr(value)"),
            "singledispatch": ("int", "str"),
            "dispatched": ("value", "[value]", "value, value"),
            "dispatched_list": ("value", "value[0]"),
        },
    ),
    "metaclass": Template(
        """class Meta_$n(type):
    def __new__(mcs, name, bases, namespace, **options):
        namespace["made_$n"] = ${metaclass}
        return super().__new__(mcs, name, bases, namespace)

    def __call__(cls, *args):
        return ${metaclass_body}


class Made_$n(metaclass=Meta_$n):
    ${attribute}

    def method(self):
        return ${body}
""",
        {
            "metaclass": ("1", "2", "name.lower()"),
            "metaclass_body": ("super().__call__(*args)", "None"),
            "attribute": ("kind = 1", "kind = 2", "other = 1"),
            "body": ("1", "2", "self.kind"),
        },
    ),
    "hooks": Template(
        """class Named_$n:
    def __set_name__(self, owner, name):
        self.name = name + ${descriptor}

    def __get__(self, instance, owner):
        return ${body}


class Parent_$n:
    def __init_subclass__(cls, **options):
        registry.CLASSES[cls.__name__] = ${subclass_hook}


class Child_$n(Parent_$n):
    field = Named_$n()
    __secret = ${mangled}

    def __hidden(self):
        return self.${mangled_name}

    def open(self):
        return self.__hidden()
""",
        {
            "descriptor": ("'a'", "'b'"),
            "body": ("self", "self.name"),
            "subclass_hook": ("cls", "(cls, 1)"),
            "mangled": ("1", "2"),
            "mangled_name": ("__secret", "__other"),
        },
    ),
    "dataclass": Template(
        """@dataclasses.dataclass(${decorator})
class Row_$n:
    name: str = ${default}
    size: ${annotation} = 1

    def total(self):
        return ${body}


ROW_$n = Row_$n(size=${argument})


class Colour_$n(enum.Enum):
    RED = ${class_attribute}
    GREEN = 20

    def shade(self):
        return ${enum_body}
""",
        {
            "decorator": ("", "frozen=True", "order=True", "slots=True"),
            "default": ("'a'", "'b'"),
            "annotation": ("int", "float"),
            "body": ("self.size", "self.size + 1"),
            "argument": ("1", "2"),
            "class_attribute": ("1", "2"),
            "enum_body": ("self.value", "self.name"),
        },
    ),
    "global": Template(
        """COUNT_$n = 0


def bump_$n():
    ${global}
    return ${body}


${called}
""",
        {
            "global": ("COUNT_$n = 1", "global COUNT_$n\n    COUNT_$n = 2", "global NEW_$n\n    NEW_$n = COUNT_$n"),
            "body": ("1", "COUNT_$n"),
            "called": ("", "bump_$n()", "RESULT_$n = bump_$n()"),
        },
    ),
    "reads": Template(
        """WORDS_$n = (registry.DATA / "words.txt").read_text().split()[:${argument}]
LISTED_$n = sorted(os.listdir(registry.DATA / "listed"))
HAS_FLAG_$n = os.path.exists(registry.DATA / "flag")


def words_$n():
    return ${body}
""",
        {"argument": ("2", "3"), "body": ("WORDS_$n", "WORDS_$n + [1]")},
    ),
    "introspection": Template(
        """def described_$n(a):
    return ${source_read}


def known_$n(a):
    return ${code_read}


def keyed_$n(a):
    return ${code_as_key}


def copied_$n(a):
    return ${code_copied}


SOURCE_$n = inspect.getsource(described_$n)
NAMES_$n = known_$n.__code__.co_names
registry.BY_CODE[keyed_$n.__code__] = keyed_$n.__name__
COPY_$n = types.FunctionType(copied_$n.__code__.replace(co_name="copy"), globals())
EVALUATED_$n = eval("lambda q: q + ${evaluated}")
""",
        {
            "source_read": ("a", "a + 1"),
            "code_read": ("a", "len(a)", "repr(a)"),
            "code_as_key": ("a", "a + 1"),
            "code_copied": ("a", "a + 1"),
            "evaluated": ("1", "2"),
        },
    ),
    "conditional": Template(
        """if ${condition}:
    def branch_$n(a):
        return ${body}
else:
    def branch_$n(a):
        return ${other_body}

try:
    import colorsys
    COLOURS_$n = ${imported}
except ImportError:
    COLOURS_$n = None


def inside_$n(a):
    class Local:
        def __init__(self):
            self.one = self.two = self.three = ${local_class}

    def helper():
        return ${nested_function}

    return Local, helper, [lambda: ${nested_lambda}]
""",
        {
            "condition": ("True", "False", "registry.VERSION > 1"),
            "body": ("a", "a + 1"),
            "other_body": ("a", "a - 1"),
            "imported": ("colorsys.__name__", "sorted(vars(colorsys))[-1]"),
            "local_class": ("1", "2"),
            "nested_function": ("1", "a"),
            "nested_lambda": ("1", "a", "helper"),
        },
    ),
    "cached": Template(
        """@functools.lru_cache
def cached_$n(a):
    return ${ran_body}


VALUE_$n = cached_$n(${argument})


@registry.traced
def wrapped_$n(a, b=2):
    return ${body}


@registry.named("w$n")
@registry.traced
def twice_$n(a, b=2):
    return ${twice_wrapped_body}
""",
        {"ran_body": ("a", "a + 1"), "argument": ("1", "2"), "body": BODY, "twice_wrapped_body": BODY},
    ),
    "late": Template(
        """def late_$n():
    from tools import ${lazy_import}
    return ${lazy_import}.NAME


registry.LATER.append(late_$n)
""",
        {"lazy_import": ("first", "second")},
    ),
    "asynchronous": Template(
        """${async}def task_$n(a, b=1):
    return ${body}


async def flow_$n(a):
    yield ${generator}


@contextlib.contextmanager
def around_$n(a):
    match a:
        case ${match}:
            yield 1
        case _:
            yield ${match_body}
""",
        {
            "async": ("", "async "),
            "body": BODY,
            "generator": ("a", "[a]"),
            "match": ("1", "{'k': _}", "[_, *_]"),
            "match_body": ("2", "a"),
        },
    ),
}

GENERAL["annotations"] = Template(
    """FIELD_$n: ${module_annotation} = ${default}
if FIELD_$n:
    ${conditional_annotation}


def annotated_$n(a: ${annotation} = 1, *rest: ${annotation}) -> ${annotation}:
    ${docstring}return ${body}


def seen_$n(a: ${evaluated_annotation}):
    return ${body}


SEEN_$n = dict(seen_$n.__annotations__)


class Fields_$n:
    first: ${annotation}
    if FIELD_$n:
        second: ${module_annotation} = 2

    def method(self, a: ${annotation}):
        return ${method}
""",
    {
        "module_annotation": ("int", "str", "'text'", "list[int]", "dict[str, registry.Base]"),
        "default": ("0", "1"),
        "conditional_annotation": ("pass", "MORE_$n: int = 1", "MORE_$n: str", "MORE_$n: str\n    YET_$n: int = 2"),
        "annotation": ("int", "'str | None'", "dict[str, int]", "registry.Base"),
        "evaluated_annotation": ("int", "str", "'text'"),
        "docstring": DOC,
        "body": BODY,
        "method": BODY,
    },
)

if sys.version_info >= (3, 14):
    GENERAL["template_string"] = Template(
        """TOLD_$n = t"${module_template}"


def told_$n(a, b=1):
    return ''.join(t'${template_string}'.strings)
""",
        {
            "module_template": ("one {$n}", "two {$n!r}", "{registry.VERSION} three", "{(lambda: $n)}"),
            "template_string": ("a {a}", "b {a!r}", "{a:>{b}} {b}", "{ a } {b}"),
        },
    )

if sys.version_info >= (3, 15):
    GENERAL["lazy"] = Template(
        """${lazy}import ${lazily_imported} as late_$n
${lazy}from core.registry import VERSION as VERSION_$n


def later_$n(a, b=1):
    return late_$n, VERSION_$n, ${body}


${used}
FROZEN_$n = frozendict(get=lambda: ${lambda}, n=${argument})
""",
        {
            "lazy": ("lazy ", ""),
            "lazily_imported": ("json", "csv", "xml.dom"),
            "used": ("", "USED_$n = later_$n(1)", "NAME_$n = late_$n.__name__"),
            "body": BODY,
            "lambda": ("$n", "$n + 1"),
            "argument": ("1", "2"),
        },
    )

if sys.version_info >= (3, 12):
    GENERAL["generic"] = Template(
        """def generic_$n[T${type_parameters}](a: T, b=1) -> T:
    return ${body}


class Box_$n[T]:
    def get(self, a, b=2) -> T:
        return ${method}


type Alias_$n = ${type_alias}
""",
        {
            "type_parameters": ("", ": int", ", *U"),
            "body": BODY,
            "method": BODY,
            "type_alias": ("list[int]", "dict[str, int]"),
        },
    )

DJANGO: dict[str, Template] = {
    "view": Template(
        """${decorator}def view_$n(request):
    ${docstring}return HttpResponse(${view_body})
""",
        {
            "decorator": ("", "@require_safe\n", "@registry.traced\n", "@registry.traced\n@require_safe\n"),
            "docstring": DOC,
            "view_body": ("'one'", "'two $n'", "str(len(registry.HOOKS))", "'x' * 3", "helpers.__name__", "missing_$n"),
        },
    ),
    "lazy_view": Template(
        """def view_$n(request):
    from ${lazy_import} import NAME
    return HttpResponse(NAME + ${view_body})
""",
        {"lazy_import": ("tools.first", "tools.second", ".lazy"), "view_body": ("'a'", "'b'")},
    ),
    "page_view": Template(
        """def view_$n(request):
    return render(request, "alpha/page.html", {"word": ${view_body}})
""",
        {"view_body": ("'a'", "'b'", "request.path")},
    ),
    "class_view": Template(
        """class Page_$n(View):
    ${attribute}

    def get(self, request):
        return HttpResponse(${view_method})

    def helper(self):
        return ${method}


view_$n = Page_$n.as_view()
""",
        {
            "attribute": ("size = 1", "size = 2", "http_method_names = ['get']"),
            "view_method": ("'c'", "str(self.size if hasattr(self, 'size') else 0)", "self.request.path"),
            "method": ("1", "2", "super().__repr__()"),
        },
    ),
    "model": Template(
        """class Thing_$n(models.Model):
    ${docstring}title = models.CharField(${model_field})
    ${fields}
    owner = models.ForeignKey("alpha.First", models.${relation}, related_name="%(class)s_${related_name}")

    class Meta:
        ordering = [${model_meta}]

    def __str__(self):
        return ${method}

    @property
    def short(self):
        return ${getter}
""",
        {
            "docstring": DOC,
            "model_field": ("max_length=10", "max_length=20", "'name', max_length=10", "max_length=10, blank=True"),
            "fields": ("", "size = models.IntegerField(default=1)", "objects = models.Manager()"),
            "relation": ("CASCADE", "PROTECT"),
            "related_name": ("a", "b"),
            "model_meta": ("", "'title'", "'-title'"),
            "method": ("self.title", "'t' + self.title", "super().__str__()"),
            "getter": ("self.title[:3]", "self.title[:4]"),
        },
    ),
    "receiver": Template(
        """@receiver(${signal}, ${dispatch}sender=${sender})
def on_$n(sender, **kwargs):
    return ${body}
""",
        {
            "signal": ("post_save", "pre_save", "[post_save, post_delete]"),
            "dispatch": ("", "dispatch_uid='u$n', ", "weak=False, "),
            "sender": ("First", "Second", "None"),
            "body": ("sender", "kwargs", "[sender]"),
        },
    ),
    "form": Template(
        """class Form_$n(forms.ModelForm):
    extra = forms.CharField(${form_field})

    class Meta:
        model = ${form_model}
        fields = [${form_meta}]

    def clean_extra(self):
        return ${method}


FormSet_$n = forms.inlineformset_factory(First, Second, fields=["title"], extra=${argument})
""",
        {
            "form_field": ("max_length=3", "max_length=4, required=False", "validators=[lambda v: v]"),
            "form_model": ("First", "Second"),
            "form_meta": ("'title'", ""),
            "method": ("self.cleaned_data['extra']", "1"),
            "argument": ("1", "2"),
        },
    ),
    "filter": Template(
        """@register.filter${tag_name}
def filter_$n(value):
    return ${body}


@register.simple_tag
def tag_$n(a=${default}):
    return ${tag_body}
""",
        {
            "tag_name": ("", "('named_$n')", "(is_safe=True)"),
            "body": ("value", "str(value)", "value or 1"),
            "default": ("1", "2"),
            "tag_body": ("a", "a, 1"),
        },
    ),
    "first_models": Template(
        """class First(models.Model):
    title = models.CharField(max_length=${first_model})

    class Meta:
        verbose_name = ${model_meta}

    def describe(self):
        return ${method}


class Second(models.Model):
    title = models.CharField(max_length=5)
    first = models.ForeignKey(First, models.CASCADE)
    firsts = models.ManyToManyField(First, related_name="+")

    objects = FirstQuerySet.as_manager()


class Third(First):
    class Meta:
        proxy = True

    def describe(self):
        return ${super}
""",
        {
            "first_model": ("5", "6"),
            "model_meta": ("'first'", "'1st'"),
            "method": ("1", "self.title", "[self.pk]"),
            "super": ("1", "super().describe()", "__class__"),
        },
    ),
    "queryset": Template(
        """class FirstQuerySet(models.QuerySet):
    def ${rename}(self):
        return ${method}
""",
        {"rename": ("known", "found"), "method": ("self", "self.filter(title='a')", "self.none()")},
    ),
    "first_admin": Template(
        """${admin}class FirstAdmin(admin.ModelAdmin):
    list_display = [${admin_options}]

    @admin.display(description=${decorator})
    def short(self, obj):
        return ${method}
""",
        {
            "admin": ("@admin.register(First)\n", "", "@admin.register(First, Third)\n"),
            "admin_options": ("'title'", "'title', 'short'"),
            "decorator": ("'S'", "'T'"),
            "method": ("1", "obj.title"),
        },
    ),
    "second_admin": Template(
        """${admin}

def act(modeladmin, request, queryset):
    return ${body}


admin.site.add_action(act, ${argument})
""",
        {
            "admin": ("", "admin.site.register(Second)\n", "admin.site.register(Second, list_per_page=9)\n"),
            "body": ("1", "2"),
            "argument": ("'act'", "'act2'"),
        },
    ),
    "middleware": Template(
        """class Mark:
    def __init__(self, get_response):
        self.get_response = get_response
        self.mark = ${middleware_init}

    def __call__(self, request):
        ${middleware_body}
        return self.get_response(request)


def mark_function(get_response):
    level = ${middleware_closure}

    def middleware(request):
        request.level = ${closure}
        return get_response(request)

    return middleware
""",
        {
            "middleware_init": ("1", "2"),
            "middleware_body": ("request.mark = 1", "request.mark = self.mark"),
            "middleware_closure": ("1", "2"),
            "closure": ("level", "level + 1", "1"),
        },
    ),
    "ready": Template(
        """class AppConfig(apps.AppConfig):
    name = __package__
    verbose_name = ${attribute}

    def ready(self):
        from . import signals
        registry.READY.append((self.label, ${ran_body}))

    def other(self):
        return ${method}
""",
        {"attribute": ("'A'", "'B'"), "ran_body": ("1", "2"), "method": ("1", "2")},
    ),
    "settings": Template(
        """CUSTOM = ${settings}
NUMBERS = [n * ${settings_comprehension} for n in range(3)]
LANGUAGE_CODE = ${language}
MIDDLEWARE = [${settings_middleware}]
${settings_logging}


def callback_$n(request):
    return ${body}


SHOW = callback_$n
""",
        {
            "settings": ("1", "{'a': 2}", "[3]"),
            "settings_comprehension": ("1", "2"),
            "language": ("'en'", "'de'"),
            "settings_middleware": (
                *("", "'alpha.middleware.Mark'", "'alpha.middleware.Mark', 'alpha.middleware.mark_function'"),
                *("'alpha.middleware.mark_function', 'alpha.middleware.Mark'", "'beta.middleware.Mark'"),
            ),
            "settings_logging": (
                "",
                "LOGGING = {'version': 1, 'loggers': {'alpha': {'level': 'INFO'}}}",
                "LOGGING = {'version': 1, 'handlers': {'h': {'class': 'core.handler.Handler'}},"
                " 'loggers': {'beta': {'handlers': ['h']}}}",
            ),
            "body": ("1", "2"),
        },
    ),
    "urls": Template(
        """handled_$n = ${urls}


def converter_$n(value):
    return ${body}
""",
        {"urls": ("1", "2"), "body": ("1", "2")},
    ),
    "context": Template(
        """def extra(request):
    return {"extra": ${body}}
""",
        {"body": ("1", "request.path")},
    ),
    "handler": Template(
        """class Handler(logging.Handler):
    def emit(self, record):
        return ${method}
""",
        {"method": ("None", "record")},
    ),
}

TEMPLATES = {**GENERAL, **DJANGO}

_IMPORTS = """import contextlib
import dataclasses
import enum
import functools
import inspect
import os
import types
"""
_GENERAL = tuple(GENERAL)

ROLES: dict[str, Role] = {
    "general": Role(f"{_IMPORTS}\nfrom core import registry\n", _GENERAL),
    "init": Role(f"{_IMPORTS}\nfrom core import registry\n", ("function", "closure", "class", "lambdas")),
    # No name of another module, so that it can be created, moved and deleted at any time.
    "leaf": Role(f"{_IMPORTS}\nfrom core import registry\n\nNAME = __name__\n", _GENERAL),
    "views": Role(
        f"{_IMPORTS}\nfrom django.http import HttpResponse\nfrom django.shortcuts import render\n"
        "from django.views import View\nfrom django.views.decorators.http import require_safe\n\n"
        "from core import registry\n\nfrom . import forms, helpers\n",
        ("view", "view", "lazy_view", "page_view", "class_view", "function", "closure"),
    ),
    "models": Role(
        f"{_IMPORTS}\nfrom django.db import models\n\nfrom core import registry\n",
        ("model", "function", "closure", "class"),
        ("queryset", "first_models"),
    ),
    "forms": Role(
        f"{_IMPORTS}\nfrom django import forms\n\nfrom core import registry\n\nfrom .models import First, Second\n",
        ("form", "function"),
    ),
    "admin": Role(
        f"{_IMPORTS}\nfrom django.contrib import admin\n\nfrom core import registry\n\n"
        "from .models import First, Second, Third\n",
        ("function", "class"),
        ("first_admin", "second_admin"),
    ),
    "signals": Role(
        f"{_IMPORTS}\nfrom django.db.models.signals import post_delete, post_save, pre_save\n"
        "from django.dispatch import receiver\n\nfrom core import registry\n\nfrom .models import First, Second\n",
        ("receiver", "function"),
    ),
    "tags": Role(
        f"{_IMPORTS}\nfrom django import template\n\nfrom core import registry\n\nregister = template.Library()\n",
        ("filter", "function"),
    ),
    "apps": Role(f"{_IMPORTS}\nfrom django import apps\n\nfrom core import registry\n", ("function",), ("ready",)),
    "middleware": Role(f"{_IMPORTS}\nfrom core import registry\n", ("function", "closure"), ("middleware",)),
    "context": Role(f"{_IMPORTS}\nfrom core import registry\n", ("function", "lambdas", "late"), ("context",)),
    "handler": Role(f"{_IMPORTS}import logging\n\nfrom core import registry\n", ("function",), ("handler",)),
    "urls": Role("from django.urls import include, path, re_path\n\nfrom . import views\n", (), ("urls",)),
    "root_urls": Role("from django.urls import include, path\n", ()),
    "settings": Role(
        f"""{_IMPORTS}from pathlib import Path

from core import registry

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "for-tests-only"
DEBUG = True
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "afresh.django",
    "exact_probe.apps.ProbeConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "alpha.apps.AppConfig",
    "beta.apps.AppConfig",
]
ROOT_URLCONF = "site_of_tests.urls"
TEMPLATES = [
    {{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {{"context_processors": ["core.context.extra"]}},
    }}
]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
""",
        ("function", "lambdas"),
        ("settings",),
    ),
}

REGISTRY = '''"""What the modules of the project share."""

import functools
from pathlib import Path

VERSION = 1
DATA = Path(__file__).parent / "data"
FUNCTIONS = {}
CLASSES = {}
HOOKS = []
LATER = []
READY = []
BY_CODE = {}


class Base:
    registered = 0


class Other:
    pass


class Mixed:
    def __repr__(self):
        return "mixed"


def register(thing):
    FUNCTIONS[thing.__module__, thing.__qualname__] = thing
    return thing


def named(name):
    def decorate(function):
        FUNCTIONS[name] = function
        return function

    return decorate


def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    wrapper.calls = [function.__name__]
    return wrapper
'''

MANAGE = """import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_tests.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
"""

PAGE = "{% load alpha_tags %}<p>{{ word }}</p>\n"
