"""Names and `.gitignore` rules: values in, values out."""

import pytest

from afresh.watch import filters
from afresh.watch.filters import ProjectFilter, is_candidate, is_editor_file, is_noise, matches_glob, stem_of


@pytest.mark.parametrize(
    "name",
    [
        "4913",
        "views.py~",
        ".views.py.swp",
        ".views.py.swx",
        ".#views.py",
        "#views.py#",
        "views.py___jb_tmp___",
        "views.py___jb_old___",
        ".goutputstream-X1Y2Z3",
        ".views.py.kate-swp",
        ".~lock.data.ods#",
    ],
)
def test_files_of_editors(name: str) -> None:
    assert is_editor_file(name)
    assert is_noise(name)
    assert not is_candidate(name)


@pytest.mark.parametrize(
    "name",
    [
        "db.sqlite3",
        "db.sqlite3-journal",
        "db.sqlite3-wal",
        "data.db",
        "data.db-shm",
        "store-wal",
        "debug.log",
        "debug.log.1",
        "__pycache__",
        "views.cpython-313.pyc",
    ],
)
def test_data_and_caches(name: str) -> None:
    assert is_noise(name)


@pytest.mark.parametrize(
    "name", ["views.py", ".env", "catalog", "blog.py", "4914", "settings.toml", "db", "swp", "wal.py"]
)
def test_what_matters(name: str) -> None:
    assert not is_noise(name)


@pytest.mark.parametrize(
    ("name", "stem", "candidate"),
    [
        ("helper", "helper", True),
        ("helper.py", "helper", True),
        ("helper.cpython-313-x86_64-linux-gnu.so", "helper", True),
        ("helper.abi3.so", "helper", True),
        ("helper.pyc", "helper", True),
        ("helper.txt", "helper", False),
        (".helper.py", "", True),
    ],
)
def test_what_the_importer_could_take(name: str, stem: str, candidate: bool) -> None:
    assert (stem_of(name), is_candidate(name)) == (stem, candidate)


@pytest.mark.parametrize(
    ("path", "glob", "matches"),
    [
        ("page.html", "**/*", True),
        ("a/b/page.html", "**/*", True),
        ("de/LC_MESSAGES/django.mo", "**/*.mo", True),
        ("django.mo", "**/*.mo", True),
        ("django.po", "**/*.mo", False),
        ("a.yaml", "*.yaml", True),
        ("a/b.yaml", "*.yaml", False),
        ("a/b.yaml", "*/*.yaml", True),
        ("x/y/conf/a.yaml", "**/conf/*.yaml", True),
        ("conf/a.yaml", "**/conf/*.yaml", True),
        ("conf/deep/a.yaml", "**/conf/*.yaml", False),
        ("x/conf/deep/a.yaml", "**/conf/**/*.yaml", True),
        ("x/conf", "**", True),
        ("a.HTML", "*.html", False),
    ],
)
def test_globs(path: str, glob: str, matches: bool) -> None:
    assert matches_glob(path, glob) is matches


RULES = {
    "/repo/.gitignore": "*.tmp\n/build/\n!keep.tmp\n# comment\n\nsecret.py\n",
    "/repo/.git/info/exclude": "mine.py\n",
    "/repo/site/.gitignore": "generated_*.py\n!secret.py\n",
    "/repo/site/env/pyvenv.cfg": "home = /usr/bin\n",
}


@pytest.fixture
def project() -> ProjectFilter:
    return ProjectFilter("/repo/site", "/repo", RULES.get)


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("/repo/site/views.py", False),
        ("/repo/site/x.tmp", True),
        ("/repo/site/keep.tmp", False),
        ("/repo/site/mine.py", True),
        ("/repo/site/secret.py", False),
        ("/repo/site/app/secret.py", False),
        ("/repo/site/app/generated_models.py", True),
        ("/repo/site/build/x.py", False),
        ("/repo/site/env/lib/x.py", True),
        ("/repo/site/env/x.py", True),
        ("/repo/site/.venv/x.py", True),
        ("/repo/site/node_modules/a/b.js", True),
        ("/repo/site/.git/HEAD", True),
        ("/repo/site/app/__pycache__/x.py", True),
        ("/repo/site/db.sqlite3", True),
    ],
)
def test_files_of_a_project(project: ProjectFilter, path: str, ignored: bool) -> None:
    assert project.ignores_file(path) is ignored


def test_rules_are_read_again(project: ProjectFilter) -> None:
    rules = dict(RULES)
    project = ProjectFilter("/repo/site", "/repo", rules.get)
    assert project.ignores_file("/repo/site/x.tmp")
    rules["/repo/.gitignore"] = ""
    assert project.ignores_file("/repo/site/x.tmp")
    project.forget()
    assert not project.ignores_file("/repo/site/x.tmp")


def test_a_pattern_that_git_cannot_read_does_not_take_the_others_with_it() -> None:
    project = ProjectFilter("/p", "/p", {"/p/.gitignore": "*.tmp\n!\n"}.get)
    assert project.ignores_file("/p/x.tmp")


@pytest.mark.parametrize(
    ("path", "folder", "is_data"),
    [
        ("/home/me/shop/words.json", "/home/me/shop", True),
        ("/home/me/shop/.env", "/home/me/shop", True),
        ("/home/me/shared/words.json", "/home/me/shop", True),
        ("/usr/src/app/words.json", "/usr/src/app", True),
        ("/tmp/shop/words.json", "/tmp/shop", True),
        ("/home/me/words.json", "", True),
        ("/tmp/upload", "/home/me/shop", False),
        ("/tmp/shop2/words.json", "/tmp/shop", False),
        ("/etc/hosts", "/home/me/shop", False),
        ("/usr/share/zoneinfo/Europe/Berlin", "/usr/src/app", False),
        ("/var/tmp/django_cache/x.djcache", "/home/me/shop", False),
        ("/home/me/shop/db.sqlite3", "/home/me/shop", False),
        ("/home/me/shop/app.log", "/home/me/shop", False),
        ("/home/me/shop/app.log.1", "/home/me/shop", False),
        ("/home/me/shop/words.json~", "/home/me/shop", False),
    ],
)
def test_what_requests_depend_on(path: str, folder: str, is_data: bool) -> None:
    assert filters.is_data(path, folder) is is_data
