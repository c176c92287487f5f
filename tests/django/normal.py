"""What differs between two runs and means nothing: times, ports, paths, addresses and private classes of objects."""

import re
from pathlib import Path

from afresh.testing.client import Answer

TIMES = (
    (r"\[\d\d/\w{3}/\d{4} \d\d:\d\d:\d\d\]", "[TIME]"),
    (r"^\w+ \d\d, \d{4} - \d\d:\d\d:\d\d$", "DATE"),
    (r"^(Server time:).*$", r"\1 TIME"),
    (r"0x[0-9a-f]{6,}", "0xADDRESS"),
    (r"\b[0-9a-f]{32}\b", "MARK"),
    (r'("GET /facts/ HTTP/1\.1" 200) \d+', r"\1 SIZE"),
    (r"(wsgi\.input\W+)(?:<[\w.]+ object at \w+>|(?:\w+)(?=\"))", r"\1INPUT"),
    (r"\(Thread-\d+ \(\w+\)|Thread-\d+ \(\w+\)", "THREAD"),
)


def normal(text: str, root: Path, port: int = 0) -> str:
    """`text` with what means nothing replaced by words; `root` is where this side's copy of the project lies."""
    text = text.replace(str(root), "ROOT").replace(str(root.parent), "PARENT")
    # What `-v 2` adds has a test of its own; Django has no such lines.
    text = re.sub(r"^journal: .*\n", "", text, flags=re.MULTILINE)
    # The link to the dashboard, on standard error: it has a test of its own, too.
    text = re.sub(r"^(Dashboard: http|This Python cannot tell which functions).*\n", "", text, flags=re.MULTILINE)
    # What it adds to the lines of requests.
    text = re.sub(r"(\" \d{3} \d+) · \d+ ms(?: · \d+ quer(?:y|ies))?$", r"\1", text, flags=re.MULTILINE)
    for pattern, word in TIMES:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return re.sub(rf"\b{port}\b", "PORT", text) if port else text


def normal_answer(answer: Answer, root: Path, port: int) -> str:
    """A response as text: status line, fields by name (their order means nothing but within a name), body."""
    length = str(len(answer.body))
    fields = sorted((name.title(), _field(name, value, length)) for name, value in answer.headers)
    head = [f"{answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in fields)]
    text = "\n".join(head) + "\n\n" + answer.body.decode("utf-8", "backslashreplace")
    return normal(text, root, port)


def _field(name: str, value: str, length: str) -> str:
    match name.lower():
        case "date" | "last-modified":
            return "DATE"
        case "content-length" if value == length:
            return "of the body"
        case _:
            return value
