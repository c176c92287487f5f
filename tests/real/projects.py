"""The projects as data: how each is installed, filled, started, asked and edited."""

import textwrap
from dataclasses import dataclass, field

PASSWORD = "wholemeal-rye-41"


@dataclass(frozen=True)
class Change:
    """One edit of the project's code and how it shows.

    `file`: relative to the project's code, or in `{home}`. `old` occurs once and becomes `new`. After it the answer to
    `path` contains `marker`, in a header field or in the body.
    """

    kind: str
    file: str
    old: str
    new: str
    path: str
    marker: str


@dataclass(frozen=True)
class Login:
    """A form that logs in: its page, and the fields to fill."""

    path: str
    fields: dict[str, str]


NO_LOGIN = Login("", {})
"""For projects whose pages are open to all."""


@dataclass(frozen=True)
class Spot:
    """A place that is edited again and again: each time it holds another number.

    `old` occurs once in `file` and becomes `new`; then the answer to `path` contains `marker`, in a header field or in
    the body. Both have the number at `{n}`.
    """

    kind: str
    file: str
    old: str
    new: str
    path: str
    marker: str


@dataclass(frozen=True)
class Project:
    """A project from PyPI.

    In commands, files and variables `{home}` is the directory with its data and `{code}` that of its code. A command
    begins after the interpreter. `packages`: what has to be copied so that the code can be edited; empty where the
    code lies in the home. `door_files` and `door_variables` put `afresh.django` first in INSTALLED_APPS, the way the
    project itself provides for local settings.

    Of a project without Django: `application`, as `afresh` is given it, and `usual`, the command of the server that its
    developers use, with the port at `{port}`. `services` are servers that it needs (`services.py`); their ports are at
    `{postgres}` and `{redis}`. `worker` is a command that runs beside the server.
    """

    name: str
    pythons: tuple[str, ...]
    home_is_code: bool
    package: str
    setup: tuple[tuple[str, ...], ...]
    runserver: tuple[str, ...]
    pages: tuple[str, ...]
    static: str
    login: Login = NO_LOGIN
    changes: tuple[Change, ...] = ()
    working_directory: str = "{home}"
    files: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    door_files: dict[str, str] = field(default_factory=dict)
    door_variables: dict[str, str] = field(default_factory=dict)
    application: str = ""
    usual: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()
    spots: tuple[Spot, ...] = ()

    @property
    def is_module(self) -> bool:
        """Whether it is started with `python -m`."""
        return self.runserver[0] == "-m"


def _text(source: str) -> str:
    return textwrap.dedent(source).lstrip()


WAGTAIL = Project(
    name="wagtail",
    pythons=("3.13", "3.12", "3.11"),
    home_is_code=True,
    package="",
    setup=(
        ("-m", "wagtail.bin.wagtail", "start", "bakery", "{home}"),
        ("manage.py", "migrate", "--verbosity=0"),
        ("manage.py", "createsuperuser", "--noinput", "--username=baker", "--email=baker@example.org"),
    ),
    runserver=("manage.py", "runserver"),
    login=Login("/admin/login/", {"username": "baker", "password": PASSWORD}),
    pages=("/", "/admin/", "/admin/pages/3/edit/", "/django-admin/"),
    static="/static/",
    changes=(
        Change(
            "view",
            "search/views.py",
            '"search_query": search_query,',
            '"search_query": "edited view",',
            "/search/",
            'value="edited view"',
        ),
        Change(
            "model",
            "home/models.py",
            "    pass\n",
            '    class Meta:\n        verbose_name = "edited model"\n',
            "/admin/pages/3/edit/",
            "Edited model",
        ),
        Change(
            "settings",
            "bakery/settings/base.py",
            'LANGUAGE_CODE = "en-us"',
            'LANGUAGE_CODE = "fr"',
            "/admin/",
            'lang="fr"',
        ),
        Change(
            "template",
            "home/templates/home/home_page.html",
            "{% block content %}\n",
            "{% block content %}\n<p>edited template</p>\n",
            "/",
            "<p>edited template</p>",
        ),
    ),
    variables={"DJANGO_SUPERUSER_PASSWORD": PASSWORD},
    door_files={
        "bakery/settings/local.py": _text("""
            from .base import INSTALLED_APPS

            INSTALLED_APPS = ["afresh.django", *INSTALLED_APPS]
        """),
    },
)

# pretalx expects Redis. `override_settings` inside the package is its own hook for local settings.
_PRETALX_SETTINGS = _text("""
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
""")

