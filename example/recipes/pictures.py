"""Which uploads are pictures, decided by their content."""

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.validators import FileExtensionValidator

MAX_BYTES = 5 * 1024 * 1024
SIGNATURES = {
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff",
    "jpeg": b"\xff\xd8\xff",
    "gif": b"GIF8",
    "webp": b"RIFF",
}

# The name decides the type under which the file is served later, so name and content must both be right.
# SVG is left out: it can hold scripts.
validate_name = FileExtensionValidator(list(SIGNATURES))


def validate_picture(file: File) -> None:
    """Accept a PNG, JPEG, GIF or WebP of at most 5 MiB; raises ValidationError."""
    if file.size > MAX_BYTES:
        raise ValidationError("The picture is larger than 5 MB.")
    file.seek(0)
    head = file.read(12)
    file.seek(0)
    if not _is_picture(head, file.name.rpartition(".")[2].lower()):
        raise ValidationError("This is not a PNG, JPEG, GIF or WebP picture.")


def _is_picture(head: bytes, extension: str) -> bool:
    signature = SIGNATURES.get(extension)
    if signature is None or not head.startswith(signature):
        return False
    return extension != "webp" or head[8:12] == b"WEBP"
