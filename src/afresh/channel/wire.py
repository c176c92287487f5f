"""Messages as bytes, whatever their texts hold.

Names of files, arguments and variables that are not UTF-8 come into Python as texts with lone surrogates (PEP 383),
which msgpack's strings cannot hold. Such a text travels as an extension; a message without one costs nothing for it.
"""

from typing import Any, Generic, TypeVar

import msgspec

_ODD_TEXT = 1  # the code of the extension; msgpack leaves 0 to 127 to applications

Message = TypeVar("Message")


def encode(message: msgspec.Struct) -> bytes:
    """The inverse of `Decoder.decode`."""
    try:
        return msgspec.msgpack.encode(message)
    except UnicodeEncodeError:
        return msgspec.msgpack.encode(_extended(msgspec.to_builtins(message, builtin_types=(bytes,))))


def _extended(value: Any) -> Any:
    match value:
        case str():
            data = value.encode("utf-8", "surrogatepass")
            return value if data == value.encode("utf-8", "replace") else msgspec.msgpack.Ext(_ODD_TEXT, data)
        case list() | tuple():
            return [_extended(each) for each in value]
        case _:
            return value  # nothing in messages has keys: structs are arrays


class Decoder(Generic[Message]):
    """Decodes messages of one type, which may be a union."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(kind)
        self._any = msgspec.msgpack.Decoder(ext_hook=_odd_text)

    def decode(self, data: bytes) -> Message:
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError:
            message: Message = msgspec.convert(self._any.decode(data), self._kind)
            return message


def _odd_text(_: int, data: memoryview) -> str:
    return bytes(data).decode("utf-8", "surrogatepass")
