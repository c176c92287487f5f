"""The access log: Django's own, through the logger `django.server` (django/core/servers/basehttp.py)."""

import logging
import time

from afresh.serve.log import AccessEntry, timestamp

_LOGGER = logging.getLogger("django.server")
_TLS_HANDSHAKE = "\x16\x03"
_TLS = "You're accessing the development server over HTTPS, but it only supports HTTP."


def access_log(entry: AccessEntry) -> None:
    """Log one answer with the level, the arguments and the extra fields that Django's request handler gives."""
    if entry.request_line.startswith(_TLS_HANDSHAKE):
        _LOGGER.error(_TLS, extra=_extra(entry, 500))
        return
    level = logging.ERROR if entry.status >= 500 else logging.WARNING if entry.status >= 400 else logging.INFO
    if _LOGGER.isEnabledFor(level):
        # Escaped as Django does since CVE-2025-48432: a line end or a terminal sequence in a path is not to reach the
        # log.
        line = entry.request_line.encode("unicode_escape").decode("ascii")
        arguments = (line, str(entry.status), str(entry.length))
        _LOGGER.log(level, '"%s" %s %s', *arguments, extra=_extra(entry, entry.status))


def _extra(entry: AccessEntry, status_code: int) -> dict[str, object]:
    return {"request": entry.sock, "server_time": timestamp(time.time()), "status_code": status_code}
