"""Running the user's command in the real `__main__`, as the interpreter itself would.

Sources: Modules/main.c (`pymain_run_python`), Python/pythonrun.c, Lib/runpy.py. `sys.orig_argv` is the caller's.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader

from afresh.boot.imports import read_main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

OWN_FILE = (lambda: None).__code__.co_filename
# Up to 3.12 the interpreter touches the first `__main__` once more when an exception ends it, without holding it.
_kept: list[ModuleType] = []


def run_target(target: tuple[str, ...]) -> None:
    """Run `("manage.py", args...)`, `("-m", module, args...)` or `("-c", code, args...)`.

    `sys.path` must not have the interpreter's first entry (the script's directory or the like): it is put there. What
    the command raises, SystemExit too, passes through without a frame of this module in its traceback.
    """
    try:
        if target[0] == "-c":
            _run_text(target[1], target[2:])
        elif target[0] == "-m":
            _run_module(target[1], target[2:])
        else:
            _run_path(target[0], target)
    except BaseException as exc:
        # A bare `raise` adds no entry for this frame.
        traceback = exc.__traceback__
        while traceback is not None and traceback.tb_frame.f_code.co_filename == OWN_FILE:
            traceback = traceback.tb_next
        BaseException.with_traceback(exc, traceback)
        raise


def _run_text(text: str, arguments: Sequence[str]) -> None:
    main = _begin(["-c", *arguments], "")
    main.__loader__ = BuiltinImporter
    _show_in_tracebacks(text)
    exec(compile(text, "<string>", "exec", dont_inherit=True), main.__dict__)


def _run_module(name: str, arguments: Sequence[str]) -> None:
    _begin(["-m", *arguments], os.getcwd())
    import runpy

    runpy._run_module_as_main(name)  # type: ignore[attr-defined]


def _run_path(path: str, argv: Sequence[str]) -> None:
    # As given, "." and ".." included; only the directory on sys.path is a real path.
    file = os.path.join(os.getcwd(), path)
    if _is_importable_from(file):
        _begin(argv, file)
        import runpy

        runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]
        return
    main = _begin(argv, os.path.dirname(os.path.realpath(file)))
    loader = SourcelessFileLoader if file.endswith(".pyc") else SourceFileLoader
    main.__loader__ = loader("__main__", file)
    main.__file__ = file
    if sys.version_info < (3, 15):
        main.__dict__["__cached__"] = None
    exec(_code_of_script(file), main.__dict__)


def _begin(argv: Sequence[str], first_entry: str) -> ModuleType:
    """The command's arguments and path, and a new `__main__`: the old one is this process's own start."""
    sys.argv[:] = argv
    if not sys.flags.safe_path:
        sys.path.insert(0, first_entry)
    import builtins

    main = type(sys)("__main__")
    if sys.version_info < (3, 14):
        main.__annotations__ = {}
    main.__dict__["__builtins__"] = builtins
    _kept.append(sys.modules["__main__"])
    sys.modules["__main__"] = main
    return main


def _is_importable_from(file: str) -> bool:
    """Whether it is a directory or an archive, as `PyImport_GetImporter` tells."""
    for hook in sys.path_hooks:
        try:
            hook(file)
        except ImportError:
            continue
        return True
    return False


def _code_of_script(file: str) -> CodeType:
    if file.endswith(".pyc"):
        code = SourcelessFileLoader("__main__", file).get_code("__main__")
        assert code is not None
        return code
    try:
        source = read_main(file)
    except OSError as exc:
        print(f"{sys.orig_argv[0]}: can't open file {file!r}: [Errno {exc.errno}] {exc.strerror}", file=sys.stderr)
        sys.exit(2)
    return compile(source, file, "exec", dont_inherit=True)


def _show_in_tracebacks(text: str) -> None:
    if sys.version_info >= (3, 13):
        import linecache

        lines = [line + "\n" for line in text.splitlines()]
        linecache.cache["<string>"] = (len(text), None, lines, "<string>")
