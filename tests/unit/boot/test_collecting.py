"""The garbage collector during a start, and after it."""

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest

from afresh.boot import collecting


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[tuple[int, int, int]]:
    before, functions = gc.get_threshold(), dict(vars(gc))
    gc.set_threshold(700, 10, 5)
    yield gc.get_threshold()
    collecting._before.clear()
    vars(gc).update(functions)
    gc.set_threshold(*before)
    gc.unfreeze()


def test_afterwards_all_is_as_it_was(thresholds: tuple[int, int, int]) -> None:
    collecting.youngest_only()
    assert gc.get_threshold() != thresholds
    collecting.as_before()
    assert gc.get_threshold() == thresholds


def test_what_the_project_decides_stays(thresholds: tuple[int, int, int]) -> None:
    collecting.youngest_only()
    gc.set_threshold(5000, 20, 20)
    decided = gc.get_threshold()
    collecting.as_before()
    assert gc.get_threshold() == decided


def test_multiples_that_the_project_makes_are_those_of_what_was_there(thresholds: tuple[int, int, int]) -> None:
    collecting.youngest_only()
    _, second, third = gc.get_threshold()
    gc.set_threshold(50_000, second * 2, third * 3)
    collecting.as_before()
    assert gc.get_threshold() == (50_000, 2 * thresholds[1], 3 * thresholds[2])


def test_garbage_of_the_last_moment_is_not_kept() -> None:
    class Node:
        pass

    node = Node()
    node.self = node  # type: ignore[attr-defined]
    gone = weakref.ref(node)
    del node
    collecting.keep()
    assert gone() is None


def test_a_project_that_wants_no_collections_has_none() -> None:
    class Node:
        pass

    gc.disable()
    try:
        node = Node()
        node.self = node  # type: ignore[attr-defined]
        there = weakref.ref(node)
        del node
        collecting.keep()
        assert there() is not None
    finally:
        gc.enable()


def test_who_asks_for_objects_gets_the_frozen_ones_too() -> None:
    class Node:
        pass

    node = Node()
    holder = [node]
    collecting.youngest_only()
    questions: list[Callable[[], list[object]]] = [
        gc.get_objects,
        lambda: gc.get_objects(generation=2),
        lambda: gc.get_referrers(node),
    ]
    for ask in questions:
        collecting.keep()
        assert any(one is holder for one in ask())
