"""What a user does with a project: log in, open pages, and load the files these pages name."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urljoin

from afresh.testing.client import Answer, fetch, is_refused
from afresh.testing.deadline import Deadline
from afresh.testing.running import started
from afresh.testing.server import Server, started_server

from .answers import Asked
from .installation import Copy, Door
from .projects import Login, Project

_REFERENCE = re.compile(r"""(?:href|src)=["']?([^"'\s>]+)""")
_TOKEN = re.compile(r"""name=["']?csrfmiddlewaretoken["']?[^>]*?value=["']?([A-Za-z0-9]+)""")
_FILES_PER_PAGE = 6
LIVE = "/__afresh__/"


class Browser:
    """A client that keeps cookies; each request on a connection of its own. It follows nothing by itself."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self._cookies: dict[str, str] = {}

    def ask(self, path: str, form: dict[str, str] | None = None) -> Asked:
        """GET, or POST where there is a form."""
        body = None if form is None else urlencode(form).encode()
        method = "GET" if form is None else "POST"
        answer = fetch(self.address, path, method=method, headers=self._fields(form is not None), body=body)
        self._keep(answer)
        return Asked(method, path, answer)

    def cookies(self) -> str:
        """The Cookie field of the next request."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def _fields(self, has_form: bool) -> dict[str, str]:
        host, port = self.address
        fields = {"Cookie": self.cookies(), "Accept": "text/html,*/*", "Accept-Language": "en"}
        if has_form:
            fields |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{host}:{port}"}
        return fields

    def _keep(self, answer: Answer) -> None:
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                cookie, _, content = value.partition(";")[0].partition("=")
                self._cookies[cookie.strip()] = content

    def __repr__(self) -> str:
        return f"<Browser of {self.address[0]}:{self.address[1]} with {', '.join(self._cookies) or 'no cookie'}>"


def log_in(browser: Browser, login: Login) -> list[Asked]:
    """Fill the form; AssertionError when it is not accepted (a redirect is the sign that it is)."""
    if not login.path:
        return []
    form = browser.ask(login.path)
    token = _TOKEN.search(form.answer.text)
    fields = {"csrfmiddlewaretoken": token[1] if token else "", **login.fields}
    sent = browser.ask(login.path, fields)
    assert sent.answer.status == 302, f"{sent.method} {sent.path}: {sent.answer.status}\n{sent.answer.text[:2000]}"
    return [form, sent]


def visit(browser: Browser, project: Project) -> list[Asked]:
    """Log in, open the project's pages and the files they name: everything asked, in order."""
    asked = log_in(browser, project.login)
    for page in project.pages:
        opened = _open(browser, page)
        asked += opened
        known = {one.path for one in asked}
        names = [name for name in files_of(opened[-1], project.static) if name not in known]
        asked += [browser.ask(name) for name in names[:_FILES_PER_PAGE]]
    return asked


def _open(browser: Browser, path: str) -> list[Asked]:
    """A page, with the redirects on the way to it."""
    asked = [browser.ask(path)]
    while len(asked) < 4 and (target := asked[-1].answer.header("Location")):
        asked.append(browser.ask(urljoin(asked[-1].path, target)))
    return asked


def files_of(page: Asked, below: str) -> Iterator[str]:
    """The scripts, styles and images of this site that an HTML page names, each once, in order.

    Only paths that begin with `below` and end like a file count, and not the script that Afresh adds to the page.
    """
    if "text/html" not in (page.answer.header("Content-Type") or ""):
        return
    seen = set()
    for name in _REFERENCE.findall(page.answer.text):
        name = urljoin(page.path, name.replace("&amp;", "&")).partition("#")[0]
        is_file = re.search(r"\.\w{2,5}(\?|$)", name)
        if name.startswith(below) and not name.startswith(("//", LIVE)) and is_file and name not in seen:
            seen.add(name)
            yield name


@contextmanager
def serving(copy: Copy, door: Door, port: int) -> Iterator[Server]:
    """The project, served in this way."""
    variables = copy.open_door(door)
    command = copy.command(door, port)
    if copy.project.usual and door is Door.DJANGO:
        # Each says in a way of its own where it serves.
        with started(command, cwd=copy.working_directory, env=variables) as running:
            deadline = Deadline(60)
            while is_refused(("127.0.0.1", port)):
                assert running.alive(), running.told()
                assert not deadline.passed(), running.told()
                os.sched_yield()
            yield Server(running, "127.0.0.1", port)
        return
    with started_server(command, cwd=copy.working_directory, env=variables, within=60) as server:
        yield server


def visited(copy: Copy, door: Door, port: int) -> list[Asked]:
    """Serve the project, visit it, stop it with Ctrl+C."""
    with serving(copy, door, port) as server:
        asked = visit(Browser(server.address), copy.project)
        assert server.stop() == 0
    return asked
