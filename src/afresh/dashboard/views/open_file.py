"""A file of the project, to be opened in the editor. Pages of the application's origin link here: they hold no key."""

from urllib.parse import urlencode

from afresh.dashboard.http import Request, Response
from afresh.dashboard.layout import page
from afresh.pages.printable import markup, one_line


def show(request: Request) -> Response:
    """The place, and a button: a link alone, which any page may lead to, opens nothing."""
    file, line = request.query.get("file", ""), request.query.get("line", "1")
    directory, slash, name = one_line(file).rpartition("/")
    back = "/open?" + urlencode({"file": file, "line": line, "done": "yes"})
    done = '<p class="quiet" role="status">It has been opened.</p>' if request.query.get("done") == "yes" else ""
    fields = "".join(
        f'<input type="hidden" name="{key}" value="{markup(value)}">'
        for key, value in (("file", file), ("line", line), ("next", back))
    )
    main = (
        f"<h1><code>{markup(name)}</code>, line {markup(one_line(line))}</h1>"
        f'<p class="quiet">{markup(directory + slash)}</p>{done}'
        f'<form method="post" action="/actions/open-editor">{fields}'
        "<button autofocus>Open in the editor</button></form>"
    )
    return page("Open a file", main, path="/open", number=request.board.snapshot().number)
