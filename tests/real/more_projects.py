"""Five more projects, each with something that others do not have, and the places of each that are edited in bursts."""

from .projects import PASSWORD, Login, Project, Spot, _text

# A Flask application with a factory. Its start migrates the database, through SQLAlchemy.
IHATEMONEY = Project(
    name="ihatemoney",
    pythons=("3.13", "3.12", "3.11"),
    home_is_code=False,
    package="ihatemoney",
    setup=(("-c", "from ihatemoney.run import create_app; create_app()"),),
    runserver=(),
    application="ihatemoney.run:create_app()",
    usual=("-m", "flask", "--app", "ihatemoney.run:create_app", "run", "--port", "{port}"),
    pages=("/", "/mobile", "/create", "/login-admin"),
    static="/static/",
    files={
        "{home}/ihatemoney.cfg": _text("""
            SECRET_KEY = "for-tests-only"
            SQLALCHEMY_DATABASE_URI = "sqlite:///{home}/database.sqlite"
            SESSION_COOKIE_SECURE = False
            SITE_NAME = "The Bakers"
        """),
    },
    variables={"IHATEMONEY_SETTINGS_FILE_PATH": "{home}/ihatemoney.cfg"},
    spots=(
        Spot(
            "function",
            "web.py",
            'return render_template("download_mobile_app.html")',
            'return render_template("download_mobile_app.html") + "<!-- function {n} -->"',
            "/mobile",
            "<!-- function {n} -->",
        ),
        Spot(
            "class",
            "forms.py",
            'class AuthenticationForm(FlaskForm):\n    id = StringField(_("Project identifier")',
            'class AuthenticationForm(FlaskForm):\n    id = StringField("Class {n}"',
            "/",
            ">Class {n}<",
        ),
        Spot(
            "template",
            "templates/home.html",
            '<main class="row home">',
            '<main class="row home" data-template="{n}">',
            "/",
            'data-template="{n}"',
        ),
        Spot(
            "extended template",
            "templates/layout.html",
            '<html class="h-100">',
            '<html class="h-100" data-layout="{n}">',
            "/mobile",
            'data-layout="{n}"',
        ),
        Spot(
            "style",
            "static/css/main.css",
            "/* General */",
            "/* General {n} */",
            "/static/css/main.css",
            "/* General {n} */",
        ),
        Spot("data", "{home}/ihatemoney.cfg", '"The Bakers"', '"The Bakers {n}"', "/", "<title>The Bakers {n} "),
    ),
)

_LOCUST_APPLICATION = _text("""
    import json
    from pathlib import Path

    from locust import HttpUser, task
    from locust.env import Environment


    class Baker(HttpUser):
        host = json.loads(Path(__file__).with_name("data.json").read_text())["host"]

        @task
        def bake(self):
            self.client.get("/")


    environment = Environment(user_classes=[Baker], host=Baker.host)
    environment.create_local_runner()
    app = environment.create_web_ui("127.0.0.1", 0, delayed_start=True).app
""")

# gevent: importing locust patches everything.
LOCUST = Project(
    name="locust",
    pythons=("3.13", "3.12", "3.11"),
    home_is_code=False,
    package="locust",
    setup=(),
    runserver=(),
    application="application:app",
    usual=(
        "-c",
        "from application import app\nfrom gevent.pywsgi import WSGIServer\n"
        "WSGIServer(('127.0.0.1', {port}), app).serve_forever()",
    ),
    pages=("/", "/worker-count", "/exceptions", "/tasks"),
    static="/assets/",
    files={"{home}/application.py": _LOCUST_APPLICATION, "{home}/data.json": '{"host": "http://127.0.0.1:9"}\n'},
    spots=(
        Spot(
            "function",
            "web.py",
            '"worker_count": self.environment.runner.worker_count',
            '"function": {n}, "worker_count": self.environment.runner.worker_count',
            "/worker-count",
            '"function": {n}',
        ),
        Spot(
            "task",
            "{home}/application.py",
            "def bake(self)",
            "def bake{n}(self)",
            "/tasks",
            '"bake{n}"',
        ),
        Spot(
            "template",
            "webui/dist/index.html",
            '<html lang="en">',
            '<html lang="en" data-template="{n}">',
            "/",
            'data-template="{n}"',
        ),
        Spot(
            "data",
            "{home}/data.json",
            '"http://127.0.0.1:9"',
            '"http://127.0.0.1:9/{n}"',
            "/",
            "http://127.0.0.1:9/{n}",
        ),
    ),
)

