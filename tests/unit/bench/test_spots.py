"""The edited places: marks in texts, versions in answers, and the made-up projects that have them."""

import ast

import pytest
from bench import generated, spots
from bench.client import Reply
from bench.generated import MODULES_PER_APP, PLACES, files
from bench.memory import in_turn
from bench.spots import Kind, Spot, exchanged, rendered

VIEW = Spot("view body", Kind.BODY, "views.py")


@pytest.mark.parametrize(
    ("template", "versions", "text"),
    [
        ("no mark", {"a": 2}, "no mark"),
        ("x = «a»", {}, "x = 1"),
        ("x_«a» = «a» + «b c»", {"a": 7, "b c": 12}, "x_7 = 7 + 12"),
    ],
)
def test_marks_are_versions(template: str, versions: dict[str, int], text: str) -> None:
    assert rendered(template, versions) == text


@pytest.mark.parametrize(
    ("reply", "version"),
    [
        (Reply(200, b"view body 7\nurls 3"), 7),
        (Reply(200, b"", b"HTTP/1.1 200 OK\r\nX-Bench: view body 12"), 12),
        (Reply(200, b"review body 7"), None),
        (Reply(200, b"view body"), None),
        (Reply(500, b"view body 7"), None),
    ],
)
def test_an_answer_tells_the_version_it_comes_from(reply: Reply, version: int | None) -> None:
    assert VIEW.version_in(reply) == version


def test_one_place_is_exchanged() -> None:
    assert exchanged("a b c", "b", "x") == "a x c"
    assert exchanged("a\n", "", "b\n") == "a\nb\n"
    for text in ("a c", "b b"):
        with pytest.raises(ValueError, match="occurs"):
            exchanged(text, "b", "x")


@pytest.mark.parametrize("modules", [20, 100, 1000])
def test_a_made_up_project_has_about_so_many_modules(modules: int) -> None:
    made = files(modules)
    assert modules <= len(made) <= modules + MODULES_PER_APP
    assert made == files(modules)


def test_a_made_up_project_is_python_in_every_version() -> None:
    for versions in ({}, {spot.name: 99 for spot in PLACES.spots()}):
        for text in files(40).values():
            ast.parse(rendered(text, versions))


def test_what_a_made_up_module_imports_comes_before_it() -> None:
    seen: set[str] = set()
    made = files(60)
    for app in range(3):
        for step in range(generated.STEPS_PER_APP):
            name = f"app_{app:03}.step_{step:02}"
            imported = {
                node.module
                for node in ast.walk(ast.parse(made[f"{name.replace('.', '/')}.py"]))
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app_")
            }
            assert imported <= seen
            seen.add(name)


def test_every_spot_stands_in_its_file_and_the_places_of_structure_tell_when_they_were_executed() -> None:
    made = {**files(20), **{spots.helper_file(number): spots.helper(number) for number in spots.HELPERS}}
    for spot in PLACES.spots():
        assert f"«{spot.name}»" in made[spot.file]
        assert (f'note("{spot.name}")' in made[spot.file]) == (spot.kind is Kind.STRUCTURE)


def test_memory_edits_ten_files_in_turn() -> None:
    edited = list(in_turn(PLACES.spots(), 25))
    assert len({spot.file for spot in edited[:10]}) == 10
    assert edited[10:20] == edited[:10]
    assert len(edited) == 25
