"""What people reported of other development servers, tried here. Each test names the report."""

import os
import shutil
import signal
import sys
import zipfile
from pathlib import Path

import pytest

from .base import Project, Tried, deleted, edited, renamed, renamed_over, written

USES_X = "a + shop.X"


def page(served: Tried) -> str:
    return served.get("/")


def with_shop(project: Project, before: str = "") -> None:
    """Have the view show `shop.X`; `before`: what comes before the import."""
    views = (project.root / "site1/views.py").read_text()
    project.write({"site1/views.py": f"{before}import shop\n{views.replace('a + TOP', USES_X)}"})


def shop(text: str) -> str:
    return f"X = '{text}'\n"


def test_a_project_that_leaves_its_folder(project: Project) -> None:
    """cherrypy/cherrypy issue 917, theskumar/python-dotenv issue 146."""
    views = (project.root / "site1/views.py").read_text()
    project.write({"site1/views.py": f"import os\nos.chdir('/')\n{views}"})
    with project.serve() as served:
        assert page(served) == "b0c0|t0"
        served.save(edited("site1/views.py", "'b0'", "'b1'"))
        assert page(served) == "b1c0|t0"
        served.save(edited("site1/views.py", "'c0'", "'c1'"))
        assert page(served) == "b1c1|t0"
        served.save(edited("templates/p.html", "t0", "t1"))
        assert page(served) == "b1c1|t1"


def test_a_package_behind_a_link(project: Project) -> None:
    """Pylons/hupper issue 60: what flit installs for development."""
    project.write({"real/shop/__init__.py": shop("s0")})
    (project.root / "libs").mkdir()
    (project.root / "libs/shop").symlink_to("../real/shop")
    with_shop(project, f"import sys\nsys.path.insert(0, {str(project.root / 'libs')!r})\n")
    with project.serve() as served:
        assert page(served) == "b0s0|t0"
        served.save(written("real/shop/__init__.py", shop("s1")))
        assert page(served) == "b0s1|t0"
        served.save(renamed_over("real/shop/__init__.py", shop("s2")))
        assert page(served) == "b0s2|t0"


def test_a_data_file_behind_a_link(project: Project) -> None:
    """benoitc/gunicorn issue 3243: the target is edited, then the link is turned elsewhere."""
    project.write({"conf/a.txt": "d0", "conf/b.txt": "d9"})
    (project.root / "conf.txt").symlink_to("conf/a.txt")
    project.write({"shop.py": "from pathlib import Path\nX = (Path(__file__).parent / 'conf.txt').read_text()\n"})
    with_shop(project)
    with project.serve() as served:
        assert page(served) == "b0d0|t0"
        served.save(written("conf/a.txt", "d1"))
        assert page(served) == "b0d1|t0"
        (project.root / "other").symlink_to("conf/b.txt")
        served.save(renamed("other", to="conf.txt"))
        assert page(served) == "b0d9|t0"


BROKEN = {
    "SyntaxError": "X = = 's'\n",
    "NameError": "X = nothing\n",
    "ModuleNotFoundError": "import nothing_here\n",
    "an attribute that is missing": "",
    "a null byte": "\0\n",
    "SystemExit": "raise SystemExit(3)\n",
    "exit of the process": "import os\nos._exit(4)\n",
    "a crash": f"import os\nos.kill(os.getpid(), {int(signal.SIGSEGV)})\n",
}


def test_a_package_that_fails_in_every_way_is_mended(project: Project) -> None:
    """pallets/flask issue 2423, benoitc/gunicorn issues 2595 and 2746, pallets/werkzeug issue 383."""
    project.write({"shop/__init__.py": shop("s0")})
    with_shop(project)
    with project.serve() as served:
        assert page(served) == "b0s0|t0"
        for number, (name, broken) in enumerate(BROKEN.items()):
            served.save(written("shop/__init__.py", broken))
            assert served.ask("/").status == 500, name
            served.save(written("shop/__init__.py", shop(f"s{number}")))
            assert page(served) == f"b0s{number}|t0", name