# Celery, with Redis as its broker and a worker beside the server.
BYRO = Project(
    name="byro",
    pythons=("3.13", "3.12", "3.11"),
    home_is_code=False,
    package="byro",
    setup=(
        ("-m", "byro", "migrate", "--verbosity=0"),
        ("-m", "byro", "createsuperuser", "--noinput", "--username=baker", "--email=baker@example.org"),
    ),
    runserver=("-m", "byro", "runserver"),
    login=Login("/login/", {"username": "baker", "password": PASSWORD}),
    pages=("/login/", "/healthz"),
    static="/static/",
    services=("redis",),
    worker=("-m", "celery", "--app", "byro.celery_app", "worker", "--pool=solo", "--loglevel=INFO"),
    files={"{code}/local_settings.py": 'CELERY_BROKER_URL = "redis://127.0.0.1:{redis}/0"\n'},
    variables={
        "BYRO_DB_ENGINE": "sqlite3",
        "BYRO_DB_NAME": "{home}/db.sqlite3",
        "BYRO_DATA_DIR": "{home}/data",
        "BYRO_FILESYSTEM_LOGS": "{home}/logs",
        "BYRO_FILESYSTEM_MEDIA": "{home}/media",
        "BYRO_FILESYSTEM_STATIC": "{home}/static",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
    },
    spots=(
        Spot(
            "function",
            "common/views.py",
            'return JsonResponse({"status": "ok"})',
            'return JsonResponse({"status": "ok {n}"})',
            "/healthz",
            '"ok {n}"',
        ),
        Spot(
            "class",
            "common/views.py",
            'template_name = "common/auth/login.html"',
            'template_name = "common/auth/login.html"\n    extra_context = {"class_number": "{n}"}',
            "/login/",
            'data-class="{n}"',
        ),
        Spot(
            "settings",
            "settings.py",
            'X_FRAME_OPTIONS = "DENY"',
            'X_FRAME_OPTIONS = "DENY {n}"',
            "/healthz",
            "x-frame-options: DENY {n}",
        ),
        Spot(
            "template",
            "common/templates/common/auth/login.html",
            '<div class="login-form">',
            '<div class="login-form" data-class="{{ class_number }}" data-template="{n}">',
            "/login/",
            'data-template="{n}"',
        ),
        Spot(
            "style",
            "static/public/byro_memberpage.css",
            ".card .member-name-container {",
            "/* style {n} */ .card .member-name-container {",
            "/static/public/byro_memberpage.css",
            "/* style {n} */",
        ),
    ),
)

# A `runserver` of its own, which starts a program of its own where RUN_MAIN is unset.
PRETIX = Project(
    name="pretix",
    pythons=("3.13", "3.12", "3.11"),
    home_is_code=False,
    package="pretix",
    setup=(("-m", "pretix", "migrate", "--verbosity=0"),),
    runserver=("-m", "pretix", "runserver"),
    pages=("/control/login", "/healthcheck/", "/robots.txt"),
    static="/static/",
    files={
        "{home}/pretix.cfg": _text("""
            [pretix]
            instance_name = The Bakers
            url = http://localhost
            datadir = {home}/data
        """),
    },
    spots=(
        Spot(
            "function",
            "base/views/health.py",
            "return HttpResponse()",
            'return HttpResponse("function {n}")',
            "/healthcheck/",
            "function {n}",
        ),
        Spot(
            "class",
            "base/forms/auth.py",
            'keep_logged_in = forms.BooleanField(label=_("Keep me logged in"), required=False)',
            'keep_logged_in = forms.BooleanField(label="Keep {n}", required=False)',
            "/control/login",
            "Keep {n}",
        ),
        Spot(
            "template",
            "control/templates/pretixcontrol/auth/login.html",
            '<form class="form-signin"',
            '<form data-template="{n}" class="form-signin"',
            "/control/login",
            'data-template="{n}"',
        ),
        Spot(
            "style",
            "static/pretixcontrol/js/ui/dashboard.js",
            "/* global add_log_expand_handlers */",
            "/* global add_log_expand_handlers {n} */",
            "/static/pretixcontrol/js/ui/dashboard.js",
            "add_log_expand_handlers {n} */",
        ),
        Spot(
            "data",
            "{home}/pretix.cfg",
            "instance_name = The Bakers",
            "instance_name = The Bakers {n}",
            "/control/login",
            "<title>The Bakers {n}<",
        ),
    ),
)

# PostgreSQL and Redis.
EPHIOS = Project(
    name="ephios",
    pythons=("3.13", "3.12", "3.11"),
    home_is_code=False,
    package="ephios",
    setup=(("-m", "ephios", "migrate", "--verbosity=0"), ("-m", "ephios", "compilejsi18n")),
    runserver=("-m", "ephios", "runserver"),
    pages=("/accounts/login/", "/healthcheck/", "/offline/", "/manifest.json"),
    static="/static/",
    services=("postgres", "redis"),
    files={
        "{home}/.env": _text("""
            DEBUG=True
            SECRET_KEY=for-tests-only
            ALLOWED_HOSTS=*
            DATA_DIR={home}/data
            DATABASE_URL=postgres://postgres@127.0.0.1:{postgres}/project
            CACHE_URL=rediscache://127.0.0.1:{redis}/1
            SITE_URL=http://localhost
            EMAIL_URL=dummymail://
            DEFAULT_FROM_EMAIL=baker@example.org
            SERVER_EMAIL=baker@example.org
            ADMINS=Baker <baker@example.org>
        """),
    },
    variables={"ENV_PATH": "{home}/.env"},
    spots=(
        Spot(
            "class",
            "core/forms/auth.py",
            'forms.EmailInput(attrs={"autofocus": True})',
            'forms.EmailInput(attrs={"autofocus": True, "data-class": "{n}"})',
            "/accounts/login/",
            'data-class="{n}"',
        ),
        Spot(
            "settings",
            "settings.py",
            '"frame-src": [NONE],',
            '"frame-src": ["https://settings{n}.example"],',
            "/offline/",
            "https://settings{n}.example",
        ),
        Spot(
            "template",
            "core/templates/core/login.html",
            '<h1 class="display-5">',
            '<h1 class="display-5" data-template="{n}">',
            "/accounts/login/",
            'data-template="{n}"',
        ),
        Spot(
            "style",
            "static/ephios/js/main.js",
            "function handleForms(elem) {",
            "function handleForms(elem) { // style {n}",
            "/static/ephios/js/main.js",
            "// style {n}",
        ),
    ),
)

PROJECTS = (IHATEMONEY, LOCUST, BYRO, PRETIX, EPHIOS)
