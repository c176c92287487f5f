"""The pages before the dashboard: for those who have no key, or whose browser did not bring it along."""

from http import HTTPStatus

from afresh.dashboard.http import TEXT, Response
from afresh.pages.document import document

# These pages hold their style: whoever sees them may not ask for files either. No script, and nothing from elsewhere.
_POLICY = (
    "Content-Security-Policy",
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)


def stranger() -> Response:
    """No key, or that of an earlier start."""
    main = (
        '<div class="lead host"><p class="kind">Dashboard</p><h1>Open it by the link in the terminal</h1></div>'
        "<p>The link holds a key that is made at each start of the server, so that no other page can read this one."
        " It stands in the line that begins with <b>Dashboard:</b></p>"
        '<p class="order">In the terminal, <code>d</code> and Enter open it as well.</p>'
    )
    return Response([document("Afresh", main)], status=HTTPStatus.UNAUTHORIZED, fields=(_POLICY,))


def once_more() -> Response:
    """A link on a page of another origin: a SameSite cookie is sent when the dashboard's own page asks."""
    main = '<div class="lead host"><p class="kind">Dashboard</p><h1>One moment</h1></div><p><a href="">Go on</a></p>'
    page = document("Afresh", main, head='<meta http-equiv="refresh" content="0">')
    return Response([page], fields=(_POLICY,))


def forbidden() -> Response:
    """Another origin asks. It may read this, so it holds nothing."""
    return Response([b"Requests from other origins are not answered.\n"], TEXT, HTTPStatus.FORBIDDEN)
