from typing import Any

import pytest

from afresh.errors import UsageError
from afresh.options.resolve import as_environment, resolve, take_flags
from afresh.options.table import ROWS, Options

NOTHING: dict[str, Any] = {}

# (flags, environment, pyproject, the value of `wait`)
PRECEDENCE = [
    ({}, {}, {}, 30.0),
    ({}, {}, {"wait": 3}, 3.0),
    ({}, {"AFRESH_WAIT": "4.5"}, {"wait": 3}, 4.5),
    ({"wait": ("5",)}, {"AFRESH_WAIT": "4.5"}, {"wait": 3}, 5.0),
    ({"wait": ("5", "6")}, {}, {}, 6.0),
    ({}, {"AFRESH_WAIT": ""}, {"wait": 3}, 3.0),
    ({}, {"AFRESH_WAIT": " 0 "}, {}, 0.0),
]


@pytest.mark.parametrize(("flags", "environ", "pyproject", "wait"), PRECEDENCE)
def test_flag_before_environment_before_pyproject_before_default(
    flags: dict[str, tuple[str, ...]], environ: dict[str, str], pyproject: dict[str, Any], wait: float
) -> None:
    assert resolve(flags, environ, pyproject).wait == wait


@pytest.mark.parametrize(
    ("flags", "environ", "pyproject", "poll"),
    [
        (["--poll"], {}, {}, True),
        (["--poll", "--no-poll"], {}, {}, False),
        (["--no-poll"], {"AFRESH_POLL": "1"}, {"poll": True}, False),
        ([], {"AFRESH_POLL": "Yes"}, {"poll": False}, True),
        ([], {"AFRESH_POLL": "off"}, {"poll": True}, False),
        ([], {}, {"poll": True}, True),
    ],
)
def test_a_switch_can_be_turned_off_as_well(
    flags: list[str], environ: dict[str, str], pyproject: dict[str, Any], poll: bool
) -> None:
    assert resolve(take_flags(flags)[0], environ, pyproject).poll is poll


@pytest.mark.parametrize(
    ("flags", "environ", "pyproject", "most"),
    [
        (["--max-fields", "7"], {}, {}, 7),
        ([], {"AFRESH_MAX_FIELDS": "8"}, {}, 8),
        ([], {}, {"max-fields": 9}, 9),
    ],
)
def test_a_whole_number(flags: list[str], environ: dict[str, str], pyproject: dict[str, Any], most: int) -> None:
    assert resolve(take_flags(flags)[0], environ, pyproject).max_fields == most


@pytest.mark.parametrize(
    ("environ", "pyproject"),
    [
        *(({"AFRESH_MAX_FIELDS": text}, {}) for text in ("0", "-1", "1.5", "many", "\u0663")),
        *(({}, {"max-fields": value}) for value in (0, 1.5, True, "7")),
    ],
)
def test_a_whole_number_that_is_none(environ: dict[str, str], pyproject: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="whole number, 1 or more"):
        resolve({}, environ, pyproject)


@pytest.mark.parametrize(
    ("flags", "environ", "pyproject", "hosts"),
    [
        (["--allow-host", "a.example", "--allow-host=.b.example"], {}, {}, ("a.example", ".b.example")),
        ([], {"AFRESH_ALLOW_HOST": "a.example, *  [::1]"}, {}, ("a.example", "*", "[::1]")),
        ([], {}, {"allow-host": ["a.example"]}, ("a.example",)),
        (["--allow-host", "c"], {"AFRESH_ALLOW_HOST": "b"}, {"allow-host": ["a"]}, ("c",)),
    ],
)
def test_hosts_are_a_list(
    flags: list[str], environ: dict[str, str], pyproject: dict[str, Any], hosts: tuple[str, ...]
) -> None:
    assert resolve(take_flags(flags)[0], environ, pyproject).allow_host == hosts


