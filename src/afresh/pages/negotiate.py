"""Accept header to representation: HTML for those who ask for it by name, plain text for everyone else.

`*/*` (curl, httpie, `fetch` without an Accept header, API clients) gets text: a person reads it in a terminal or in the
browser's network panel. Source: RFC 9110 section 12.5.1.
"""

_HTML = ("text/html", "application/xhtml+xml")


def wants_html(accept: str) -> bool:
    """Whether the client names an HTML type and ranks it no lower than `text/plain` and JSON."""
    qualities = dict(_parse(item) for item in accept.lower().split(","))
    best = max(qualities.get(name, 0.0) for name in _HTML)
    return best > 0 and best >= max(qualities.get("text/plain", 0.0), qualities.get("application/json", 0.0))


def _parse(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in item.split(";"))
    weights = [value for key, _, value in (parameter.partition("=") for parameter in parameters) if key.strip() == "q"]
    try:
        return name, float(weights[0]) if weights else 1.0
    except ValueError:
        return name, 0.0
