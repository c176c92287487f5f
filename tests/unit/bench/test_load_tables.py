"""What was measured of load and concurrency, as tables."""

from bench.concurrency import tables as concurrency_tables
from bench.load import DIRECT, PLAIN, UPLOAD, tables
from bench.peers import AFRESH, AFRESH_QUIET, RUNSERVER
from bench.table import shown


def found(page: str, rate: float, slowest: float, cost: float) -> dict[str, list[float]]:
    values = {"rate": rate, "p99": slowest, "cpu": cost, "failed": 0.0}
    return {f"{page}: {name} {count}": [value] for name, value in values.items() for count in (1, 16, 64)}


MEASURED = {
    AFRESH.name: {**found(PLAIN, 800.0, 20.0, 120.0), **found(UPLOAD, 300.0, 30.0, 900.0)},
    AFRESH_QUIET.name: found(PLAIN, 1000.0, 20.0, 110.0),
    DIRECT.name: {f"{PLAIN}: direct": [2000.0], f"{PLAIN}: cpu": [60.0]},
}


def test_a_table_for_each_page_that_was_asked_for_and_one_of_the_log() -> None:
    plain, upload, log = tables({"example": MEASURED})
    assert [row[0] for row in plain.rows] == [AFRESH.name, AFRESH_QUIET.name]
    assert [shown(cell) for cell in plain.rows[1][1:]] == [
        *("1,000", "1,000", "1,000"),
        *("0.500", "0.500"),
        *("110", "110"),
        *("20.0", "20.0", "20.0"),
        "0",
    ]
    assert len(plain.columns) == len(plain.rows[0])
    assert "2,000 requests/s, 60 µs" in plain.note
    assert upload.note == ""
    assert [shown(cell) for cell in log.rows[0]] == ["afresh", "20.0", "20.0", "20.0"]


def test_concurrency() -> None:
    one = {"slept": [1.2], "quick": [3.0], "memory": [10.0], "cpu": [0.0]}
    (table,) = concurrency_tables({"example": {AFRESH.name: one, RUNSERVER.name: {"quick": [6.0]}}})
    assert [shown(cell) for cell in table.rows[0]] == ["afresh", "1.20", "3.00", "0.500", "10.0", "0"]
    assert [shown(cell) for cell in table.rows[1]] == ["runserver", "-", "6.00", "1.00", "-", "-"]
    assert len(table.columns) == len(table.rows[0])
