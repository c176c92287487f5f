"""The fixture project: a tree as `startproject` makes it, with views that tell what a request and a process see."""

from collections.abc import Mapping
from pathlib import Path

MANAGE = '''\
#!/usr/bin/env python
"""Django's command-line utility for administrative tasks."""
import os
import sys


def main():
    """Run administrative tasks."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
'''

SETTINGS = """\
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "for-tests-only"
DEBUG = True
ALLOWED_HOSTS = []
INSTALLED_APPS = ["django.contrib.staticfiles", "app"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "proj.urls"
WSGI_APPLICATION = "proj.wsgi.application"
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "templates"], "APP_DIRS": True}
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
LANGUAGE_CODE = "en-us"
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""

URLS = """\
from django.urls import path

from app import views

urlpatterns = [
    path("", views.index),
    path("about/", views.about),
    path("boom/", views.boom),
    path("echo/", views.echo),
    path("facts/", views.facts),
    path("meet/", views.meet),
    path("meta/", views.meta),
    path("status/<int:code>/", views.status),
    path("stream/", views.stream),
    path("template/", views.template),
    path("translated/", views.translated),
]
"""

WSGI = """\
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proj.settings")

application = get_wsgi_application()
"""

VIEWS = '''\
import os
import sys
import threading

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from app import observed

WORD = "one"
barrier = threading.Barrier(2)


def index(request):
    return HttpResponse(f"the word is {WORD}")


def about(request):
    return HttpResponse("about", headers={"X-About": "yes"})


def boom(request):
    raise ValueError("boom in a view")


def echo(request):
    return HttpResponse(request.body, content_type="application/octet-stream", headers={"X-Method": request.method})


def facts(request):
    return JsonResponse(observed.facts())


def meet(request):
    """Two requests meet here if they are answered at the same time, or within so many seconds."""
    try:
        barrier.wait(timeout=float(request.GET["within"]))
    except threading.BrokenBarrierError:
        barrier.reset()
        return HttpResponse("alone")
    return HttpResponse("together")


def meta(request):
    own = {key: value for key, value in request.META.items() if key not in os.environ}
    return JsonResponse({key: value if isinstance(value, str) else type(value).__name__ for key, value in own.items()
                         } | {"wsgi.multithread": request.META["wsgi.multithread"],
                              "wsgi.multiprocess": request.META["wsgi.multiprocess"],
                              "wsgi.run_once": request.META["wsgi.run_once"],
                              "os.environ is merged": set(os.environ) <= set(request.META)})


def status(request, code):
    body = b"" if code in (204, 304) else b"x"
    return HttpResponse(body, status=code, headers={"Location": "/"} if code == 302 else {})


def stream(request):
    return StreamingHttpResponse(iter([b"first ", b"second"]))


def template(request):
    return render(request, "page.html", {"word": WORD})


def translated(request):
    return HttpResponse(gettext("tea"))
'''

OBSERVED = '''\
"""What code of the project can see of its process."""
import faulthandler
import gc
import logging
import os
import resource
import signal
import sys
import threading
from importlib.machinery import SourceFileLoader

# Spelled so that no file of the project mentions the variable: a mention means code for the parent process only.
MARK_OF_THE_CHILD = "_".join(["RUN", "MAIN"])
AT_IMPORT = {
    MARK_OF_THE_CHILD: os.environ.get(MARK_OF_THE_CHILD),
    "argv": list(sys.argv),
    "main file": getattr(sys.modules["__main__"], "__file__", None),
}


def facts():
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    return {
        "pid": os.getpid(),
        "at import": AT_IMPORT,
        "environment": dict(os.environ),
        "argv": sys.argv,
        "orig_argv": sys.orig_argv,
        "flags": str(sys.flags),
        "warnoptions": sys.warnoptions,
        "xoptions": sys._xoptions,
        "executable": sys.executable,
        "path": sys.path,
        "prefix": sys.prefix,
        "main file": getattr(main, "__file__", None),
        "main name": main.__name__,
        "main spec": spec and spec.name,
        "main package": main.__package__,
        "main doc": main.__doc__,
        "main loader": isinstance(main.__loader__, SourceFileLoader),
        "main functions": sorted(name for name in vars(main) if not name.startswith("__")),
        "main thread": threading.main_thread().name,
        "main thread alive": threading.main_thread().is_alive(),
        "view on main thread": threading.current_thread() is threading.main_thread(),
        "view thread is daemon": threading.current_thread().daemon,
        "working directory": os.getcwd(),
        "umask": oct(_umask()),
        "niceness": os.nice(0),
        "signal mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "ignored signals": sorted(int(s) for s in signal.valid_signals() if signal.getsignal(s) == signal.SIG_IGN),
        "handled signals": sorted(int(s) for s in signal.valid_signals() if callable(signal.getsignal(s))),
        "stdin is a tty": sys.stdin.isatty(),
        "stdout is a tty": sys.stdout.isatty(),
        "stdout encoding": sys.stdout.encoding,
        "stdout line buffering": sys.stdout.line_buffering,
        "stdout write through": sys.stdout.write_through,
        "open files limit": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "core limit": resource.getrlimit(resource.RLIMIT_CORE)[0],
        "recursion limit": sys.getrecursionlimit(),
        # Shorter while other answers are in progress (docs/explanation/serving.md).
        "switch interval": max(sys.getswitchinterval(), 0.005),
        "collector": gc.isenabled() and gc.get_threshold(),
        "faulthandler": faulthandler.is_enabled(),
        "trace function": sys.gettrace() is None and threading.gettrace() is None,
        "excepthook": sys.excepthook is sys.__excepthook__,
        "displayhook": sys.displayhook is sys.__displayhook__,
        "breakpointhook": sys.breakpointhook is sys.__breakpointhook__,
        "dont_write_bytecode": sys.dont_write_bytecode,
        "root logger": [logging.getLogger().level, len(logging.getLogger().handlers)],
        "session leader": os.getsid(0) == os.getpid(),
        "group is the session": os.getpgid(0) == os.getsid(0),
        "user": [os.getuid(), os.geteuid(), os.getgid()],
    }


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
'''

FILES = {
    "manage.py": MANAGE,
    "proj/__init__.py": "",
    "proj/settings.py": SETTINGS,
    "proj/urls.py": URLS,
    "proj/wsgi.py": WSGI,
    "app/__init__.py": "",
    "app/observed.py": OBSERVED,
    "app/views.py": VIEWS,
    "app/static/app/style.css": "body { color: teal }\n",
    "app/static/app/code.js": "console.log(1)\n",
    "templates/page.html": "<!doctype html><title>page</title><p>a page with the word {{ word }}</p>\n",
}


def build(root: Path, *, first_app: str = "", files: Mapping[str, str] | None = None, settings: str = "") -> None:
    """Write the project below `root`.

    `files` are added or put in place of the fixture's own; `settings` is appended to the settings module; `first_app`
    becomes the first of INSTALLED_APPS, whatever `settings` says it is.
    """
    tree = {**FILES, **(files or {})}
    tree["proj/settings.py"] += settings
    if first_app:
        tree["proj/settings.py"] += f"\nINSTALLED_APPS = [{first_app!r}, *INSTALLED_APPS]\n"
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
