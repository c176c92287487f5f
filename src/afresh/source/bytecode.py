"""Python's own cache of code, the .pyc files (PEP 552), which Afresh reads only where Python does."""

from __future__ import annotations

import marshal
from importlib.util import MAGIC_NUMBER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

    from afresh.reload.journal import Signature

HEADER_BYTES = 16


def is_by_hash(data: bytes) -> bool:
    """Whether the source's hash, and not its time and size, tells if this .pyc still counts."""
    return data[4:8] != b"\0\0\0\0"


def code_for(source: Signature, data: bytes) -> CodeType | None:
    """The code in a .pyc with this content, None where it is not, by its time and size, that of the source.

    One that goes by the hash is taken as it is.
    """
    times = int.from_bytes(data[8:12], "little"), int.from_bytes(data[12:16], "little")
    fits = is_by_hash(data) or times == (source.mtime // 10**9 & 0xFFFFFFFF, source.size & 0xFFFFFFFF)
    if data[:4] != MAGIC_NUMBER or not fits:
        return None
    try:
        code = marshal.loads(data[HEADER_BYTES:])
    except (EOFError, ValueError, TypeError):
        return None
    return code if isinstance(code, _CODE) else None


_CODE = type((lambda: None).__code__)
