"""What the keeper answers on the application's own origin: the live reload's script and its stream."""

from http import HTTPStatus

from afresh.handover.parcel import Parcel
from afresh.serve.head import Head
from afresh.serve.response import plain_response

SOFTWARE = "Afresh"


class Live:
    """Answers requests below `KEEPERS_PATHS`. Nothing here knows a secret."""

    def take(self, parcel: Parcel, head: Head) -> None:
        """Answer, and close or keep the connection."""
        refuse(parcel, HTTPStatus.NOT_FOUND, "There is nothing here.", method=head.method)


def refuse(parcel: Parcel, status: HTTPStatus, message: str, *, method: str = "GET") -> None:
    """Answer with a sentence and close."""
    body = message.encode() + b"\n"
    fields = ("Cross-Origin-Resource-Policy: same-origin", "X-Content-Type-Options: nosniff", "Cache-Control: no-store")
    data = plain_response(status, "text/plain; charset=utf-8", body, method=method, software=SOFTWARE, fields=fields)
    finish(parcel, data)


def finish(parcel: Parcel, data: bytes) -> None:
    """Send what fits the socket's buffer, which is every answer here, and close."""
    try:
        parcel.sock.send(data)
    except OSError:
        pass  # the client is gone
    parcel.sock.close()
