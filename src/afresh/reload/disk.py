"""What the disk says now of the paths that were edited, as values.

Everything that nobody has edited is as it was consumed; so only these are ever compared.
"""

import msgspec

from afresh.reload.journal import Signature


class Now(msgspec.Struct, frozen=True):
    """One path as it is after edit number `edit`.

    `digest`: BLAKE2b-128 of the content, None where there is no readable file. `signature`: None where there is
    nothing. `existence`: from which edit on it existed or not, ascending; the first item is from the beginning.
    `kinds`: what is there, as in `Stat`, with links followed and without.
    """

    path: str
    digest: bytes | None
    signature: Signature | None
    existence: tuple[tuple[int, bool], ...]
    kinds: tuple[str, str] = ("", "")

    @property
    def exists(self) -> bool:
        return self.existence[-1][1]

    def existed_at(self, edit: int) -> bool:
        """Whether it existed after edit number `edit`."""
        return next((existed for since, existed in reversed(self.existence) if since <= edit), self.existence[0][1])


def followed(known: Now | None, now: Now, edit: int, *, existed: bool) -> Now:
    """`now` with the history of `known`; without one, `existed` says what was before this first edit of the path."""
    history = ((0, existed),) if known is None else known.existence
    if history[-1][1] != now.exists:
        history = (*history, (edit, now.exists))
    return msgspec.structs.replace(now, existence=history)
