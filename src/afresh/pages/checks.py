"""The output of Django's system checks as a list of issues, read back from its text.

Source of the format: `BaseCommand.check` in django/core/management/base.py and `CheckMessage.__str__` in
django/core/checks/messages.py.
"""

import re

import msgspec

from afresh.pages.printable import markup

_LEVELS = {"CRITICALS": "critical", "ERRORS": "error", "WARNINGS": "warning", "INFOS": "info", "DEBUGS": "debug"}
_ISSUE = re.compile(r"(?P<subject>\S.*?): \((?P<id>[\w.]+\.[A-Z]\d+)\) (?P<message>.*)")
_PLAIN = re.compile(r"(?P<subject>\S.*?): (?P<message>.*)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HINT = "\tHINT: "
_FOOTER = "System check identified "


class Issue(msgspec.Struct, frozen=True):
    """One message of a check. `id` and `hint` may be empty; `subject` is "?" where Django names no object."""

    level: str
    subject: str
    id: str
    message: str
    hint: str


def issues(text: str) -> list[Issue]:
    """The issues in the checks' output, in its order; empty where the text has another form."""
    found: list[Issue] = []
    level = ""
    block: list[str] = []
    for line in [*_COLOUR.sub("", text).splitlines(), _FOOTER]:
        starts = line.rstrip(":") in _LEVELS or line.startswith(_FOOTER) or bool(level and _ISSUE.match(line))
        if starts and block:
            found.append(_issue(level, block))
            block = []
        if line.endswith(":") and line[:-1] in _LEVELS:
            level = _LEVELS[line[:-1]]
        elif line.startswith(_FOOTER):
            level = ""
        elif level and (block or line.strip()):
            block.append(line)
    return found


def issue_list(found: list[Issue]) -> str:
    """The issues as HTML."""
    return '<ol class="issues">' + "".join(map(_item, found)) + "</ol>"


def _issue(level: str, block: list[str]) -> Issue:
    match = _ISSUE.match(block[0]) or _PLAIN.match(block[0])
    named = match.groupdict() if match else {"subject": "?", "message": block[0]}
    body = "\n".join([named["message"], *block[1:]])
    message, _, hint = body.partition("\n" + _HINT)
    return Issue(level, named["subject"], named.get("id", ""), message.strip(), hint.strip())


def _item(issue: Issue) -> str:
    subject = f'<code class="subject">{markup(issue.subject)}</code> ' if issue.subject not in ("?", "") else ""
    identity = f' <span class="id">{markup(issue.id)}</span>' if issue.id else ""
    hint = f'<p class="hint">{markup(issue.hint)}</p>' if issue.hint else ""
    return (
        f'<li class="{issue.level}"><p class="about"><span class="level">{issue.level}</span>{identity}</p>'
        f'<p class="message">{subject}{markup(issue.message)}</p>{hint}</li>'
    )
