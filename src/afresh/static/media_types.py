"""What kind of content a file holds, the same on every system.

Python's `mimetypes` takes in the registry of the system: without one, scripts that are modules and fonts have no type
there; on Windows an editor's installer can make `.js` text/plain. So what browsers depend on is said here, the rest as
`mimetypes` has it, and what the project itself registered (`mimetypes.add_type`) goes before both.
"""

import mimetypes
import os
import posixpath
from functools import cache

DEFAULT = "application/octet-stream"

# https://www.iana.org/assignments/media-types; for scripts RFC 9239, for source maps ECMA-426.
WEB_TYPES = {
    ".avif": "image/avif",
    ".cjs": "text/javascript",
    ".css": "text/css",
    ".csv": "text/csv",
    ".gif": "image/gif",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".htm": "text/html",
    ".html": "text/html",
    ".ico": "image/vnd.microsoft.icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
    ".vtt": "text/vtt",
    ".wasm": "application/wasm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}


def media_type(path: str) -> tuple[str, str]:
    """Media type and content coding ("" for none) of a file, by its name."""
    # Until then the project has registered nothing, since that reads the system's registry: 20 ms, for which the first
    # page of each new server would wait.
    if not mimetypes.inited and (known := WEB_TYPES.get(posixpath.splitext(path)[1].lower())):
        return known, ""
    guessed, coding = mimetypes.guess_type(path)
    extension = _extension(path, coding is not None)
    known = WEB_TYPES.get(extension)
    if known is None or mimetypes.types_map.get(extension) != _registry().get(extension):
        return guessed or DEFAULT, coding or ""
    return known, coding or ""


def _extension(path: str, is_coded: bool) -> str:
    """The extension that tells the type: that of `a.css` for `a.css.gz`, and of `a.svg` for `a.svgz`."""
    base, extension = posixpath.splitext(path)
    if extension.lower() in mimetypes.suffix_map:
        base, extension = posixpath.splitext(base + mimetypes.suffix_map[extension.lower()])
    return (posixpath.splitext(base)[1] if is_coded else extension).lower()


@cache
def _registry() -> dict[str, str]:
    """Type by extension as Python and the system have it, without what the project added since (`mimetypes.init`)."""
    registry = mimetypes.MimeTypes()
    for file in mimetypes.knownfiles:
        if os.path.isfile(file):
            registry.read(file)
    return registry.types_map[True]
