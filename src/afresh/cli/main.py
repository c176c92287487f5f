"""The edge of the command line: reads where it stands, hands a `BootSpec` to the keeper, ends with a status."""

import os
import sys
from collections.abc import Sequence

from afresh import __version__
from afresh.cli.arguments import Command, Flags, RunApplication, RunProject, ShowHelp, ShowVersion, parse
from afresh.errors import AfreshError, UsageError
from afresh.keeper.spec import BootSpec, address_of, interpreter_command, is_noreload, read_address
from afresh.options.files import find_options
from afresh.options.resolve import as_environment

_FAILURE, _USAGE = 1, 2  # 2 as argparse, and so Django, ends for a command line that cannot be


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command in `argv` (default: `sys.argv`) and returns its exit status."""
    try:
        return _perform(parse(sys.argv[1:] if argv is None else argv, has_manage=os.path.isfile("manage.py")))
    except AfreshError as error:
        print("\n".join(filter(None, (f"afresh: {error}", error.hint))), file=sys.stderr)
        return _USAGE if isinstance(error, UsageError) else _FAILURE


def _perform(command: Command) -> int:
    match command:
        case ShowHelp():
            from afresh.cli.help import help_text

            print(help_text(), end="")
            return 0
        case ShowVersion():
            print(f"afresh {__version__}")
            return 0
        case RunProject() if sys.platform != "linux":
            return _run_plainly(command)
        case RunProject(target=target) if any(map(is_noreload, target)):
            _require_script(target[0])
            return _run_here(target, command.flags)
        case RunProject():
            _require_script(command.target[0])
            return _run(_spec(command.target, "afresh", address_of(command.target), command.flags))
        case RunApplication():
            return _run(_application_spec(command))


def _application_spec(command: RunApplication) -> BootSpec:
    if sys.platform != "linux":
        raise AfreshError("Afresh runs on Linux only.", "Serve the application with another development server here.")
    address = read_address(command.addrport, command.ipv6)
    if address is None:
        raise UsageError(
            f'"{command.addrport}" is not a valid port number or address:port pair.',
            "For example: 8000, 0.0.0.0:8000 or [::1]:8000",
        )
    return _spec(("wsgi", command.application), "wsgi", address, command.flags)


def _spec(target: tuple[str, ...], door: str, address: tuple[str, int, bool] | None, flags: Flags) -> BootSpec:
    return BootSpec(
        python=sys.executable,
        flags=interpreter_command(sys.orig_argv)[0],
        target=target,
        environ=dict(os.environ),
        cwd=os.getcwd(),
        door=door,
        address=address,
        options=find_options(os.environ, flags),
    )


def _require_script(script: str) -> None:
    if script != "-m" and not os.path.isfile(script):
        raise UsageError(f"There is no file {script}.", "Name the path to your project's manage.py.")


def _run(spec: BootSpec) -> int:
    from afresh.keeper.main import run

    return run(spec)


def _run_here(target: tuple[str, ...], flags: Flags) -> int:
    """Run the project's command in this very process, with Afresh's serving loop and without a keeper."""
    from importlib import import_module

    from afresh.boot.run import run_target

    find_options(os.environ, flags)  # what cannot be is said before the project is loaded
    os.environ.update(as_environment(flags))
    if not sys.flags.safe_path:
        del sys.path[0]  # where this command lies; `run_target` puts in the script's place
    why_not = import_module("afresh.django.seams").install()
    if why_not:
        print(why_not, file=sys.stderr)
    run_target(target)
    return 0


def _run_plainly(command: RunProject) -> int:
    """Where Afresh does not run, the project's own runserver does."""
    import subprocess

    print("Afresh runs on Linux only: this is Django's own runserver.", file=sys.stderr)
    try:
        return subprocess.run([sys.executable, *interpreter_command(sys.orig_argv)[0], *command.target]).returncode
    except KeyboardInterrupt:
        return 0
