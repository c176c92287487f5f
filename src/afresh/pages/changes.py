"""What has changed since all was well, as HTML: "this broke when you changed ..."."""

from afresh.channel.messages import ChangedFile, Failure
from afresh.pages.printable import markup, one_line

_CLASSES = {"+": "added", "-": "removed", "@": "hunk"}


def changed(failure: Failure) -> str:
    """The changes of a failure; empty where none are known."""
    if not failure.changes:
        return ""
    names = [f"<code>{markup(one_line(change.name))}</code>" for change in failure.changes]
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    diffs = "".join(_diff(change, named=len(names) > 1) for change in failure.changes)
    return f'<section class="changed"><h2>This broke when you changed {listed}</h2>{diffs}</section>'


def _diff(change: ChangedFile, *, named: bool) -> str:
    if not change.diff:
        return ""
    name = f'<p class="order">{markup(one_line(change.name))}</p>' if named else ""
    rows = "".join(map(_row, change.diff))
    return f'{name}<div class="source diff" tabindex="0" role="group" aria-label="Changes"><code>{rows}</code></div>'


def _row(line: str) -> str:
    # The sign is in the text, so that copied lines are a diff, and read out where colours are not seen.
    kind = _CLASSES.get(line[:1], "same")
    return f'<span class="{kind}">{markup(one_line(line.expandtabs(4)))}\n</span>'
