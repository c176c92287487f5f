"""What requests read: a file that a server has read counts as consumed, as if a start had read it.

The keeper watches the file before the request goes on to open it, so whatever is saved from then on closes the gate.
That costs one question for each file and server; a file that is read again costs a look into a set.

Not told: what the server itself writes, what Python and installed packages bring along, modules (whose code counts by
itself), and files of which nothing is kept. What only its name or its place tells is for the keeper to leave out.
"""

from __future__ import annotations

import os
import sys

from afresh.boot.observe import OUTPUTS, WRITING, is_passed_over, places
from afresh.boot.roots import OWN, is_installed
from afresh.reload.journal import Read, Wrote
from afresh.source.reading import absolute, signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Any

    from afresh.boot.journal import JournalWriter
    from afresh.boot.observe import Handler
    from afresh.boot.roots import ProjectRoots

MOST_FILES = 10_000
"""Told of one server, at most: who reads more, an archive of pictures, keeps none of them."""

# Who hands a file on, or reads it again for each request: by the end of the module's path, with the function's name
# where others of that module keep what they read.
KEEPS_NOTHING: dict[str, str] = {
    "/linecache.py": "",
    "/bottle.py": "static_file",
    "/cachelib/file.py": "",
    "/cherrypy/lib/static.py": "",
    "/django/contrib/sessions/backends/file.py": "",
    "/django/core/cache/backends/filebased.py": "",
    "/django/views/debug.py": "",
    "/django/views/static.py": "serve",
    "/falcon/routing/static.py": "",
    "/pyramid/response.py": "",
    "/webob/static.py": "",
    "/werkzeug/middleware/shared_data.py": "",
    "/werkzeug/utils.py": "send_file",
    "/whitenoise/base.py": "",
    "/whitenoise/responders.py": "",
}


class Requests:
    """Sees what the threads of a server open. `tell(entry)` returns when the file is watched. `drops(path, frame)`: see
    `afresh.boot.application`."""

    def __init__(
        self,
        journal: JournalWriter,
        roots: ProjectRoots | None,
        tell: Callable[[Read], None],
        drops: Callable[[str, FrameType | None], bool],
    ) -> None:
        self._journal = journal
        self._roots = roots
        self._tell = tell
        self._drops = drops
        # As the project names them: nothing more is to be found out about these.
        self._settled: set[object] = set()
        self._told: set[str] = set()

    def __repr__(self) -> str:
        return f"<Requests told={len(self._told)}>"

    @property
    def handlers(self) -> dict[str, Handler]:
        """By audit event."""
        return {"open": self.opened, **{event: self._changer(positions) for event, positions in OUTPUTS.items()}}

    def opened(self, arguments: tuple[Any, ...]) -> None:
        """A file is about to be opened."""
        target, mode, flags = arguments
        opener = sys._getframe(2)  # hook, this method, who opens
        if isinstance(target, int) or opener.f_code.co_filename.startswith(OWN):
            return
        if flags & WRITING if mode is None else mode.strip("rbtU"):
            self._writes(absolute(os.fsdecode(target)))
        elif target not in self._settled and self._journal.waits:
            self._reads(target, absolute(os.fsdecode(target)), opener)

    def _reads(self, target: object, path: str, opener: FrameType) -> None:
        if is_passed_over(path) or self._is_brought_along(path) or path in self._journal.files:
            self._settle(target, path)
        elif path not in self._journal.outputs and not self._keeps_nothing(opener) and not self._drops(path, opener):
            signature = signature_of(path)
            if signature is None and os.path.lexists(path):
                return  # a folder, a device, a pipe
            if path not in self._told and len(self._told) < MOST_FILES:
                if _is_inside_ourselves(opener):
                    return
                # Later than the question: a second thread that comes here meanwhile waits as well.
                self._tell(Read(path, signature))
                self._told.add(path)
            if signature is not None:
                self._settle(target, path)

    def _is_brought_along(self, path: str) -> bool:
        """Whether an installed package has it, and not one that is the project (`afresh package:app`)."""
        return is_installed(path) and not (self._roots is not None and self._roots.contains(path))

    def _settle(self, target: object, path: str) -> None:
        if target == path and len(self._settled) < MOST_FILES:  # else the next one of this name may be another file
            self._settled.add(target)

    def _keeps_nothing(self, frame: FrameType | None) -> bool:
        """Whether no code of the project gets to see what is read here."""
        while frame is not None:
            code = frame.f_code
            if self._roots is not None and self._roots.contains(code.co_filename):
                return False
            for ending, name in KEEPS_NOTHING.items():
                if code.co_filename.endswith(ending) and name in ("", code.co_name):
                    return True
            frame = frame.f_back
        return False

    def _changer(self, positions: tuple[tuple[int, int | None], ...]) -> Handler:
        def changed(arguments: tuple[Any, ...]) -> None:
            for path in places(arguments, positions):
                self._writes(path)

        return changed

    def _writes(self, path: str) -> None:
        """From here on it is the server's own work. Not what the start has read: the next start would read this."""
        if (path in self._told or self._journal.is_assumed(path)) and not self._journal.has_told(path):
            self._journal.add(Wrote(path))
        outputs = self._journal.outputs
        if path not in outputs:
            outputs[path] = None
            if len(outputs) > MOST_FILES:
                del outputs[next(iter(outputs))]


def _is_inside_ourselves(frame: FrameType | None) -> bool:
    """Whether a finalizer or a signal's handler has come in the middle of a message, whose lock this thread holds."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(OWN + "/channel/"):
            return True
        frame = frame.f_back
    return False
