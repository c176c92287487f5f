"""What was measured of reloads, as tables; and the saving of versions."""

from pathlib import Path

import pytest
from bench.peers import AFRESH, RUNSERVER
from bench.reload import COLD, chosen, tables
from bench.sites import Site
from bench.spots import NAMES, Kind, Places
from bench.table import shown

PLACES = Places(*["views.py", "models.py", "forms.py", "m.py", "t.py", "urls.py", "settings.py", "models.py"])
SITE = Site(AFRESH, "python", ("manage.py",), "", {}, PLACES.spots())

MEASURED = {
    RUNSERVER.name: {
        "view body: seconds": [1.0],
        "view body: stale": [3],
        "view body: failed": [1],
        "view body: unnoticed": [0],
        "view body: load": [0.5],
        "urls: seconds": [3.0],
        "urls: stale": [0],
        "urls: failed": [0],
        "urls: unnoticed": [0],
        "urls: load": [1.5],
    },
    AFRESH.name: {
        f"{kind}: {name}": values
        for kind, way, seconds in (("view body", "patch", 0.020), ("urls", "resume", 0.100))
        for name, values in {
            "seconds": [seconds, seconds],
            "stale": [0, 0],
            "failed": [0, 0],
            "unnoticed": [0, 0],
            "load": [0.2, 0.4],
            "way": [way, way],
            "reason": ["", ""] if way == "patch" else ["the statements of the module"] * 2,
            "own": [12, 14],
        }.items()
    },
    COLD.name: {"boot": [0.4], "first request": [0.002], "urls: follows": [0.1]},
}


def test_afresh_is_told_in_two_parts_and_a_cold_boot_is_no_peer() -> None:
    peers, _ = tables({"example": MEASURED})
    assert [row[0] for row in peers.rows] == ["runserver", "afresh, function bodies", "afresh, other edits"]
    assert [[shown(cell) for cell in row[1:4]] for row in peers.rows] == [
        ["2,000", "3,000", "1.00"],
        ["20.0", "20.0", "0.010"],
        ["100", "100", "0.050"],
    ]
    assert [row[5:] for row in peers.rows] == [[3, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert "Load average 0.2 to 1.5" in peers.note


def test_each_kind_of_edit_has_its_limit_and_its_ways() -> None:
    _, kinds = tables({"example": MEASURED})
    rows = {str(row[0]): [shown(cell) for cell in row[1:]] for row in kinds.rows}
    assert rows["view body"] == ["20.0", "20.0", "13.0", "100 times", "-", "0", "0", "0", "patch 2"]
    assert rows["urls"] == ["100", "100", "13.0", "20 times", "150", "0", "0", "0", "resume 2"]
    assert "- urls: 2 of 2 by resume: the statements of the module" in kinds.note


@pytest.mark.parametrize("peers", [{}, {RUNSERVER.name: {}, AFRESH.name: {}, COLD.name: {}}])
def test_nothing_measured_is_shown_as_nothing(peers: dict[str, dict[str, list[float]]]) -> None:
    assert all("nan" not in table.text() for table in tables({"example": peers}))


def test_all_places_but_the_helpers_are_chosen_unless_some_are_named() -> None:
    everything = [name for name in NAMES if not name.startswith("helper")]
    assert [spot.name for spot in chosen(SITE, ())] == everything
    assert [spot.name for spot in chosen(SITE, ("urls", "helper 2"))] == ["urls", "helper 2"]
    assert sum(spot.kind is Kind.BODY for spot in SITE.spots) == 5


def test_saving_one_place_leaves_the_others_in_its_file_as_they_were(tmp_path: Path) -> None:
    view, constant = (spot for spot in SITE.spots if spot.name in ("view body", "view constant"))
    site = Site(
        AFRESH, "python", (), str(tmp_path), {}, SITE.spots, {"views.py": "A = «view body»\nB_«view constant» = 0\n"}
    )
    assert (site.save(view), site.save(constant), site.save(view)) == (2, 2, 3)
    assert (tmp_path / "views.py").read_text() == "A = 3\nB_2 = 0\n"
    assert (site.version(view), site.version(constant)) == (3, 2)