PRETALX = Project(
    name="pretalx",
    pythons=("3.13", "3.12", "3.11"),
    home_is_code=False,
    package="pretalx",
    setup=(
        ("-m", "pretalx", "migrate", "--verbosity=0"),
        ("-m", "pretalx", "init", "--noinput"),
        ("-m", "pretalx", "create_test_event", "--slug=democon", "--seed=41"),
    ),
    runserver=("-m", "pretalx", "runserver"),
    login=Login("/orga/login/", {"login_email": "orga@example.org", "login_password": PASSWORD}),
    pages=("/", "/orga/event/democon/", "/orga/event/democon/submissions/", "/orga/me"),
    static="/static/",
    changes=(
        Change(
            "view",
            "cfp/views/robots.py",
            "Disallow: /me/\n",
            "Disallow: /edited-view/\n",
            "/robots.txt",
            "/edited-view/",
        ),
        Change(
            "model",
            "person/models/user.py",
            'verbose_name=_("Name"),',
            'verbose_name="Edited model",',
            "/orga/me",
            "Edited model",
        ),
        Change(
            "settings",
            "settings.py",
            'SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"',
            'SECURE_REFERRER_POLICY = "origin"',
            "/robots.txt",
            "referrer-policy: origin",
        ),
        Change(
            "configuration",
            "{home}/pretalx.cfg",
            "url = http://localhost\n",
            "url = http://localhost\ncsp_img = https://edited.example\n",
            "/robots.txt",
            "https://edited.example",
        ),
        Change(
            "template",
            "orga/templates/orga/event/dashboard.html",
            "{% block content %}",
            "{% block content %}<p>edited template</p>",
            "/orga/event/democon/",
            "edited template",
        ),
    ),
    files={
        "{home}/pretalx.cfg": _text("""
            [filesystem]
            data = {home}/data
            static = {home}/static.dist

            [site]
            url = http://localhost

            [redis]
            session = False
        """),
        "{code}/override_settings.py": _PRETALX_SETTINGS,
    },
    variables={
        "DJANGO_SUPERUSER_EMAIL": "orga@example.org",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        "PRETALX_INIT_ORGANISER_NAME": "The Bakers",
        "PRETALX_INIT_ORGANISER_SLUG": "bakers",
    },
    door_files={
        "{code}/override_settings.py": _text("""
            from pretalx.settings import INSTALLED_APPS

            INSTALLED_APPS = ["afresh.django", *INSTALLED_APPS]
        """)
        + _PRETALX_SETTINGS,
    },
)

_LABEL_STUDIO_DATA = _text("""
    from organizations.models import Organization
    from projects.models import Project
    from users.models import User

    user = User.objects.create_superuser(email="baker@example.org", password="wholemeal-rye-41")
    organization = Organization.create_organization(created_by=user, title="The Bakers")
    user.active_organization = organization
    user.save(update_fields=["active_organization"])
    Project.objects.create(
        title="Loaves",
        created_by=user,
        organization=organization,
        label_config='<View><Text name="t" value="$text"/></View>',
    )
""")

LABEL_STUDIO = Project(
    name="label-studio",
    pythons=("3.12", "3.11", "3.13"),
    home_is_code=False,
    package="label_studio",
    setup=(
        ("manage.py", "migrate", "--verbosity=0"),
        ("manage.py", "shell", "--command", _LABEL_STUDIO_DATA),
    ),
    runserver=("manage.py", "runserver"),
    working_directory="{code}",
    login=Login("/user/login/", {"email": "baker@example.org", "password": PASSWORD}),
    pages=("/", "/projects/", "/user/account/", "/api/projects/"),
    static="/",
    changes=(
        Change(
            "view",
            "core/views.py",
            "json.dumps({'status': 'UP'})",
            "json.dumps({'status': 'edited view'})",
            "/health/",
            "edited view",
        ),
        Change(
            "model",
            "users/models.py",
            "models.CharField(_('first name'), max_length=256, blank=True)",
            "models.CharField('edited model', max_length=256, blank=True)",
            "/admin/users/user/1/change/",
            "Edited model",
        ),
        Change(
            "settings",
            "core/settings/label_studio.py",
            "ADD_DEFAULT_ML_BACKENDS = False",
            "ADD_DEFAULT_ML_BACKENDS = 'edited settings'",
            "/version/",
            "edited settings",
        ),
        Change(
            "template",
            "templates/base.html",
            "<body",
            "<!-- edited template --><body",
            "/projects/",
            "edited template",
        ),
    ),
    variables={
        "DJANGO_DB": "sqlite",
        "LABEL_STUDIO_BASE_DATA_DIR": "{home}/data",
        "DEBUG": "true",
        # Nothing may be reported to anybody.
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    },
    door_files={
        "{home}/settings/local_settings.py": _text("""
            # While label_studio's settings are imported, modules of it already ask for some of these.
            from core.settings.base import *

            SENTRY_DSN = ""

            from core.settings.label_studio import *

            INSTALLED_APPS = ["afresh.django", *INSTALLED_APPS]
        """),
    },
    door_variables={"DJANGO_SETTINGS_MODULE": "local_settings", "PYTHONPATH": "{home}/settings"},
)

PROJECTS = (WAGTAIL, PRETALX, LABEL_STUDIO)