def test_a_library_of_template_tags_that_is_new(project: Project) -> None:
    """django/django pull request 5339, djust-org/djust issue 2602."""
    project.write({"shop/__init__.py": ""})
    project.apps("shop")
    with project.serve() as served:
        assert page(served) == "b0c0|t0"
        served.save(written("templates/p.html", "{% load late %}{{ a|up }}|t0"))
        assert served.ask("/").status == 500
        library = "from django import template\n\nregister = template.Library()\n"
        library += "register.filter('up', lambda text: text.upper())\n"
        served.save(written("shop/templatetags/__init__.py", ""), written("shop/templatetags/late.py", library))
        assert page(served) == "B0C0|t0"


def test_folders_that_are_new(project: Project) -> None:
    """DjangoGirls/tutorial issue 1773, django/djangoproject.com issue 840: styles; and templates."""
    project.write({"shop/__init__.py": ""})
    project.apps("shop")
    with project.serve() as served:
        assert served.ask("/static/shop/a.css").status == 404
        served.save(written("shop/static/shop/a.css", "b {}"))
        assert served.get("/static/shop/a.css") == "b {}"
        served.save(edited("site1/views.py", "'p.html'", "'shop/q.html'"))
        assert served.ask("/").status == 500
        served.save(written("shop/templates/shop/q.html", "q{{ a }}"))
        assert page(served) == "qb0c0"


def test_modules_in_an_archive(project: Project) -> None:
    """cherrypy/cherrypy issue 273."""

    def pack(text: str) -> None:
        with zipfile.ZipFile(project.root / "new.zip", "w") as archive:
            archive.writestr("shop.py", shop(text))
        (project.root / "new.zip").replace(project.root / "shop.zip")

    pack("z0")
    with_shop(project, f"import sys\nsys.path.insert(0, {str(project.root / 'shop.zip')!r})\n")
    with project.serve() as served:
        assert page(served) == "b0z0|t0"
        pack("z1")
        assert page(served) == "b0z1|t0"
        served.save(edited("site1/views.py", "'b0'", "'b1'"))
        assert page(served) == "b1z1|t0"


@pytest.mark.parametrize("encoding", ["UTF-8", "ASCII"])
def test_names_beyond_ascii(project: Project, encoding: str) -> None:
    """lepture/python-livereload issue 138, pallets/flask issue 149."""
    root = project.root.rename(project.root.with_name("Área de 测试 😊"))
    project = Project(root, project.peer)
    named = "größe" if encoding == "UTF-8" else "shop"  # with ASCII Python itself finds no such module
    project.write({f"{named}.py": shop("u0")})
    with_shop(project)
    project.write({"site1/views.py": (root / "site1/views.py").read_text().replace("shop", named)})
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"} if encoding == "ASCII" else {}
    with project.serve(env=env) as served:
        assert page(served) == "b0u0|t0"
        served.save(written(f"{named}.py", "X = = 'u1'\n"))
        assert served.ask("/").status == 500
        served.save(written(f"{named}.py", shop("u2")))
        assert page(served) == "b0u2|t0"


def test_a_file_whose_name_is_no_text(project: Project) -> None:
    """pallets/werkzeug pull request 469, of the same kind: a name of bytes that are no UTF-8."""
    file = os.fsencode(project.root) + b"/d\xe4ta.txt"

    def save(text: str) -> None:
        with open(file, "w", encoding="ascii") as opened:
            opened.write(text)

    save("l0")
    project.write({"shop.py": f"with open({file!r}) as file:\n    X = file.read()\n"})
    with_shop(project)
    with project.serve() as served:
        assert page(served) == "b0l0|t0"
        save("l1")
        assert page(served) == "b0l1|t0"
        os.unlink(file)
        assert served.ask("/").status == 500
        save("l2")
        assert page(served) == "b0l2|t0"


