"""Whoever is told of each request: nobody, or what a process is given to record by."""

from typing import Protocol


class Witness(Protocol):
    """Told of the stations of each request, on the threads where they happen. Must be quick and must not raise.

    `received` gives the request the number that the other calls name it by.
    """

    def received(self, method: str, target: str, port: int, took: int) -> int:
        """The request is about to be answered; on the thread that leads. `port`: the client's. `took`: nanoseconds from
        the first byte of its head to the last; -1 where it began to come elsewhere, or together with the one before.
        """
        ...

    def processed(self, request: int, result: object, status: int) -> None:
        """The application has returned `result`; `status` is 0 where it has not begun the response."""
        ...

    def sent(self, request: int, status: int, length: int) -> None:
        """The response is sent; `length`: bytes of its body."""
        ...

    def cut(self, request: int, why: str) -> None:
        """The exchange is over without a whole response."""
        ...

    def tell(self) -> None:
        """Pass on what there is; called on the thread that leads, a little after `received` and after late ends."""
        ...
