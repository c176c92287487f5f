"""The page for a failure, as HTML."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afresh.channel.messages import ExceptionInfo, Failure, Frame
from afresh.pages.chain import origin
from afresh.pages.facts import digest
from afresh.pages.failure import page

VOID = {"meta"}


class Outline(HTMLParser):
    """What a browser would build: start tags with attributes, the text outside style and script, and balance."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.stack: list[str] = []
        self.feed(text.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    def count(self, tag: str, **attributes: str) -> int:
        return sum(name == tag and attributes.items() <= found.items() for name, found in self.tags)


def outline(failure: Failure, *, path: str = "/", wait: bool = True, elapsed: float = 0.0) -> Outline:
    result = Outline(page(failure, path=path, wait=wait, nonce="abc", elapsed=elapsed))
    assert result.stack == []
    return result


def test_the_exception_comes_first_then_its_cause_then_the_traceback(failure: Failure) -> None:
    text = outline(failure).text
    order = ["django.core.exceptions.ImproperlyConfigured", "It was caused by", "ZeroDivisionError", "Full traceback"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert failure.text in text


def test_the_projects_frames_are_open_and_others_folded(failure: Failure) -> None:
    html = outline(failure)
    details = [attributes for tag, attributes in html.tags if tag == "details"]
    assert [(found["class"], "open" in found) for found in details] == [
        ("others", False),  # Django, which raised; the focus is on the project's own frame
        ("frame", False),
        ("frame own", True),
        ("others", False),
        ("frame own", True),
    ]
    assert "2 frames in django, importlib" in html.text


def test_a_frame_without_a_function_is_named_by_its_place() -> None:
    """That of a SyntaxError."""
    frame = Frame("/shop/models.py", 3, "", True, 3, ("one",))
    html = outline(Failure("error", "X", "", (ExceptionInfo("X", "", (frame,)),)))
    assert html.count("span", **{"class": "function"}) == 0


def test_without_a_project_frame_the_innermost_is_open() -> None:
    frames = tuple(Frame(f"/x/{name}.py", 1, "f", False, 1, ("pass",)) for name in ("outer", "inner"))
    html = outline(Failure("error", "X", "", (ExceptionInfo("X", "", frames),)))
    assert html.count("details", **{"class": "frame own"}) == 1
    assert html.text.index("inner.py") < html.text.index("outer.py")


def test_the_line_at_fault_is_marked(failure: Failure) -> None:
    html = outline(failure)
    marked = [found["data-n"] for tag, found in html.tags if tag == "span" and found.get("class") == "current"]
    assert marked == ["90", "12", "3"]


def test_a_context_reads_otherwise_than_a_cause() -> None:
    chain = (ExceptionInfo("KeyError", "'a'", (), "context"), ExceptionInfo("ValueError", "b", ()))
    assert "It happened while this was being handled" in outline(Failure("error", "ValueError: b", "", chain)).text


def test_the_page_carries_its_digest_and_whether_it_may_reload(failure: Failure) -> None:
    for wait, said in ((True, "yes"), (False, "no")):
        body = next(found for tag, found in outline(failure, wait=wait).tags if tag == "body")
        assert (body["data-failure"], body["data-wait"]) == (digest(failure), said)


def test_nothing_is_loaded_and_the_only_script_has_the_nonce(failure: Failure) -> None:
    html = outline(failure)
    scripts = [found for tag, found in html.tags if tag == "script"]
    assert scripts == [{"nonce": "abc"}]
    attributes = {name for _, found in html.tags for name in found}
    assert not attributes & {"src", "href", "srcset", "style", "action"}
    assert not any(name.startswith("on") for name in attributes)


@pytest.mark.parametrize("kind", ["error", "exit", "checks", "slow", "<kind>"])
def test_hostile_values_stay_text(kind: str) -> None:
    bad = "\"'></title></style></pre><script>alert(1)</script>\x00\ud800\u202e"
    frame = Frame(bad, 1, bad, True, 1, (bad, bad))
    other = Frame(f"/site-packages/{bad}", 1, bad, False, 1, (bad,))
    failure = Failure(kind, bad, f"ERRORS:\n{bad}: (a.E1) {bad}\n", (ExceptionInfo(bad, bad, (frame, other)),), bad)
    html = outline(failure, path=bad)
    assert html.count("script") == html.count("title") == html.count("style") == 1
    assert "alert(1)" in html.text


@given(st.text(alphabet=st.characters()), st.sampled_from(["error", "exit", "checks", "slow"]))
def test_any_text_gives_a_balanced_page_with_one_script(text: str, kind: str) -> None:
    frame = Frame(text, 2, text, True, 1, (text, text, text))
    html = outline(Failure(kind, text, text, (ExceptionInfo(text, text, (frame,)),), text), path=text)
    assert html.count("script") == 1


def test_the_waiting_page_says_how_long_it_took(slow: Failure) -> None:
    html = outline(slow, elapsed=31.7)
    assert "The project is still starting" in html.text
    assert next(found for tag, found in html.tags if tag == "body")["data-elapsed"] == "31"


def test_the_exit_page_shows_the_output_and_the_hint() -> None:
    failure = Failure("exit", "Ended by signal SIGSEGV", "Fatal Python error\n", hint="A C extension crashed.")
    text = outline(failure).text
    assert all(words in text for words in ("Ended by signal SIGSEGV", "Fatal Python error", "A C extension crashed."))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("<frozen importlib._bootstrap_external>", "importlib"),
        ("/venv/lib/python3.13/site-packages/django/apps/config.py", "django"),
        ("/usr/lib/python3/dist-packages/six.py", "six"),
        ("/usr/lib/python3.13/importlib/__init__.py", "importlib"),
        ("/usr/lib/python3.13/runpy.py", "runpy"),
        ("/opt/tools/thing.py", "tools"),
        ("<string>", "<string>"),
        ("/site-packages", ""),
    ],
)
def test_origin(file: str, expected: str) -> None:
    assert origin(file) == expected
