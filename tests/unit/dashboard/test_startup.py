"""What the times of modules add up to."""

from typing import Any

from afresh.dashboard.views.startup import modules

MS = 1_000_000


def told(*noted: list[Any]) -> dict[str, Any]:
    names = {"/shop/urls.py": "shop.urls", "/shop/views.py": "shop.views", "/py/x-packages/pandas.py": "pandas"}
    return {"modules": noted, "names": names, "project": ["/shop/urls.py", "/shop/views.py"]}


def test_time_of_its_own_depth_and_chain() -> None:
    found = modules(
        told(
            ["/shop/urls.py", 1000 * MS, 1100 * MS, -1],
            ["/shop/views.py", 1010 * MS, 1090 * MS, 0],
            ["/py/x-packages/pandas.py", 1020 * MS, 1070 * MS, 1],
        )
    )
    assert [(m.name, m.kind, m.began, m.whole, m.own, m.depth, m.chain) for m in found] == [
        ("shop.urls", "project", 0.0, 100.0, 20.0, 0, ()),
        ("shop.views", "project", 10.0, 80.0, 30.0, 1, ("shop.urls",)),
        ("pandas", "packages", 20.0, 50.0, 50.0, 2, ("shop.urls", "shop.views")),
    ]


def test_what_ran_before_the_first_module_counts_from_the_start_of_its_interpreter() -> None:
    noted = told(["/shop/urls.py", 1000 * MS, 1100 * MS, -1]) | {"began": 990 * MS}
    starts = [(100 * MS, "before Afresh"), (700 * MS, "before the first module"), (995 * MS, "another")]
    before, module = modules(noted, starts)
    assert (before.name, before.kind, before.began, before.own, before.depth) == (
        "before the first module",
        "before",
        0.0,
        300.0,
        0,
    )
    assert (module.began, module.whole) == (300.0, 100.0)


def test_one_that_never_ended_takes_no_time() -> None:
    (module,) = modules(told(["/shop/urls.py", 5 * MS, 0, -1]))
    assert (module.whole, module.own) == (0.0, 0.0)


def test_nothing_noted_is_nothing_found() -> None:
    assert modules(told()) == []
