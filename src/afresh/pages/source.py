"""Lines of Python as lines of HTML, coloured by pygments where it can be imported."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from afresh.pages.printable import markup, multiline

if TYPE_CHECKING:
    from pygments.token import _TokenType

# Token types from special to general: the first that contains a token's type names the CSS class.
_CLASSES = (
    ("Comment", "tc"),
    ("Keyword.Constant", "tn"),
    ("Keyword", "tk"),
    ("Operator.Word", "tk"),
    ("Name.Decorator", "td"),
    ("Name.Function", "tf"),
    ("Name.Class", "tf"),
    ("Literal.String.Interpol", "ti"),
    ("Literal.String", "ts"),
    ("Literal.Number", "tn"),
    ("Name.Builtin", "tb"),
    ("Name.Exception", "tb"),
)


def html_lines(lines: Sequence[str]) -> list[str]:
    """One string of HTML per source line, escaped. Without pygments the same text, uncoloured."""
    try:
        # Late, and by its module: the look-up by name reads the entry points of every installed package. A project
        # that broke its own environment must still get the page.
        from pygments.lexers.python import PythonLexer
        from pygments.token import is_token_subtype, string_to_tokentype
    except Exception:
        return [markup(line.replace("\n", " ")) for line in lines]
    classes = [(string_to_tokentype(name), css) for name, css in _CLASSES]

    @cache
    def css_class(token: "_TokenType") -> str:
        return next((css for token_type, css in classes if is_token_subtype(token, token_type)), "")

    # Escaped first, since the lexer takes a carriage return for a line end.
    text = "\n".join(multiline(line.replace("\n", " ")) for line in lines)
    tokens = PythonLexer(stripnl=False, ensurenl=False).get_tokens(text)
    pieces = ((css_class(token), value) for token, value in tokens)
    return list(_split(pieces))[: len(lines)]


def _split(pieces: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Cut coloured pieces at line feeds, so that each line is HTML of its own."""
    line: list[str] = []
    for css, value in pieces:
        first, *others = value.split("\n")
        line.append(_span(css, first))
        for other in others:
            yield "".join(line)
            line = [_span(css, other)]
    yield "".join(line)


def _span(css: str, value: str) -> str:
    return f'<span class="{css}">{markup(value)}</span>' if css and value.strip() else markup(value)
