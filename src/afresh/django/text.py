"""Text as Django's terminal styles leave it."""

import re

_SGR = re.compile(r"\x1b\[[0-9;]*m")


def without_colours(text: str) -> str:
    """`text` without the escape sequences of django.utils.termcolors."""
    return _SGR.sub("", text)
