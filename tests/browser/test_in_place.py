"""A page that is nothing but markup changes where it stands; it ends as a browser would have loaded it."""

import json
import os
import random
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afresh.testing.edits import edit, write_and_rename
from afresh.testing.server import started_server

from .site import MANAGE, Site

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

PROJECT = {
    "manage.py": MANAGE,
    "settings.py": """\
        DEBUG = True
        SECRET_KEY = "x"
        ROOT_URLCONF = "urls"
        INSTALLED_APPS = ["afresh.django", "django.contrib.staticfiles"]
        STATIC_URL = "static/"
        STATICFILES_DIRS = ["static"]
        """,
    "urls.py": """\
        import threading
        from django.http import HttpResponse, StreamingHttpResponse
        from django.urls import path
        import markup

        calls = 0

        def page(request):
            global calls
            calls += 1
            fields, body = markup.answer(request.META)
            return HttpResponse(body.replace("CALLS", str(calls)), headers=dict(fields), status=markup.STATUS)

        def drawn(request):
            return HttpResponse(markup.DRAWN, content_type="image/svg+xml", headers={"Cache-Control": "no-store"})

        def elsewhere(request):
            return HttpResponse("<!doctype html><html><head></head><body><h1>elsewhere</h1></body></html>")

        def endless(request):
            return StreamingHttpResponse(iter(lambda: threading.Event().wait(1) or b"<p>more", None))

        urlpatterns = [path("", page), path("drawn.svg", drawn), path("elsewhere/", elsewhere)]
        """,
    "static/style.css": "h1 { color: rgb(1, 2, 3); }\n",
    "static/sprite.svg": "<svg xmlns='http://www.w3.org/2000/svg'><g id='a'><path d='M0 0h9v9z'/></g></svg>",
}
MARKUP = '''\
STATUS = {status}
DRAWN = "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='9'></svg>"

def answer(environ):
    return {fields!r}, {head!r} + f"""{body}"""
'''
HEAD = "<!doctype html><html><head><title>page</title><link rel=stylesheet href=/static/style.css>"
BODY = "<body><h1>one</h1><input id=field><div style='height: 3000px'></div><p>end</p></body>"


class Pages:
    """The page of a running application, as it is to be."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.url = url

    def show(
        self,
        body: str,
        head: str = HEAD,
        fields: tuple[tuple[str, str], ...] = (),
        status: int | str = 200,
        width: int = 10,
    ) -> None:
        """Save a new version of it; what is in braces in `body` is Python, with the request's `environ`."""
        text = MARKUP.format(status=status, fields=[*fields], head=head, body=body, width=width)
        write_and_rename(self.root / "markup.py", text)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root: Path = tmp_path_factory.mktemp("pages")
    for name, text in PROJECT.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    Pages(root, "").show(BODY)
    command = (sys.executable, "manage.py", "runserver", "0")
    with started_server(command, cwd=root, env={**os.environ, "PYTHONUNBUFFERED": ""}) as server:
        site = Site(root, server)
        site.wait_watched()
        yield site


@pytest.fixture
def pages(site: Site) -> Pages:
    for name in ("static/style.css", "static/sprite.svg", "urls.py"):
        if (site.root / name).read_text() != textwrap.dedent(PROJECT[name]):
            write_and_rename(site.root / name, textwrap.dedent(PROJECT[name]))
    pages = Pages(site.root, site.url)
    pages.show(BODY)
    return pages


def visit(page: "Page", pages: Pages) -> None:
    """Open it, and leave a mark in it that no load survives."""
    page.goto(pages.url)
    page.wait_for_function("performance.getEntriesByType('resource').some(({ name }) => name.includes('live.js'))")
    mark(page)


def mark(page: "Page") -> None:
    page.evaluate("window.mark = 1")


def is_same(page: "Page") -> bool:
    return page.evaluate("window.mark === 1") is True


def heading(page: "Page", text: str) -> None:
    page.locator("h1", has_text=text).wait_for()


def settled(page: "Page") -> None:
    page.wait_for_function("document.readyState === 'complete'")


