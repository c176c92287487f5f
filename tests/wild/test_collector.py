"""What a project asks of the garbage collector: a start that has been gone on from shows the same as a cold one."""

from pathlib import Path

from tests.process.served import served

from .base import Project, edited

MARKED = """\
class Marked:
    pass


marked = Marked()
marked.itself = marked
"""
COUNT = "sum(type(one).__name__ == 'Marked' for one in gc.get_objects())"


def test_objects_of_the_start_are_found(project: Project) -> None:
    """By code at the start, and by a view that looks for leaks; before a reload and after it."""
    project.write({"site1/marked.py": MARKED})
    views = project.root / "site1/views.py"
    views.write_text(
        "import gc\n\nfrom django.http import HttpResponse\n\nfrom site1.marked import marked\n\n"
        f"AT_START = {COUNT}\n\n\n"
        f"def page(request):\n    found = AT_START, {COUNT}, len(gc.get_referrers(marked))\n"
        "    return HttpResponse(f'b0 {found}')\n"
    )
    with project.beside().serve() as served:
        expected = served.get()
    with project.serve() as served:
        for number in range(4):
            assert served.get() == expected.replace("b0", f"b{number}")
            served.save(edited("site1/views.py", f"b{number}", f"b{number + 1}"))


def test_locks_that_imports_hold_are_found(tmp_path: Path) -> None:
    """gevent looks for them when it patches inside an import, since from then on their owner has another number."""
    held = (
        "sorted(one.name for one in gc.get_objects() if type(one).__name__ == '_ModuleLock' and one.owner is not None)"
    )
    files = {
        "patching.py": f"import gc\n\nHELD = {held}\n",
        "application.py": (
            "from patching import HELD\n\n\ndef app(environ, start_response):\n"
            "    start_response('200 OK', [('Content-Type', 'text/plain')])\n    return [f'b0 {HELD}'.encode()]\n"
        ),
    }
    with served(tmp_path, files) as project:
        assert project.get() == "b0 ['application', 'patching']"
        assert project.server.stop() == 0
