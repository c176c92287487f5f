"""Packages from PyPI that bring a `runserver`, or take Python's own functions away: installed once, kept in a cache.

`python -m tests.wild.packages` installs them for the interpreter that runs it; what `scripts/test` does beforehand, so
that no test waits for it.
"""

import sys
from importlib.metadata import version

from tests.real.environment import cached, installing, make_environment, requirements_of_afresh, run

PINNED = (
    "channels==4.3.2",
    "daphne==4.2.3",
    "dj-static==0.0.6",
    "django-browser-reload==1.21.0",
    "django-extensions==4.1",
    "django-livereload-server==0.5.1",
    "django-sslserver-v2==1.1",
    "django-watchfiles==1.4.0",
    "eventlet==0.41.3",
    "freezegun==1.5.5",
    "gevent==26.9.0",
    "gunicorn==27.0.1",
    "hypercorn==0.18.0",
    "pyfakefs==6.3.2",
    "time-machine==3.6.0",
    "uvicorn==0.54.0",
    "uvloop==0.23.0",
    "websockets==17.4",
    "werkzeug==3.1.9",
    "whitenoise==6.12.0",
)


def python() -> str:
    """The interpreter of an environment with the packages, of the Python and the Django that run the tests."""
    base = getattr(sys, "_base_executable", sys.executable)
    requirements = "\n".join((*PINNED, f"django=={version('django')}"))
    name = f"wild-{sys.version_info[0]}.{sys.version_info[1]}"
    with cached(name, f"{base}\n{requirements}\n{requirements_of_afresh()}") as (directory, missing):
        if missing:
            file = directory / "requirements.txt"
            file.write_text(requirements)
            make_environment(directory / "environment", base, [file])
    return str(directory / "environment" / "bin" / "python")


OLD_DJANGOS = ("4.2.30", "5.1.15")


def old_django(number: str) -> str:
    """A folder for PYTHONPATH with a Django that Afresh does not know."""
    with cached(f"django-{number}", number) as (directory, missing):
        if missing:
            install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(directory))
            run([sys.executable, *install, f"django=={number}"], env=installing())
    return str(directory)


if __name__ == "__main__":
    print(python(), *map(old_django, OLD_DJANGOS))