def document_of(page: "Page") -> object:
    """All of the document, without what tells one answer from the next; attributes have no order."""
    return page.evaluate(
        """() => {
          const own = (attribute) => attribute.name !== "data-afresh";
          const read = (node) => node.nodeType !== Node.ELEMENT_NODE ? [node.nodeName, node.data] : [
            node.namespaceURI + node.nodeName,
            [...node.attributes].filter(own).map(({ name, value }) => `${name}=${value}`).sort(),
            [...node.childNodes].map(read),
          ];
          return read(document.documentElement);
        }"""
    )


def test_it_stays_and_keeps_what_the_user_did(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    page.fill("#field", "typed")
    page.evaluate("scrollTo(0, 700)")
    pages.show(BODY.replace("one", "two").replace("<body>", "<body class=new>"))
    heading(page, "two")
    state = "[scrollY, document.activeElement.id, document.querySelector('#field').value, document.body.className]"
    assert page.evaluate(state) == [700, "field", "typed", "new"]
    pages.show(BODY.replace("one", "three"), head=HEAD.replace("page", "other"))
    heading(page, "three")
    assert page.title() == "other"
    assert page.evaluate("document.body.hasAttribute('class')") is False
    assert is_same(page)


def test_what_was_typed_is_put_back_into_a_field_that_was_replaced(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    page.fill("#field", "typed")
    pages.show("<body><h1>two</h1><form><input id=field title=more></form>")
    heading(page, "two")
    assert page.input_value("#field") == "typed"
    assert is_same(page)


FIELDS = """<form>
<select id=s><option>a<option>b<option>c</select>
<select id=t><option>a<option selected>b<option>c</select>
<select id=m multiple><option selected>a<option selected>b<option>c</select>
<input id=ca type=checkbox name=c value=a><input id=cb type=checkbox name=c value=b>
<input id=ra type=radio name=r value=a checked><input id=rb type=radio name=r value=b>
<input id=x name=x value=own><textarea id=y name=y>own</textarea></form>"""
STATE = """(ids) => ids.map((id) => {
    const field = document.getElementById(id);
    const isChoice = field.type === "checkbox" || field.type === "radio";
    if (isChoice) return field.checked;
    return field.options ? [...field.selectedOptions].map(({ value }) => value) : field.value;
})"""


@pytest.mark.parametrize("script", ["", "<script>window.own = 1</script>"], ids=["in place", "loaded"])
def test_each_kind_of_field_keeps_what_the_user_chose_and_no_more(pages: Pages, page: "Page", script: str) -> None:
    pages.show(f"<body><h1>one</h1>{FIELDS}{script}")
    visit(page, pages)
    page.select_option("#m", ["b", "c"])
    page.check("#cb")
    page.check("#rb")
    page.fill("#x", "typed")
    page.fill("#y", "typed")
    page.fill("#y", "own")  # and taken back
    after = (
        FIELDS.replace("<option>c</select>\n<select id=t", "<option selected>c</select>\n<select id=t")
        .replace("<input id=ca", "<input id=cz type=checkbox name=c value=z><input id=ca")
        .replace(">own</textarea>", ">other</textarea>")
    )
    pages.show(f"<body><h1>two</h1>{after}{script}")
    heading(page, "two")
    settled(page)
    names = ["s", "t", "m", "cz", "ca", "cb", "ra", "rb", "x", "y"]
    expected = [["c"], ["b"], ["b", "c"], False, False, True, False, True, "typed", "other"]
    assert page.evaluate(STATE, names) == expected


def test_nothing_of_it_is_remembered_for_the_next_load(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    page.fill("#field", "typed")
    pages.show(BODY.replace("one", "two"))
    heading(page, "two")
    page.fill("#field", "typed later")
    page.reload()
    settled(page)
    assert page.input_value("#field") != "typed"


NOT_PLAIN = [
    "<script>window.ran = 1</script>",
    "<script type=module>window.ran = 1</script>",
    "<p onclick='void 0'>p</p>",
    "<noscript>n</noscript>",
    "<template><p>t</p></template>",
    "<iframe></iframe>",
    "<audio></audio>",
    "<video></video>",
    "<object></object>",
    "<embed>",
    "<input autofocus>",
    "<own-element></own-element>",
    "<svg><script>window.ran = 1</script></svg>",
    "<meta http-equiv=content-security-policy content='img-src *'>",
    "<meta name=referrer content=origin>",
    "<dialog>d</dialog>",
    "<p popover>p</p>",
    "<div><template shadowrootmode=open>t</template></div>",
    "<div><template shadowrootmode=closed>t</template></div>",
    "<table><form><tr><td><input name=a></td></tr></form><tr><td><input name=b></td></tr></table>",
    "<img src=/drawn.svg>",
    "<base href=/>",
]


def test_where_more_than_markup_could_know_it_is_loaded_anew(pages: Pages, page: "Page") -> None:
    """From one of them to the next: what is shown is not plain each time."""
    page.goto(pages.url)
    for number, part in enumerate(NOT_PLAIN):
        pages.show(f"<body><h1>number {number}.</h1>{part}")
        heading(page, f"number {number}.")
        settled(page)
        assert number == 0 or not is_same(page), NOT_PLAIN[number - 1]
        page.evaluate("sessionStorage.clear()")  # so many so quickly are a page that changes itself
        mark(page)


def test_at_a_fragment_it_is_loaded_anew(pages: Pages, page: "Page") -> None:
    page.goto(pages.url + "#end")
    settled(page)
    mark(page)
    pages.show(BODY.replace("one", "two"))
    heading(page, "two")
    assert not is_same(page)


def test_an_image_that_a_view_draws_is_drawn_anew(pages: Pages, page: "Page") -> None:
    pages.show(BODY + "<img src=/drawn.svg>")
    page.goto(pages.url)
    settled(page)
    pages.show(BODY + "<img src=/drawn.svg>", width=77)
    page.wait_for_function("document.querySelector('img').naturalWidth === 77")


@pytest.mark.parametrize(
    ("element", "shown"),
    [
        ("<svg><use href=/static/sprite.svg#a></use></svg>", "document.querySelector('use').href.baseVal"),
        ("<video poster=/static/sprite.svg></video>", "document.querySelector('video').poster"),
    ],
)
def test_an_image_that_is_used_in_other_ways_is_swapped(pages: Pages, page: "Page", element: str, shown: str) -> None:
    pages.show(BODY + element)
    visit(page, pages)
    edit(pages.root / "static/sprite.svg", "h9v9z", "h5v5z")
    page.wait_for_function(f"{shown}.includes('afresh=')")


def test_an_image_that_cannot_be_swapped_loads_the_page_anew(pages: Pages, page: "Page") -> None:
    pages.show(BODY + "<object data=/static/sprite.svg></object>")
    visit(page, pages)
    edit(pages.root / "static/sprite.svg", "h9v9z", "h5v5z")
    page.wait_for_function("window.mark !== 1")


def test_a_view_that_becomes_a_stream_is_shown_as_it_comes(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    edit(pages.root / "urls.py", 'path("", page)', 'path("", endless)')
    page.locator("p", has_text="more").first.wait_for()


def test_a_view_that_does_not_come_to_an_end_and_its_repair(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    with page.expect_request(lambda request: request.headers.get("afresh-page") == "document"):
        pages.show("<h1>{__import__('threading').Event().wait()}</h1>")
    pages.show(BODY.replace("one", "repaired"))
    heading(page, "repaired")
    assert is_same(page)


def test_another_policy_loads_it_anew(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    pages.show(BODY.replace("one", "two"), fields=(("Content-Security-Policy", "img-src 'none'"),))
    heading(page, "two")
    assert not is_same(page)
    settled(page)
    mark(page)
    pages.show(BODY.replace("one", "three"), fields=(("Content-Security-Policy", "img-src 'none'"),))
    heading(page, "three")
    assert is_same(page)


def test_a_redirect_is_followed(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    pages.show("", fields=(("Location", "/elsewhere/"),), status=302)
    heading(page, "elsewhere")
    assert page.url.endswith("/elsewhere/")


def test_an_error_is_shown_once_and_its_repair_too(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    script = "<script>window.ran = (window.ran ?? 0) + 1</script>"
    pages.show(f"<body><h1>failed</h1><p>CALLS</p>{script}", status=500)
    heading(page, "failed")
    page.wait_for_function("window.ran === 1")
    assert page.inner_text("p") == "1"
    pages.show(BODY.replace("one", "repaired"))
    heading(page, "repaired")


def test_code_that_does_not_start_is_explained_and_its_repair_shown(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    pages.show(BODY, status="missing")
    heading(page, "NameError")
    page.get_by_role("button", name="Copy as text").wait_for()
    pages.show(BODY.replace("one", "repaired"))
    heading(page, "repaired")
    settled(page)
    mark(page)
    pages.show(BODY.replace("one", "two"))
    heading(page, "two")
    assert is_same(page)


def test_a_script_that_is_new_runs_and_the_view_is_not_called_twice(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    pages.show("<body><h1>two</h1><p>CALLS</p><script>document.body.dataset.ran = 'yes'</script>")
    page.locator("body[data-ran=yes]").wait_for()
    assert page.inner_text("p") == "1"
    settled(page)
    mark(page)
    pages.show("<body><h1>three</h1>")
    heading(page, "three")
    assert not is_same(page)


def test_a_style_of_an_extension_does_not_hinder_it(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    page.evaluate("document.head.append(document.createElement('style'))")
    pages.show(BODY.replace("one", "two"))
    heading(page, "two")
    assert is_same(page)


def test_another_stylesheet_takes_effect(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    pages.show(BODY.replace("one", "two"), head=HEAD + "<style>h1 { color: rgb(7, 7, 7); }</style>")
    page.wait_for_function("getComputedStyle(document.querySelector('h1')).color === 'rgb(7, 7, 7)'")


def test_a_style_that_was_swapped_stays(pages: Pages, page: "Page") -> None:
    visit(page, pages)
    for number in (8, 9):
        edit(pages.root / "static/style.css", "rgb(1, 2, 3)" if number == 8 else "rgb(8, 8, 8)", f"rgb({number}, 8, 8)")
        page.wait_for_function(f"getComputedStyle(document.querySelector('h1')).color === 'rgb({number}, 8, 8)'")
    page.wait_for_function("document.querySelectorAll('link[rel=stylesheet]').length === 1")
    link = page.query_selector("link")
    pages.show(BODY.replace("one", "two"))
    heading(page, "two")
    assert page.evaluate("(link) => link === document.querySelector('link')", link) is True
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(9, 8, 8)"
    assert is_same(page)


def test_a_style_that_was_saved_with_the_code_is_swapped_too(pages: Pages, page: "Page") -> None:
    # Nobody looks until both are saved, so that both are told at once.
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.away === true });")
    visit(page, pages)
    page.evaluate("window.away = true; addEventListener('afresh:change', ({ detail }) => { window.told = detail; })")
    pages.show(BODY.replace("one", "two"))
    page.wait_for_function("window.told")
    edit(pages.root / "static/style.css", "rgb(1, 2, 3)", "rgb(8, 8, 8)")
    page.wait_for_function("window.told.changes.some(([, kind]) => kind === 'css')")
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    heading(page, "two")
    page.wait_for_function("getComputedStyle(document.querySelector('h1')).color === 'rgb(8, 8, 8)'")
    assert is_same(page)


def test_a_base_leads_neither_the_script_nor_its_stream_elsewhere(pages: Pages, page: "Page") -> None:
    head = HEAD.replace("<title>", "<base href='http://elsewhere.invalid/'><title>")
    pages.show(BODY, head=head)
    visit(page, pages)
    pages.show(BODY.replace("one", "two"), head=head)
    heading(page, "two")


def test_a_list_keeps_the_elements_that_are_in_both(pages: Pages, page: "Page") -> None:
    def listed(*words: str) -> str:
        return "<body><h1>" + words[0] + "</h1><ul>\\n" + "\\n".join(f"<li>{word}</li>" for word in words) + "\\n</ul>"

    pages.show(listed("a", "b", "c", "d", "e"))
    page.goto(pages.url)
    settled(page)
    page.evaluate("for (const li of document.querySelectorAll('li')) li.word = li.textContent")
    pages.show(listed("x", "a", "c", "y", "d", "e", "z"))
    heading(page, "x")
    kept = page.evaluate("[...document.querySelectorAll('li')].filter((li) => li.word).map((li) => li.textContent)")
    assert kept == ["a", "c", "d", "e"]
    assert page.evaluate("[...document.querySelectorAll('li')].every((li) => !li.word || li.word === li.textContent)")


def test_the_application_is_asked_as_by_a_load(pages: Pages, page: "Page") -> None:
    told = "{k: v for k, v in environ.items() if k.startswith(('HTTP_', 'REQUEST'))}"
    shown = f"<body><h1>one</h1><pre>{{__import__('json').dumps({told})}}</pre>"
    pages.show(shown)
    page.goto(pages.url + "/?a=1")
    settled(page)
    mark(page)
    page.reload()
    settled(page)
    loaded = page.inner_text("pre")
    mark(page)
    pages.show(shown.replace("one", "two"))
    heading(page, "two")
    assert is_same(page)
    asked = page.inner_text("pre")
    # A script's Accept is its own, and a load's site depends on who began it.
    differ = {"HTTP_ACCEPT", "HTTP_SEC_FETCH_SITE", "HTTP_SEC_FETCH_USER"}

    def fields(text: str) -> dict[str, str]:
        return {name: value for name, value in json.loads(text).items() if name not in differ}

    assert fields(asked) == fields(loaded)


def test_it_ends_as_a_load_would_have_ended(pages: Pages, page: "Page", context: "BrowserContext") -> None:
    chance = random.Random(7)
    tree = [_element(chance, 3) for _ in range(4)]
    pages.show(_body(tree, 0))
    page.goto(pages.url)
    settled(page)
    mark(page)
    beside = context.new_page()
    for number in range(1, 13):
        _change(chance, tree)
        page.evaluate("sessionStorage.clear()")  # so many so quickly are a page that changes itself
        pages.show(_body(tree, number))
        heading(page, f"number {number}.")
        beside.goto(pages.url)
        settled(beside)
        assert document_of(page) == document_of(beside), number
    assert is_same(page)


def _body(tree: list[list[object]], number: int) -> str:
    return f"<body><h1>number {number}.</h1>" + "".join(map(_text, tree))


def _element(chance: random.Random, depth: int) -> list[object]:
    """A name, attributes, and what is inside."""
    name = chance.choice(["p", "div", "ul", "section", "span", "svg"]) if depth else chance.choice(["b", "i", "img"])
    inside: list[object] = [_inside(chance, depth) for _ in range(chance.randrange(5))] if name != "img" else []
    return [name, _attributes(chance), inside]


def _inside(chance: random.Random, depth: int) -> object:
    if depth and chance.random() < 0.6:
        return _element(chance, depth - 1)
    return chance.choice(["one", "two & three", "\\n", " ", "<!-- note -->", "<!-- other -->"])


def _attributes(chance: random.Random) -> str:
    known = ["id=x", "class='a b'", "class=a", "title='t'", "@click=go", ":key=1", "hidden", "data-a='1'"]
    return " ".join(chance.sample(known, chance.randrange(3)))


def _text(node: object) -> str:
    if isinstance(node, str):
        return node
    assert isinstance(node, list)
    name, attributes, inside = node
    return f"<{name} {attributes}>" + "".join(map(_text, inside)) + ("" if name == "img" else f"</{name}>")


def _change(chance: random.Random, tree: list[list[object]]) -> None:
    """One of: something more, less, in another place, or otherwise."""
    elements = [node for node in _walk(tree) if node[0] != "img"]
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        element = chance.choice(elements)
        inside = element[2]
        assert isinstance(inside, list)
        match chance.randrange(4):
            case 0:
                inside.insert(chance.randint(0, len(inside)), _inside(chance, 2))
            case 1 if inside:
                inside.pop(chance.randrange(len(inside)))
            case 2:
                chance.shuffle(inside)
            case _:
                element[1] = _attributes(chance)


def _walk(tree: list[list[object]]) -> Iterator[list[object]]:
    for node in tree:
        yield node
        inside = node[2]
        assert isinstance(inside, list)
        yield from _walk([each for each in inside if isinstance(each, list)])
