"""Who stands at a prompt, as far as it is said or can be seen, and when the terminal is put back."""

from afresh.keeper.prompts import Prompts
from afresh.keeper.terminal import Terminal

ONE, OTHER = 3, 4


class FakeTerminal(Terminal):
    """Taken while `now` holds something; counts how often it was put back."""

    now: list[str] = []
    restored: list[bool] = []

    def is_taken(self) -> bool:
        return bool(self.now)

    def restore(self) -> None:
        self.restored.append(bool(self.now))
        self.now.clear()


def make(*, is_taken: bool = False) -> tuple[Prompts, FakeTerminal]:
    terminal = FakeTerminal(0, None)
    terminal.now[:] = ["prompt"] * is_taken
    terminal.restored.clear()
    return Prompts(terminal), terminal


def test_who_says_so_stands_at_one() -> None:
    prompts, _ = make()
    prompts.told(ONE, stands=True, now=1.0)
    assert prompts.is_known(ONE)
    assert prompts.stands(ONE)
    assert not prompts.stands(OTHER)
    prompts.told(ONE, stands=False, now=2.0)
    assert not prompts.stands(ONE)


def test_a_terminal_that_is_taken_is_that_of_who_is_asked_about_unless_another_is_known() -> None:
    prompts, _ = make(is_taken=True)
    assert prompts.stands(ONE)
    assert not prompts.is_known(ONE)
    assert prompts.say_once(ONE)
    assert not prompts.say_once(ONE)
    assert prompts.stands(ONE)
    assert not prompts.stands(OTHER)
    prompts.ended(ONE, 0, served=True, others_serve=True)
    prompts.told(OTHER, stands=True, now=1.0)
    assert not prompts.stands(ONE)


def test_a_process_is_kept_at_its_prompt_and_as_long_again() -> None:
    prompts, terminal = make()
    assert not prompts.keeps(ONE, seconds=60, now=0)
    prompts.told(ONE, stands=True, now=0)
    assert prompts.keeps(ONE, seconds=60, now=1000)
    prompts.told(ONE, stands=False, now=1010)
    assert prompts.keeps(ONE, seconds=60, now=1061)
    assert not prompts.keeps(OTHER, seconds=60, now=1061)
    assert not prompts.keeps(ONE, seconds=60, now=1071)
    terminal.now.append("prompt")
    assert prompts.keeps(OTHER, seconds=60, now=2000)
    terminal.now.clear()  # it may have left the prompt a moment ago
    assert prompts.keeps(OTHER, seconds=60, now=2060)
    assert not prompts.keeps(OTHER, seconds=60, now=2120)


def test_keys_are_left_to_a_process_that_has_had_a_prompt_until_it_ends() -> None:
    prompts, _ = make()
    has_had_any = [prompts.has_had_any]
    prompts.told(ONE, stands=True, now=0)
    has_had_any.append(prompts.has_had_any)
    prompts.told(ONE, stands=False, now=1)
    has_had_any.append(prompts.has_had_any)
    prompts.ended(ONE, 0, served=True, others_serve=False)
    assert [*has_had_any, prompts.has_had_any] == [False, True, True, False]


def restored(prompts: Prompts, terminal: FakeTerminal, status: int, *, served: bool, others_serve: bool) -> bool:
    prompts.ended(ONE, status, served=served, others_serve=others_serve)
    return bool(terminal.restored)


def test_the_terminal_is_put_back_when_a_process_did_not_end_by_itself() -> None:
    assert restored(*make(is_taken=True), -9, served=True, others_serve=True)
    assert restored(*make(is_taken=True), 1, served=True, others_serve=False)
    assert restored(*make(is_taken=True), -11, served=False, others_serve=False)
    # It left its prompt in order.
    assert not restored(*make(), 0, served=True, others_serve=True)
    # A start that is given up while a server that answers may have a prompt.
    assert not restored(*make(is_taken=True), -9, served=False, others_serve=True)


def test_the_terminal_of_another_prompt_is_left_alone() -> None:
    prompts, terminal = make(is_taken=True)
    prompts.told(OTHER, stands=True, now=0)
    assert not restored(prompts, terminal, -9, served=True, others_serve=True)
    prompts, terminal = make(is_taken=True)
    prompts.say_once(OTHER)
    assert not restored(prompts, terminal, -9, served=True, others_serve=True)
