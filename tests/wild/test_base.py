"""The base projects themselves: served by each door, edited in bursts, and beside Django."""

from pathlib import Path

from tests.process.served import served

from .base import Project, Tried, deleted, edited, renamed_over, save_all, written


def page(served: Tried) -> str:
    return served.get("/")


def test_it_answers_as_under_django(project: Project) -> None:
    with project.beside().serve() as served:
        djangos = page(served)
    with project.serve() as served:
        assert page(served) == djangos == "b0c0|t0"


def test_a_burst_of_code_shows_in_the_next_answer(project: Project) -> None:
    project.apps("django.contrib.humanize")
    with project.serve() as served, served.news() as news:
        assert page(served) == "b0c0|t0"
        before = next(news)["turn"]
        served.save(
            edited("site1/views.py", "'b0'", "'b1'"),
            written("site1/top.py", "TOP = 'c1'\n"),
            edited("site1/views.py", "TOP = 'c0'", "from site1.top import TOP"),
            spacing=0.01,
        )
        assert page(served) == "b1c1|t0"
        assert any(told["turn"] > before for told in news)
    save_all(
        project.root,
        renamed_over("site1/views.py", (project.root / "site1/views.py").read_text().replace("site1.top", "site1.end")),
        written("site1/end.py", "TOP = 'c2'\n"),
        deleted("site1/top.py"),
    )
    with project.beside().serve("--noreload") as cold:
        assert page(cold) == "b1c2|t0"


def test_an_application_of_another_framework(tmp_path: Path) -> None:
    """What needs no Django is served by the command alone."""
    application = "import flask\n\napp = flask.Flask(__name__)\n\n\n@app.get('/')\ndef page():\n    return 'one'\n"
    with served(tmp_path, {"application.py": application}) as flask:
        assert flask.get() == "one"
        save_all(tmp_path, edited("application.py", "'one'", "'two'"))
        assert flask.get() == "two"
        assert flask.server.stop() == 0
