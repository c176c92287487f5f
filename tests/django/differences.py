"""The intended differences between Afresh and Django's runserver: each a named row with its reason."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

Observation = dict[str, str]
"""What was seen, by channel: `status`, `out`, `err`, `answer …` and what a scenario adds."""

_CHECKS = (
    r"Performing system checks\.\.\.\n\n"
    r"(?:System check identified .*\n)?"
    r"(?:(?:\x1b\[[\d;]*m)?\nYou have \d+ unapplied .*\n.*Run 'python manage\.py migrate' to apply them\..*\n)?"
)


@dataclass(frozen=True)
class Difference:
    """Where Django shows what `pattern` finds in the channels that `channel` matches, Afresh shows `instead`."""

    name: str
    channel: str
    pattern: str
    instead: str
    reason: str

    def apply(self, observation: Observation) -> Observation:
        """Django's observation as Afresh is meant to show it. AssertionError when there is nothing to change."""
        changed, hits = {}, 0
        for channel, text in observation.items():
            found = 0
            if re.fullmatch(self.channel, channel):
                text, found = re.subn(self.pattern, self.instead, text, flags=re.MULTILINE)
            changed[channel], hits = text, hits + found
        assert hits, f"the difference {self.name!r} finds nothing in {observation}"
        return changed


def expect(django: Observation, rows: Iterable[Difference]) -> Observation:
    """What Afresh must show where Django shows `django`."""
    for row in rows:
        django = row.apply(django)
    return django


WATCHING = Difference(
    "name of the reloader",
    "err|out",
    r"^Watching for file changes with StatReloader$",
    "Watching for file changes with Afresh",
    "Django names the class of its reloader there, and it is another one; same logger, level and place.",
)
CHECKS_LATER = Difference(
    "checks after the banner",
    "out",
    rf"({_CHECKS})((?:.*\n)+)",
    r"\2\1",
    "System and migration checks run once the server answers, so that nobody waits for them; same text.",
)
SERVER_FIELD = Difference(
    "Server field",
    "answer.*|raw.*",
    r"^Server: .*$",
    "Server: Afresh",
    "The field names the software, and it is another one.",
)
PAGE_FOR_EXCEPTIONS = Difference(
    "page for exceptions",
    "answer .*",
    r"^(500 Internal Server Error\nContent-Type: text/plain)\n(Date: DATE\nServer: .*)$",
    r"\1; charset=utf-8\n\2\nVary: Accept\nX-Content-Type-Options: nosniff",
    "What no handler of Django's turns into a page gets Afresh's, as text where the client does not ask for HTML.",
)
NO_CHECKS_BEFORE_BIND = Difference(
    "no checks where nothing is served",
    "out",
    rf"^{_CHECKS}",
    "",
    "Checks run after the address is bound; where it cannot be, the command ends first.",
)
CHECKED_ONCE = Difference(
    "the command starts once",
    "out",
    r"^(own check .*\n)\1(Performing)",
    r"\1\2",
    "Django runs the command in the parent, which only watches, and again in the child; Afresh runs it once.",
)
IMPORTED_ONCE = Difference(
    "the project is loaded once",
    "out",
    r"^(.+\n)\1",
    r"\1",
    "Django loads the project in the parent, which only watches, and again in the child; Afresh loads it once.",
)
WATCHING_IN_ANY_FORMAT = Difference(
    "name of the reloader",
    "err",
    r"^(django\.utils\.autoreload\|INFO\|-\|Watching for file changes with) StatReloader$",
    r"\1 Afresh",
    WATCHING.reason,
)
LENGTH_OF_REDIRECT = Difference(
    "a body in one piece has a length",
    "answer GET /about",
    r"^Connection: close$",
    "Content-Length: of the body",
    "Django before 6.0 sends redirects of CommonMiddleware without a length, and closes the connection instead.",
)
CHUNKED_STREAM = Difference(
    "streams are sent in chunks",
    "answer.*",
    r"^Connection: close\n((?:.+\n)*?)(?=X-)",
    r"\1Transfer-Encoding: chunked\n",
    "Django closes the connection to mark the end of a response of unknown length; HTTP/1.1 has chunks for that.",
)
NO_LENGTH_OF_NO_CONTENT = Difference(
    "204 without Content-Length",
    "answer .* /status/204/",
    r"^Content-Length: .*\n",
    "",
    "A server must not send the field with a 204 response (RFC 9110, 8.6).",
)
NO_LENGTH_OF_NOT_MODIFIED = Difference(
    "304 without the Content-Length of nothing",
    "answer same|answer .* /status/304/",
    r"^Content-Length: .*\n",
    "",
    "The field would have to be that of what has not changed (RFC 9110, 8.6), and Django says 0.",
)
LENGTH_OF_EMPTY_FILE = Difference(
    "HEAD of an empty file with its length",
    "answer HEAD /static/empty.css",
    r"^(Content-Disposition: .*\n)",
    r"\1Content-Length: of the body\n",
    "Django drops a length of 0 in answers to HEAD, because it cannot know that GET's is the same; for a file it is.",
)
INSTALLED = Difference(
    "the app is installed",
    "answer.*",
    r"""(\[)('django.contrib.staticfiles', 'app'\])""",
    r"\1'afresh.django', \2",
    "The door is an app of the project.",
)
SERVER_SOFTWARE = Difference(
    "SERVER_SOFTWARE",
    "meta.*|answer.*",
    r"""(SERVER_SOFTWARE\W+)(WSGIServer/[^'"]+)""",
    r"\1Afresh",
    SERVER_FIELD.reason,
)
SERVER_NAME = Difference(
    "SERVER_NAME",
    "meta.*|answer.*",
    r"""(SERVER_NAME\W+)localhost\b""",
    r"\g<1>127.0.0.1",
    "Django looks the address up in reverse DNS, which can take seconds; Afresh gives the address it was told.",
)
FILE_WRAPPER = Difference(
    "wsgi.file_wrapper",
    "meta.*|answer.*",
    r"wsgiref\.util\.FileWrapper",
    "afresh.serve.files.FileWrapper",
    "A class of its own lets the kernel send the file.",
)
INPUT_TERMINATED = Difference(
    "wsgi.input_terminated",
    "meta.*",
    r"""^( "wsgi.input": "INPUT",\n)""",
    r"""\1 "wsgi.input_terminated": "bool",\n""",
    "Chunked request bodies have no Content-Length: applications are told that the input ends by itself.",
)
INPUT_TERMINATED_IN_PAGE = replace(
    INPUT_TERMINATED,
    channel="answer.*",
    pattern=r"^(wsgi\.input = INPUT\n)",
    instead=r"\1wsgi.input_terminated = True\n",
)


ORIGINAL_COMMAND_LINE = Difference(
    "sys.orig_argv",
    "orig_argv",
    r"\A(?:.|\n)+\Z",
    "as typed",
    "Django's reloader rebuilds the command line for its child; Afresh starts every boot with the one that was typed.",
)
OPTIMIZED = Difference(
    "-O is kept",
    "flags",
    r"\boptimize=0\b",
    "optimize=1",
    "Django's reloader does not pass -O on to its child, so that assertions run there.",
)