@pytest.mark.parametrize("first", [renamed("site1/views.py", to="site1/views.py~"), deleted("site1/views.py")])
def test_a_save_that_takes_the_file_away_first(project: Project, first: object) -> None:
    """lwblackledge/file-watcher issue 14, retext-project/retext pull request 691: safe write, and backups first."""
    assert callable(first)
    views = (project.root / "site1/views.py").read_text()
    with project.serve() as served:
        for number in range(4):
            served.save(first, written("site1/views.py", views.replace("b0", f"b{number}")))
            assert page(served) == f"b{number}c0|t0"


def test_modules_that_the_application_writes(project: Project) -> None:
    """radiasoft/sirepo issue 5291: no reload by what a simulation writes into its folder."""
    views = (project.root / "site1/views.py").read_text()
    body = "    folder = Path(__file__).parent.parent / 'run'\n    folder.mkdir(exist_ok=True)\n"
    body += "    (folder / 'parameters.py').write_text('x = 1')\n"
    project.write({"site1/views.py": "from pathlib import Path\n" + views.replace("    a = ", body + "    a = ")})
    with project.serve() as served:
        for _ in range(5):
            assert page(served) == "b0c0|t0"
        reload = served.edit("site1/views.py", "'b0'", "'b1'")
        assert (page(served), reload.generation) == ("b1c0|t0", 2)


@pytest.mark.parametrize("kind", ["a module of a package", "a folder with __main__.py"])
def test_a_command_that_is_no_script(project: Project, kind: str) -> None:
    """pallets/werkzeug issues 461 and 1519, pallets/flask issue 1523."""
    manage = (project.root / "manage.py").read_text()
    project.write(
        {"__main__.py": manage, "shop/__init__.py": shop("s0"), "shop/manage.py": f"from . import X\n{manage}"}
    )
    words = ("-m", "shop.manage") if kind == "a module of a package" else (str(project.root),)
    command = (sys.executable, *words, "runserver", "0") if project.peer.first_app else ()
    with project.serve(command=command) as served:
        assert page(served) == "b0c0|t0"
        served.save(edited("site1/views.py", "'b0'", "'b1'"))
        assert page(served) == "b1c0|t0"
        served.save(
            edited("site1/settings.py", "DEBUG = True", "DEBUG = bool(1)"), edited("site1/views.py", "c0", "c1")
        )
        assert page(served) == "b1c1|t0"


def test_a_file_of_long_ago(project: Project) -> None:
    """A backup that is put back with its times, which no server sees that asks whether a file is newer."""
    views = (project.root / "site1/views.py").read_text()

    def restored(root: Path) -> None:
        (root / "new").write_text(views.replace("b0", "b7"))
        os.utime(root / "new", (1e9, 1e9))
        (root / "new").replace(root / "site1/views.py")

    with project.serve() as served:
        assert page(served) == "b0c0|t0"
        served.save(restored)
        assert page(served) == "b7c0|t0"


def test_a_folder_that_is_replaced_as_a_whole(project: Project) -> None:
    """Pylons/hupper issue 60, of the same kind: what `git worktree` and deployment tools do."""

    def replaced(root: Path) -> None:
        shutil.copytree(root / "site1", root / "new", ignore=shutil.ignore_patterns("__pycache__"))
        edited("new/views.py", "'b0'", "'b1'")(root)
        (root / "site1").rename(root / "old")
        (root / "new").rename(root / "site1")
        shutil.rmtree(root / "old")

    with project.serve() as served:
        assert page(served) == "b0c0|t0"
        served.save(replaced)
        assert page(served) == "b1c0|t0"
        served.save(edited("site1/views.py", "'c0'", "'c1'"))
        assert page(served) == "b1c1|t0"


def test_all_processes_of_the_application_are_killed(project: Project) -> None:
    """vstorm-co/agenticos issue 308: the kernel takes the server when memory runs out."""
    with project.serve() as served:
        assert page(served) == "b0c0|t0"
        for pid in served.app_processes():
            os.kill(pid, signal.SIGKILL)
        assert page(served) == "b0c0|t0"
        served.save(edited("site1/views.py", "'b0'", "'b1'"))
        assert page(served) == "b1c0|t0"
