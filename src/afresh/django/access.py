"""The access log: Django's own, through the logger `django.server` (django/core/servers/basehttp.py)."""

import logging
import time

from afresh.serve.log import AccessEntry, timestamp

_LOGGER = logging.getLogger("django.server")
_TLS_HANDSHAKE = "\x16\x03"
_TLS = "You're accessing the development server over HTTPS, but it only supports HTTP."


def access_log(entry: AccessEntry) -> None:
    """Log one answer with the level, the arguments and the extra fields that Django's request handler gives."""
    extra = {"request": entry.sock, "server_time": timestamp(time.localtime())}
    if entry.request_line.startswith(_TLS_HANDSHAKE):
        _LOGGER.error(_TLS, extra={**extra, "status_code": 500})
        return
    level = logging.ERROR if entry.status >= 500 else logging.WARNING if entry.status >= 400 else logging.INFO
    # Escaped as Django does since CVE-2025-48432: a line end or a terminal sequence in a path is not to reach the log.
    line = entry.request_line.encode("unicode_escape").decode("ascii")
    arguments: tuple[str, ...] = (line, str(entry.status), str(entry.length))
    form = '"%s" %s %s · %s' if entry.note else '"%s" %s %s'
    arguments = (*arguments, entry.note) if entry.note else arguments
    _LOGGER.log(level, form, *arguments, extra={**extra, "status_code": entry.status})
