"""Files that change as an effect of being read."""

from afresh.keeper.echoes import MOST, QUICK, Echoes


def loop(echoes: Echoes, times: int, after: float = QUICK / 2) -> list[bool]:
    """Reads followed by changes; whether pages may follow each."""
    followed = []
    for number in range(times):
        echoes.read("/p/data", 100.0 * number)
        followed.append(echoes.changed(["/p/data"], 100.0 * number + after))
    return followed


def test_a_loop_ends() -> None:
    assert loop(Echoes(), MOST + 2) == [True] * MOST + [False] * 2


def test_a_user_who_looks_before_saving_is_followed() -> None:
    assert all(loop(Echoes(), 3 * MOST, after=QUICK))


def test_another_edit_begins_a_new_count() -> None:
    echoes = Echoes()
    loop(echoes, MOST + 1)
    echoes.calm()
    assert all(loop(echoes, MOST))


def test_what_was_not_read_is_no_echo() -> None:
    echoes = Echoes()
    loop(echoes, MOST + 1)
    echoes.read("/p/data", 0.0)
    assert echoes.changed(["/p/data", "/p/other"], 0.1)