# (flags, environment, pyproject, what the message must name)
WRONG: list[tuple[list[str], dict[str, str], dict[str, Any], list[str]]] = [
    (["--wait", "soon"], {}, {}, ["--wait soon", "number of seconds"]),
    (["--wait", "-1"], {}, {}, ["--wait -1", "number of seconds"]),
    (["--wait", "nan"], {}, {}, ["--wait nan"]),
    (["--wait", "inf"], {}, {}, ["--wait inf"]),
    (["--poll-interval", "0"], {}, {}, ["--poll-interval 0", "0.001 or more"]),
    ([], {"AFRESH_DRAIN": "1m"}, {}, ["AFRESH_DRAIN=1m", "number of seconds"]),
    ([], {"AFRESH_POLL": "maybe"}, {}, ["AFRESH_POLL=maybe", "1 or 0"]),
    ([], {}, {"wait": "30"}, ["wait = '30'", "web/pyproject.toml", "number of seconds"]),
    ([], {}, {"wait": True}, ["wait = True", "number of seconds"]),
    ([], {}, {"poll": 1}, ["poll = 1", "true or false"]),
    ([], {}, {"allow-host": "a.example"}, ["allow-host", "list"]),
    ([], {}, {"allow-host": [1]}, ["allow-host", "list"]),
    (["--allow-host", "http://a.example"], {}, {}, ["http://a.example", "without scheme"]),
    (["--allow-host", "a.example:8000"], {}, {}, ["a.example:8000", "without scheme and port"]),
    ([], {}, {"stream_drain": 3}, ["stream_drain", "web/pyproject.toml"]),
]


@pytest.mark.parametrize(("flags", "environ", "pyproject", "named"), WRONG)
def test_a_value_that_cannot_be_says_where_it_stands_and_what_is_expected(
    flags: list[str], environ: dict[str, str], pyproject: dict[str, Any], named: list[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(take_flags(flags)[0], environ, pyproject, "web/pyproject.toml")
    assert [part for part in named if part not in str(caught.value)] == []
    assert caught.value.hint


@pytest.mark.parametrize(
    ("argv", "flags", "rest"),
    [
        ("8000 --nothreading", {}, "8000 --nothreading"),
        ("--wait 5 8000 --drain=6", {"wait": ("5",), "drain": ("6",)}, "8000"),
        ("-v 2 --stream-drain 1 --waiting", {"stream_drain": ("1",)}, "-v 2 --waiting"),
        ("--wait= 8000", {"wait": ("",)}, "8000"),
        ("8000 -- --wait 5 --", {}, "8000 --wait 5 --"),
    ],
)
def test_take_flags(argv: str, flags: dict[str, tuple[str, ...]], rest: str) -> None:
    assert take_flags(argv.split()) == (flags, tuple(rest.split()))


@pytest.mark.parametrize("argv", [["--wait"], ["8000", "--allow-host"], ["--poll=1"], ["--no-poll=1"]])
def test_a_flag_with_a_value_missing_or_too_many(argv: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(take_flags(argv)[0], NOTHING, NOTHING)
    assert argv[-1].partition("=")[0] in str(caught.value)


@pytest.mark.parametrize(
    "argv",
    ["--wait 5 --wait 10", "--live --no-live", "--allow-host a.example --allow-host b.example", "--editor my{file}"],
)
def test_flags_as_variables_say_the_same(argv: str) -> None:
    flags = take_flags(argv.split())[0]
    assert resolve({}, as_environment(flags), NOTHING) == resolve(flags, NOTHING, NOTHING)


def test_each_default_is_a_value_its_own_kind_accepts() -> None:
    plain = Options()._asdict()
    as_toml = {row.key: list(value) if isinstance(value := plain[row.name], tuple) else value for row in ROWS}
    assert resolve(NOTHING, NOTHING, as_toml) == Options()


def test_options_survive_being_plain() -> None:
    options = Options(wait=1.5, poll=True, allow_host=("a", "b"))
    assert Options.from_plain(options._asdict()) == options


def test_the_three_names_of_a_row() -> None:
    row = next(row for row in ROWS if row.name == "stream_drain")
    assert (row.flag, row.environment, row.key) == ("--stream-drain", "AFRESH_STREAM_DRAIN", "stream-drain")
