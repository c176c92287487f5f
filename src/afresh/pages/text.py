"""A failure as plain text: in short for the terminal, in full for clients that did not ask for HTML."""

from afresh.channel.messages import Failure
from afresh.pages.facts import advice, innermost, source_line
from afresh.pages.printable import multiline, one_line


def short(failure: Failure) -> list[str]:
    """The terminal's form, one string per line: what happened, where in the project, how to proceed.

    Control characters are escaped, so the lines may be written to a terminal as they are.
    """
    return [one_line(failure.title), *_place(failure), one_line(advice(failure))]


def full(failure: Failure) -> str:
    """The plain text page: the short form, then the whole traceback or output. Ends with a line feed."""
    parts = ["\n".join(short(failure))]
    for change in failure.changes:
        parts.append("\n".join([f"Changed since it worked: {one_line(change.name)}", *map(one_line, change.diff)]))
    if failure.text.strip():
        parts.append(multiline(failure.text.strip("\n")))
    return "\n\n".join(parts) + "\n"


def _place(failure: Failure) -> list[str]:
    frame = innermost(failure)
    if frame is None:
        return []
    lines = [f"  {one_line(frame.file)}:{frame.line} in {one_line(frame.function)}"]
    if source := source_line(frame):
        lines.append(f"    {one_line(source)}")
    return lines
