"""Schedules are drawn, replayed, and shrink to something that people can read."""

import itertools

import hypothesis
import pytest
import trio
from hypothesis import given, settings, strategies as st

from trio_sup.testing.schedule import permuted, scheduled, schedules_are_drawn
from trio_sup.testing.strategies import _PLAIN_ORDER, _beginning, _codes


def order_of(codes: list[int], tasks: int = 4, rounds: int = 1) -> list[str]:
    """In which order tasks that are ready together run."""
    order: list[str] = []

    async def walker(name: str) -> None:
        for _ in range(rounds):
            order.append(name)
            await trio.lowlevel.checkpoint()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for name in "abcdefgh"[:tasks]:
                nursery.start_soon(walker, name)

    with scheduled(codes):
        trio.run(main)
    return order


def test_this_version_of_trio_lets_its_schedules_be_drawn() -> None:
    # If this fails, Trio has moved its private names: adapt `schedule.py`. Until
    # then the harness runs without drawn schedules.
    assert schedules_are_drawn()
    assert order_of([]) == list("abcd")
    assert order_of([0, 3] * 9) != list("abcd")


def test_without_codes_tasks_run_by_age() -> None:
    assert order_of([], rounds=3) == list("abcd" * 3)


def test_every_order_of_four_tasks_has_a_code() -> None:
    found = {tuple(permuted("abcd", code)) for code in range(24)}
    assert found == set(itertools.permutations("abcd"))


def test_codes_beyond_the_number_of_permutations_are_permutations_too() -> None:
    for code in range(200):
        assert sorted(permuted("abc", code)) == list("abc")


def test_the_same_codes_give_the_same_order() -> None:
    codes = [5, 17, 0, 22]
    assert order_of(codes, rounds=4) == order_of(codes, rounds=4)


def test_the_scheduler_is_left_as_it_was() -> None:
    module = trio._core._run
    before = (module._ALLOW_DETERMINISTIC_SCHEDULING, module._r)
    with pytest.raises(ZeroDivisionError), scheduled([1]):
        raise ZeroDivisionError
    assert (module._ALLOW_DETERMINISTIC_SCHEDULING, module._r) == before


def test_a_race_shrinks_to_the_one_batch_that_matters() -> None:
    @settings(max_examples=500, database=None, verbosity=hypothesis.Verbosity.quiet)
    @given(st.lists(st.integers(0, 23), max_size=30))
    def property_(codes: list[int]) -> None:
        order = order_of(codes, tasks=3, rounds=2)
        if order[3:].index("c") == 0:
            raise AssertionError(codes)

    with pytest.raises(AssertionError) as failed:
        property_()
    codes = failed.value.args[0]
    assert [code for code in codes if code] == codes[-1:], codes


def test_the_names_of_trio_may_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING")
    assert not schedules_are_drawn()
    with scheduled([1, 2, 3]) as schedule:
        pass
    assert schedule.contested == 0


@pytest.mark.parametrize("many", [5, 9])
def test_the_oldest_of_many_is_drawn_to_run_last(many: int) -> None:
    drawn = [_codes(bytes([byte]))[0] for byte in range(256)]
    assert any(permuted(range(many), code)[-1] == 0 for code in drawn)
    assert any(permuted(range(many), code)[0] == many - 1 for code in drawn)


def test_a_schedule_may_begin_anywhere_in_a_long_run() -> None:
    begins = [_beginning(byte, 900) for byte in range(256 - _PLAIN_ORDER)]
    assert begins[0] == 0
    assert max(begins) > 850
