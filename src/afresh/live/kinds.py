"""What a changed file is to a browser. Pure."""

import os.path
from collections.abc import Iterable
from typing import Final

_IMAGES: Final = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif", ".ico", ".bmp", ".apng", ".jxl"})
_FILES: Final = frozenset(
    {".js", ".mjs", ".wasm", ".json", ".map", ".webmanifest", ".woff", ".woff2", ".ttf", ".otf", ".eot"}
    | {".mp4", ".webm", ".mp3", ".ogg", ".wav", ".glb", ".txt", ".xml", ".html", ".htm"}
)
# A path is told up to here: which folder of the project is served at which address, only the page knows.
_SEGMENTS: Final = 4


def kinds(changed: Iterable[str], pages: Iterable[str], root: str) -> dict[str, str]:
    """The changes that browsers are told of, by the end of the path: with kind "page" those of `pages`, which pages
    were made from; of the others what a page could have loaded. What lies outside of `root` is nobody's."""
    found = {_tail(path, root): kind for path in sorted(changed) if (kind := _kind(path)) and _is_below(path, root)}
    made_from = sorted(pages)
    return found | {os.path.basename(path): "page" for path in made_from}


def are_swapped(paths: Iterable[str], root: str) -> bool:
    """Whether a page takes each of them in place of the old one and stays: stylesheets and images."""
    return all(_kind(path) in ("css", "image") and _is_below(path, root) for path in paths)


def _kind(path: str) -> str:
    extension = os.path.splitext(path)[1].lower()
    if extension == ".css":
        return "css"
    return "image" if extension in _IMAGES else "file" if extension in _FILES else ""


def _is_below(path: str, root: str) -> bool:
    return path.startswith(root.rstrip("/") + "/")


def _tail(path: str, root: str) -> str:
    relative = path[len(root.rstrip("/")) + 1 :]
    return "/".join(relative.split("/")[-_SEGMENTS:])
