"""Histories of calls are explained by a specification, or the fewest calls are shown."""

import itertools
import math
from typing import Any

import pytest
import trio
from hypothesis import given, settings, strategies as st

from trio_sup import GenServer, call, child, supervisor
from trio_sup.testing import (
    Crash,
    History,
    NotLinearizable,
    Operation,
    SupervisionViolation,
    World,
    check_history,
    check_supervision,
    linearizable,
    replay,
    run_virtual,
)


class Register:
    """A number that is 0 at first."""

    def __init__(self) -> None:
        self.number = 0

    def get(self) -> int:
        return self.number

    def put(self, number: int) -> None:
        self.number = number

    def swap(self, number: int) -> int:
        self.number, before = number, self.number
        return before

    def fail(self) -> None:
        raise KeyError


class Registers:
    """Many of them, by their names."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def get(self, name: str) -> int:
        return self.numbers.get(name, 0)

    def put(self, name: str, number: int) -> None:
        self.numbers[name] = number

    @staticmethod
    def key(operation: str, name: str, *_: object) -> str:
        return name


def op(text: str, called: float, returned: float = math.inf, answer: Any = None) -> Any:
    name, *args = text.split()
    return Operation(
        client=f"c{int(called)}",
        name=name,
        args=tuple(int(arg) if arg.isdigit() else arg for arg in args),
        called=called,
        returned=returned,
        result=answer,
    )


EXPLAINED = [
    [op("put 1", 1, 4), op("get", 2, 3, 0), op("get", 5, 6, 1)],
    [op("put 1", 1, 4), op("get", 2, 3, 1)],
    [op("put 1", 1), op("get", 2, 3, 0), op("get", 4, 5, 1)],  # it may still happen
    [op("put 1", 1), op("get", 2, 3, 0), op("get", 4, 5, 0)],  # or never
    [op("swap 1", 1, 9, 2), op("swap 2", 2, 8, 0)],
]
UNEXPLAINED = [
    [op("put 1", 1, 2), op("get", 3, 4, 0)],
    [op("put 1", 1, 6), op("get", 2, 3, 1), op("get", 4, 5, 0)],
    [op("swap 1", 1, 9, 2), op("swap 2", 2, 8, 1)],
    [op("put 1", 1), op("get", 2, 3, 1), op("get", 4, 5, 0)],
]


@pytest.mark.parametrize("history", EXPLAINED)
def test_an_order_that_agrees_with_time_explains_it(history: Any) -> None:
    check_history(history, Register)


@pytest.mark.parametrize("history", UNEXPLAINED)
def test_no_order_explains_it(history: Any) -> None:
    with pytest.raises(NotLinearizable):
        check_history(history, Register)


def test_errors_are_answers() -> None:
    failed = Operation(client="a", name="fail", called=1, returned=2, error="KeyError")
    check_history([failed], Register)
    with pytest.raises(NotLinearizable, match="raises KeyError"):
        check_history([op("fail", 1, 2)], Register)


def test_the_fewest_calls_are_shown() -> None:
    history = [
        op("get", 0.5, 0.6, 0),
        op("put 1", 1, 2),
        op("put 2", 3, 4),
        op("get", 5, 7, 2),
        op("get", 6, 8, 1),
        op("put 3", 9, 10),
    ]
    with pytest.raises(NotLinearizable) as found:
        check_history(history, Register)
    assert str(found.value).splitlines() == [
        "no order of these calls explains their answers, by Register:",
        "    c1  put(1)  |-|            None",
        "    c3  put(2)      |-|        None",
        "    c6  get()           |-|    1 <- this",
        "    get() could give 2 there",
        "    2 more calls do not help, whatever they did",
    ]


def test_calls_about_different_keys_are_told_apart() -> None:
    history = [op("put a 1", 1, 2), op("put b 2", 3, 4), op("get a", 5, 6, 0)]
    with pytest.raises(NotLinearizable) as found:
        check_history(history, Registers)
    assert "'b'" not in str(found.value)


def test_many_calls_at_once_by_key_are_searched_fast() -> None:
    history = [
        op(f"put {key} {number}", 1, 100)
        for key, number in itertools.product("abcdefgh", range(5))
    ]
    history += [op(f"get {key}", 101, 102, 4) for key in "abcdefgh"]
    check_history(history, Registers)


def test_a_specification_must_know_each_call() -> None:
    with pytest.raises(TypeError, match="Register has no method 'push'"):
        check_history([op("push 1", 1, 2)], Register)


def by_all_orders(history: list[Operation]) -> bool:
    """The same question, answered by trying every order of every choice."""
    sure = [each for each in history if each.answered]
    perhaps = [each for each in history if not each.answered]
    for count in range(len(perhaps) + 1):
        for some in itertools.combinations(perhaps, count):
            for order in itertools.permutations([*sure, *some]):
                late = [
                    (one, other)
                    for one, other in itertools.combinations(order, 2)
                    if other.returned < one.called
                ]
                state = Register()
                if not late and all(
                    getattr(state, each.name)(*each.args) == each.result
                    or not each.answered
                    for each in order
                ):
                    return True
    return False


_CALL = st.tuples(
    st.sampled_from(("get", "put 1", "put 2", "swap 3")),
    st.integers(0, 6),
    st.integers(1, 4),
    st.integers(0, 3),
    st.booleans(),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(_CALL, max_size=4))
def test_the_search_agrees_with_trying_all_orders(drawn: Any) -> None:
    history = [
        op(
            text,
            begin + number / 10,
            begin + length + number / 10 + 0.05 if answered else math.inf,
            None if text.startswith("put") else answer,
        )
        for number, (text, begin, length, answer, answered) in enumerate(drawn)
    ]
    explained = True
    try:
        check_history(history, Register)
    except NotLinearizable:
        explained = False
    assert explained == by_all_orders(history)


# Servers.


class Store(GenServer):
    def __init__(self) -> None:
        self.number = 0

    @call
    async def get(self) -> int:
        return self.number

    @call
    async def put(self, number: int) -> None:
        self.number = number


class Forgetful(Store):
    """Answers before it has written."""

    @call
    async def put(self, number: int) -> None:
        self.later(number)

    def later(self, number: int) -> None:
        self.number, self.next = getattr(self, "next", 0), number


async def clients(world: World) -> None:
    async def one(first: int) -> None:
        await trio.sleep(first / 40)
        store = world.history.of(world.root.server(Store, "store").when_running())
        for number in range(first, first + 3):
            await store.call(Store.put, number)
            await trio.sleep(1)
            await store.call(Store.get)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(one, 10)
        nursery.start_soon(one, 20)


def sound() -> Any:
    return supervisor([child(Store, id="store")], id="app")


def forgetful() -> Any:
    return supervisor([child(Forgetful, id="store")], id="app")


def test_a_server_that_crashes_is_explained_by_what_a_restart_leaves() -> None:
    demands = [linearizable(Register, "app/store")]
    report = check_supervision(
        sound, client=clients, invariants=demands, max_examples=40, derandomize=True
    )
    assert report.examples >= 40


def test_a_restart_explains_nothing_if_it_is_said_to_lose_nothing() -> None:
    script = [Crash("app/store", at=0.9)]
    with pytest.raises(SupervisionViolation, match="could give 20 there"):
        replay(sound, script, client=clients, invariants=[linearizable(Register)])


def test_a_server_that_forgets_is_found_and_the_program_repeats_it() -> None:
    demands = [linearizable(Register, "app/store")]
    with pytest.raises(SupervisionViolation) as found:
        check_supervision(
            forgetful, client=clients, invariants=demands, max_examples=20
        )
    assert "linearizable(Register, 'app/store')" in found.value.program
    assert "no order of these calls explains" in str(found.value)


def test_calls_without_an_answer_may_have_happened() -> None:
    history = History()

    async def slow(number: int) -> None:
        await trio.sleep(number)
        raise trio.TooSlowError

    async def main() -> None:
        with pytest.raises(trio.TooSlowError):
            await history.call(slow, 1)

    run_virtual(main)
    assert [(each.text, each.answer) for each in history.operations] == [
        ("slow(1)", "no answer")
    ]
