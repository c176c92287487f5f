"""Run a command under observation, as a boot does, and leave its journal as JSON lines in the file named first.

`TEST_EXPECTED` names the journal of another run: what that has executed is expected.
"""

import os
import sys

if not sys.flags.safe_path:
    del sys.path[0]

from afresh.boot import observe
from afresh.boot.imports import Observer
from afresh.boot.journal import JournalWriter
from afresh.boot.roots import ProjectRoots
from afresh.boot.run import run_target
from afresh.reload.journal import Entry, Exec
from afresh.source.cache import CodeCache


def expect(observer: Observer, journal: str) -> None:
    import json

    import msgspec

    from afresh.boot import ahead

    ahead.SETTLED_NS = -(10**18)  # else what the test has just written would not count
    with open(journal, encoding="ascii") as file:
        entries = [msgspec.convert(json.loads(line), Entry) for line in file]
    observer.expect(entry for entry in entries if isinstance(entry, Exec))


out, target = sys.argv[1], tuple(sys.argv[2:])
taken: list[Entry] = []
journal = JournalWriter(taken.extend)
cache = CodeCache(os.environ.get("TEST_CODE_CACHE"))
sys.orig_argv[:] = [sys.orig_argv[0], *target]
observer = Observer(journal, ProjectRoots.of_target(target), cache, {})
if expected := os.environ.get("TEST_EXPECTED"):
    expect(observer, expected)
sys.meta_path.insert(0, observer)
observe.install(journal)
try:
    run_target(target)
except BaseException as exc:
    BaseException.with_traceback(exc, exc.__traceback__.tb_next if exc.__traceback__ else None)
    raise
finally:
    observe.stop()
    journal.flush()
    import json

    import msgspec

    with open(out, "w", encoding="ascii") as file:
        file.writelines(json.dumps(msgspec.to_builtins(entry)) + "\n" for entry in taken)
