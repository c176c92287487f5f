"""A project installed and filled once, and the copies of it that tests run and edit."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

from afresh.testing.client import free_port

from . import environment, interpreters, services
from .projects import Project

_REQUIREMENTS = Path(__file__).parent / "requirements"


class Door(Enum):
    """The way a project is served."""

    DJANGO = "django"
    """Django's own runserver, or the server that is usual without Django: the measure of everything."""
    COMMAND = "afresh"
    """The `afresh` command; nothing in the project is changed."""
    APP = "afresh.django"
    """`afresh.django` first in INSTALLED_APPS, by the project's own means for local settings."""


class NoInterpreter(Exception):
    """None of the Python versions the project runs on is installed here."""


@dataclass(frozen=True)
class Copy:
    """A copy of an installed project: `code` may be edited, `home` holds its data."""

    project: Project
    environment: Path
    home: Path
    ports: Mapping[str, int] = field(default_factory=dict)

    @property
    def python(self) -> str:
        """The interpreter of the copy's environment."""
        return str(self.environment / "bin" / "python")

    @property
    def code(self) -> Path:
        """Where the project's code lies: in its home, or its package in site-packages."""
        if self.project.home_is_code:
            return self.home
        return environment.site_packages(self.environment) / self.project.package

    def filled(self, text: str) -> str:
        """`text` with the places of this copy put in."""
        places = {"home": self.home, "code": self.code, **self.ports}
        for name, place in places.items():
            text = text.replace(f"{{{name}}}", str(place))
        return text

    def put(self, files: Mapping[str, str]) -> None:
        """Write files; names and texts may hold `{home}` and `{code}`. Relative names lie in the home."""
        for name, text in files.items():
            target = self.home / self.filled(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self.filled(text))

    def variables(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of the project's commands."""
        own = {**self.project.variables, **(more or {})}
        filled = {name: self.filled(value) for name, value in own.items()}
        # The user's home is not the project's folder: what is kept there (caches) is no part of the project.
        return environment.environment_variables(self.home.parent, filled)

    @property
    def working_directory(self) -> str:
        """Where the project's commands run."""
        return self.filled(self.project.working_directory)

    def command(self, door: Door, port: int) -> list[str]:
        """The command that serves on a port of 127.0.0.1."""
        if self.project.application:
            usual = [self.python, *(word.replace("{port}", str(port)) for word in self.project.usual)]
            return usual if door is Door.DJANGO else [self.python, "-m", "afresh", self.project.application, str(port)]
        runserver = [*self.project.runserver, str(port)]
        if door is not Door.COMMAND:
            return [self.python, *runserver]
        return [self.python, "-m", "afresh", *(runserver if self.project.is_module else runserver[2:])]

    def open_door(self, door: Door) -> dict[str, str]:
        """Put the files a door needs; the environment to start with."""
        if door is not Door.APP:
            return self.variables()
        self.put(self.project.door_files)
        return self.variables(self.project.door_variables)


@dataclass(frozen=True)
class Installation:
    """What is kept in the cache for a project. Never edited: `copy` first."""

    project: Project
    environment: Path
    home: Path

    @contextmanager
    def copy(self) -> Iterator[Copy]:
        """A copy to run and to edit, removed at the end of the block."""
        # Beside the original, since links do not cross file systems.
        with TemporaryDirectory(dir=environment.CACHE, prefix=f"{self.project.name}-copy-") as root:
            ports = {name: free_port() for name in self.project.services}
            copy = Copy(self.project, Path(root) / "environment", Path(root) / "home", ports)
            packages = (self.project.package,) if self.project.package else ()
            environment.clone_environment(self.environment, copy.environment, packages)
            self.fill(copy)
            yield copy

    def fill(self, copy: Copy) -> None:
        """Give a copy the home and the local files it had in the beginning."""
        shutil.rmtree(copy.home, ignore_errors=True)
        shutil.copytree(self.home, copy.home)
        copy.put(self.project.files)


def install(project: Project, also: tuple[Path, ...] = ()) -> Installation:
    """The installed project, from the cache where it is there (the first time takes minutes); raises NoInterpreter.

    `also`: more requirements to install beside it.
    """
    python = interpreters.find(project.pythons)
    if python is None:
        raise NoInterpreter(f"{project.name} needs Python {' or '.join(project.pythons)}")
    requirements = [_REQUIREMENTS / f"{project.name}.txt", *also]
    pinned = [python, *(file.read_text() for file in requirements), *environment.requirements_of_afresh()]
    name = "-and-".join([project.name, *(file.parent.name for file in also)])
    with environment.cached(f"{name}-environment", json.dumps(pinned)) as (installed, missing):
        if missing:
            environment.make_environment(installed / "environment", python, requirements)
    with environment.cached(f"{name}-home", json.dumps([pinned, _recipe(project)])) as (directory, missing):
        installation = Installation(project, installed / "environment", directory / "home")
        if missing:
            installation.home.mkdir()
            with installation.copy() as copy:
                _set_up(copy)
                shutil.copytree(copy.home, installation.home, dirs_exist_ok=True)
    return installation


def _recipe(project: Project) -> list[object]:
    """What of a project's row decides what its home holds."""
    row = asdict(project)
    return [row[name] for name in ("setup", "files", "variables", "working_directory", "package", "services")]


def _set_up(copy: Copy) -> None:
    with services.running(copy.project.services, copy.ports, copy.home):
        for arguments in copy.project.setup:
            command = [copy.python, *(copy.filled(argument) for argument in arguments)]
            environment.run(command, cwd=copy.working_directory, env=copy.variables())
        services.keep(copy.project.services, copy.ports, copy.home)
