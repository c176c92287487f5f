"""Text from the project made safe to show: nothing in it can move a cursor, reorder a line or break an encoding."""

import html

# C0, DEL and C1 drive terminals (CSI is also the single character U+009B); the bidirectional controls and the two
# Unicode line separators make source read otherwise than it runs (CVE-2021-42574).
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_REORDERING = (0x061C, 0x200E, 0x200F, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_ESCAPES = {code: f"\\x{code:02x}" for code in _CONTROLS} | {code: f"\\u{code:04x}" for code in _REORDERING}
_ONE_LINE = _ESCAPES | {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}
_MULTILINE = {code: escape for code, escape in _ONE_LINE.items() if chr(code) not in "\n\t"}


def one_line(text: str) -> str:
    """`text` with every control character, line end and lone surrogate as a backslash escape."""
    return _encodable(text.translate(_ONE_LINE))


def multiline(text: str) -> str:
    """`text` with every control character but line feeds and tabs, and every lone surrogate, as a backslash escape."""
    return _encodable(text.translate(_MULTILINE))


def markup(text: str) -> str:
    """`text` as HTML, for content and for quoted attributes; line feeds and tabs are kept."""
    return html.escape(multiline(text))


def _encodable(text: str) -> str:
    # File names that are not UTF-8 arrive as lone surrogates (PEP 383), which no stream would take.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
